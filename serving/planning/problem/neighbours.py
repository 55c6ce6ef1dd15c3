"""Streets within reach of each other."""

import numpy as np
from numpy.typing import NDArray

from features.demand.streets import Streets
from recommender.geography import great_circle_m


def near_streets(streets: Streets, planned: list[str], metres: float) -> NDArray[np.bool_]:
    """Whether two planned streets lie within a distance; unknown places are near none.

    Parameters
    ----------
    streets
        All streets.
    planned
        Codes of those planned.
    metres
        The distance.

    Returns
    -------
    Shape (S, S), symmetric, false on the diagonal.
    """
    rows = streets.streets.positions(planned)
    lat, lon = streets.lat[rows], streets.lon[rows]
    near = great_circle_m(lat[:, None], lon[:, None], lat, lon) <= metres
    np.fill_diagonal(near, val=False)
    return np.asarray(near, dtype=np.bool_)
