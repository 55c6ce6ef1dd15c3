"""Areas, residents and population as arrays by street and age band."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.types import IdMap

AGE_BANDS = ("0-13", "14-17", "18-34", "35-59", "60-69", "70+", "unknown")
"""Bands of the contract, and where the age is not known."""

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Streets:
    """The streets of a data set and who lives there.

    Attributes
    ----------
    streets
        Street codes; where a data set names no streets, the areas its residents live in.
    names
        Their names, by position.
    area_street
        Street position of every area code, -1 where it belongs to none.
    population
        People by street and age band, shape (streets, bands), float64.
    population_known
        False where a street's row is only the number of registered residents.
    workers
        People working there, shape (streets,), NaN where unknown.
    lat, lon
        Degrees WGS-84, shape (streets,), NaN where unknown.
    """

    streets: IdMap
    names: tuple[str, ...]
    area_street: dict[str, int]
    population: NDArray[np.float64]
    population_known: NDArray[np.bool_]
    workers: NDArray[np.float64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StreetResidents:
    """Every resident by position.

    Attributes
    ----------
    residents
        Identifiers.
    street, band
        Positions, shape (residents,); street -1 where the home is unknown.
    joined
        Nanoseconds-free datetime64[us]; NaT where unknown, which reads as "always there".
    """

    residents: IdMap
    street: NDArray[np.intp]
    band: NDArray[np.intp]
    joined: NDArray[np.datetime64]


def read_streets(tables: Tables) -> Streets:
    """Streets, their population and points from ``areas``, ``population`` and ``residents``."""
    areas = tables["areas"]
    codes = areas["area_code"].to_numpy(dtype=object)
    level = areas["level"].astype(str).to_numpy(dtype=object)
    parent = areas["parent_code"].to_numpy(dtype=object)
    home = set(tables["residents"]["area_code"].dropna())
    chosen = codes[level == "street"]
    if len(chosen) == 0:
        chosen = np.array([code for code in codes if code in home], dtype=object)
    if len(chosen) == 0:
        chosen = codes
    streets = IdMap(dict.fromkeys(str(code) for code in chosen))
    up = {str(code): str(above) for code, above in zip(codes, parent, strict=True) if _given(above)}
    area_street = {str(code): _climb(str(code), up, streets) for code in codes}
    population, known = _population(tables, streets, area_street)
    by_code = areas.drop_duplicates("area_code").set_index("area_code").reindex(list(streets.ids))
    return Streets(
        streets=streets,
        names=tuple(by_code["name"].fillna("").astype(str)),
        area_street=area_street,
        population=population,
        population_known=known,
        workers=np.asarray(by_code["workers"].astype("float64"), dtype=np.float64),
        lat=by_code["lat"].to_numpy(dtype=float),
        lon=by_code["lon"].to_numpy(dtype=float),
    )


def read_residents(tables: Tables, streets: Streets) -> StreetResidents:
    """Home street, age band and joining time of every resident.

    Parameters
    ----------
    tables
        The contract's tables.
    streets
        The streets and which area lies in which.

    Returns
    -------
    One entry a resident; street -1 where unknown.
    """
    frame = tables["residents"]
    street = _positions(frame["area_code"], streets.area_street)
    return StreetResidents(
        residents=IdMap(frame["resident_id"].astype(str)),
        street=street,
        band=_bands(frame["age_band"]),
        joined=frame["joined_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]"),
    )


def members(
    residents: StreetResidents, n_streets: int, moment: np.datetime64 | None = None
) -> NDArray[np.float64]:
    """Residents known by ``moment`` (by default ever), shape (streets, bands).

    Parameters
    ----------
    residents
        Residents with their streets, age bands and joining times.
    n_streets
        Number of streets.
    moment
        Who joined later is not counted.

    Returns
    -------
    Counts; residents without a street are left out.
    """
    used = residents.street >= 0
    if moment is not None:
        joined = residents.joined
        used &= np.isnat(joined) | (joined <= moment)
    flat = residents.street[used] * len(AGE_BANDS) + residents.band[used]
    counted = np.bincount(flat, minlength=n_streets * len(AGE_BANDS))
    return counted.reshape(n_streets, len(AGE_BANDS)).astype(float)


def _given(value: object) -> bool:
    return value is not None and value is not pd.NA and value == value and value != ""


def _climb(code: str, up: Mapping[str, str], streets: IdMap) -> int:
    seen = 0
    while code not in streets and code in up and seen < 8:
        code, seen = up[code], seen + 1
    return streets.position(code) if code in streets else -1


def _positions(column: pd.Series, table: Mapping[str, int]) -> NDArray[np.intp]:
    mapped = column.map(table, na_action="ignore")
    return pd.to_numeric(mapped).fillna(-1).to_numpy(dtype=np.intp)


def _bands(column: pd.Series) -> NDArray[np.intp]:
    codes = pd.Index(AGE_BANDS).get_indexer(pd.Index(column.astype(object)))
    return np.where(codes < 0, len(AGE_BANDS) - 1, codes).astype(np.intp)


def _population(
    tables: Tables, streets: IdMap, area_street: Mapping[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """People by street and band: the population table, else the areas' totals, else residents."""
    table = tables["population"]
    shape = (len(streets), len(AGE_BANDS))
    people = np.zeros(shape)
    street = _positions(table["area_code"], area_street)
    # A street's own rows win over those of its neighbourhoods, or it would count twice.
    own = table["area_code"].isin(streets.ids).to_numpy()
    has_own = np.zeros(len(streets), dtype=bool)
    has_own[street[own]] = True
    used = (street >= 0) & (own | ~has_own[street])
    count = table["people"].astype("float64").fillna(0.0).to_numpy()
    np.add.at(people, (street[used], _bands(table["age_band"])[used]), count[used])
    known = people.sum(axis=1) > 0

    frame = tables["residents"]
    seen = np.zeros(shape)
    home = _positions(frame["area_code"], area_street)
    np.add.at(seen, (home[home >= 0], _bands(frame["age_band"])[home >= 0]), 1.0)
    totals = np.zeros(len(streets))
    areas = tables["areas"]
    position = _positions(areas["area_code"], area_street)
    listed = areas["population"].astype("float64").fillna(0.0).to_numpy()
    is_street = areas["area_code"].isin(streets.ids).to_numpy()
    np.add.at(totals, position[is_street & (position >= 0)], listed[is_street & (position >= 0)])
    below = ~is_street & (position >= 0)
    inside = np.zeros(len(streets))
    np.add.at(inside, position[below], listed[below])
    totals = np.where(totals > 0, totals, inside)

    mix = people[known].sum(axis=0) if known.any() else seen.sum(axis=0)
    for index in (~known).nonzero()[0]:
        if totals[index] > 0:
            share = mix / mix.sum() if mix.sum() > 0 else np.eye(len(AGE_BANDS))[-1]
            people[index] = totals[index] * share
        else:
            people[index] = seen[index]
    return people, known | (totals > 0)
