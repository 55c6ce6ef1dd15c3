"""When an event counts as known to the public."""

import numpy as np
from numpy.typing import NDArray

ASSUMED_LEAD_DAYS = 90
"""Days before its start from which an event without a time of publication counts as known."""


def known_from(
    published: NDArray[np.datetime64], starts: NDArray[np.datetime64]
) -> NDArray[np.datetime64]:
    """The publication or, where none is given, :data:`ASSUMED_LEAD_DAYS` before the start.

    Parameters
    ----------
    published, starts
        ``datetime64[us]``, UTC, same shape; NaT where not given.

    Returns
    -------
    ``datetime64[us]``, of that shape; NaT where neither is given.
    """
    assumed = starts - np.timedelta64(ASSUMED_LEAD_DAYS, "D")
    return np.asarray(np.where(np.isnat(published), assumed, published))
