"""Who follows what, as arrays: found by a resident's position."""

import numpy as np
import pandas as pd

from recommender.types import IdMap


class Follows:
    """What each resident follows.

    Parameters
    ----------
    table
        The follows table, canonical.
    residents
        Whose positions are asked for.
    """

    def __init__(self, table: pd.DataFrame, residents: IdMap) -> None:
        who = residents.positions(table["resident_id"], missing=-1)
        kept = np.flatnonzero(who >= 0)
        kept = kept[np.argsort(who[kept], kind="stable")]
        self._from = np.searchsorted(who[kept], np.arange(len(residents) + 1)).astype(np.int64)
        self._kind = table["target_kind"].astype("str").to_numpy(dtype=np.str_)[kept]
        self._target = table["target"].to_numpy(dtype=np.str_)[kept]

    def of(self, resident: int) -> list[tuple[str, str]]:
        """Kind and name of what a resident follows; nobody (-1) follows nothing."""
        if resident < 0:
            return []
        own = slice(int(self._from[resident]), int(self._from[resident + 1]))
        return list(zip(self._kind[own].tolist(), self._target[own].tolist(), strict=True))
