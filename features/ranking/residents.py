"""Residents and the streets they live in, as arrays."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.types import IdMap

UNDER_14, TEENAGE = 0, 1
"""Positions of the first two age bands of the contract."""


def streets_of(areas: pd.DataFrame) -> dict[str, str]:
    """The street that each area lies in: itself, the nearest ancestor that is one, or itself.

    Areas above street level stand for themselves, so that sets which only know districts
    (or arrondissements) keep what they have.
    """
    level = dict(zip(areas["area_code"], areas["level"].astype(str), strict=True))
    parent = dict(zip(areas["area_code"], areas["parent_code"], strict=True))
    found = {}
    for code in level:
        at, seen = code, set()
        while isinstance(at, str) and at in level and level[at] != "street" and at not in seen:
            seen.add(at)
            at = parent.get(at)
        found[code] = at if isinstance(at, str) and level.get(at) == "street" else code
    return found


def points_of(areas: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Latitude and longitude by area code, where both are there."""
    there = areas.dropna(subset=["lat", "lon"])
    return {
        code: (lat, lon)
        for code, lat, lon in zip(there["area_code"], there["lat"], there["lon"], strict=True)
    }


def lookup_points(
    codes: pd.Series, points: Mapping[str, tuple[float, float]]
) -> NDArray[np.float32]:
    """Points of areas, shape (n, 2), NaN where an area or its point is missing.

    Parameters
    ----------
    codes
        Area codes, shape (n,).
    points
        Latitude and longitude in degrees by area code.

    Returns
    -------
    Latitude and longitude in degrees, shape (n, 2), float32.
    """
    table = pd.DataFrame.from_dict(dict(points), orient="index", columns=["lat", "lon"])
    return table.reindex(codes.to_numpy()).to_numpy(dtype=np.float32).reshape(-1, 2)


def street_positions(
    codes: pd.Series, streets: Mapping[str, str], known: IdMap
) -> NDArray[np.int32]:
    """Positions of the areas' streets in ``known``, -1 where there is none.

    Parameters
    ----------
    codes
        Area codes, shape (n,).
    streets
        Street code by area code.
    known
        Identifiers of the streets.

    Returns
    -------
    Positions, shape (n,), int32.
    """
    position = {code: known.position(street) for code, street in streets.items() if street in known}
    return np.asarray(codes.map(position).fillna(-1), dtype=np.int32)


def profiled(residents: pd.DataFrame) -> NDArray[np.bool_]:
    """Who may be profiled: with recorded consent, nobody under 14, 14-17 with guardian consent.

    A missing ``personalised`` or ``guardian_consent`` counts as consent not given.
    """
    age = residents["age_band"].cat.codes.to_numpy()
    wanted = residents["personalised"].fillna(False).to_numpy(dtype=bool)
    consent = residents["guardian_consent"].fillna(False).to_numpy(dtype=bool)
    allowed = (age != UNDER_14) & ((age != TEENAGE) | consent)
    return np.asarray(wanted & allowed)
