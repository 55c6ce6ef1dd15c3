"""Distances on the earth."""

import numpy as np
from numpy.typing import NDArray

EARTH_M = 6_371_008.8
"""Mean radius of the earth, metres (IUGG)."""


def great_circle_m(
    lat: NDArray[np.floating],
    lon: NDArray[np.floating],
    other_lat: NDArray[np.floating],
    other_lon: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Great-circle distance by the haversine formula.

    Parameters
    ----------
    lat, lon
        Points, degrees WGS-84.
    other_lat, other_lon
        Points that broadcast with them.

    Returns
    -------
    Metres, float64; NaN where a coordinate is NaN.
    """
    a, b = (np.radians(np.asarray(one, dtype=np.float64)) for one in (lat, other_lat))
    across = np.radians(np.asarray(other_lon, dtype=np.float64) - np.asarray(lon, np.float64))
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))
