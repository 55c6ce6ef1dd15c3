"""How far people live from events, and how far they travel."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.ranking.eligibility import Frames, rows_of
from recommender.geography import great_circle_m
from recommender.ranking.lists.facts import EventFacts

LEAST_REACH_M = 10_000.0
"""Nobody's reach is set below this; farther where bookings show that people travel farther."""


def home_points(areas: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude of every area; an area without a point takes its parent's."""
    lat = areas["lat"].to_numpy(dtype=np.float64, copy=True)
    lon = areas["lon"].to_numpy(dtype=np.float64, copy=True)
    parent = rows_of(areas["parent_code"], areas["area_code"])
    for _ in range(3):  # neighbourhood → street → district → city
        missing = np.isnan(lat) & (parent >= 0)
        lat[missing], lon[missing] = lat[parent[missing]], lon[parent[missing]]
    return lat, lon


def distances_m(areas: pd.DataFrame, events: EventFacts) -> NDArray[np.float32]:
    """Distance of every area to every event, with a last row of NaN for an unknown home.

    Parameters
    ----------
    areas
        The areas table.
    events
        Facts with the coordinates of the venues, in degrees; NaN where unknown.

    Returns
    -------
    Metres, shape (n_areas + 1, n_events), float32.
    """
    lat, lon = home_points(areas)
    known = great_circle_m(lat[:, None], lon[:, None], events.lat, events.lon)
    nowhere = np.full((1, len(events)), np.nan)
    return np.concatenate([known, nowhere]).astype(np.float32)


def usual_reach_m(tables: Frames, *, sample: int = 200_000) -> float:
    """How far people of these tables travel: what 99.5 % of bookings stay within, in full 100 m.

    Never below :data:`LEAST_REACH_M`; the most recent ``sample`` bookings are looked at.

    Parameters
    ----------
    tables
        ``bookings``, ``residents``, ``areas``, ``events`` and ``venues`` are read.
    sample
        How many of the most recent bookings are used.

    Returns
    -------
    Metres, at least :data:`LEAST_REACH_M`; infinity where no distance is known.
    """
    bookings = tables["bookings"].iloc[-sample:]
    areas, events, venues = tables["areas"], tables["events"], tables["venues"]
    resident = rows_of(bookings["resident_id"], tables["residents"]["resident_id"])
    event = rows_of(bookings["event_id"], events["event_id"])
    known = (resident >= 0) & (event >= 0)
    lat, lon = home_points(areas)
    lat, lon = np.append(lat, np.nan), np.append(lon, np.nan)
    home = rows_of(tables["residents"]["area_code"], areas["area_code"])[resident[known]]
    venue = rows_of(events["venue_id"], venues["venue_id"])[event[known]]
    metres = great_circle_m(
        lat[home],
        lon[home],
        np.append(venues["lat"].to_numpy(dtype=np.float64), np.nan)[venue],
        np.append(venues["lon"].to_numpy(dtype=np.float64), np.nan)[venue],
    )
    metres = metres[~np.isnan(metres)]
    if len(metres) == 0:
        return np.inf
    return max(LEAST_REACH_M, float(np.ceil(np.quantile(metres, 0.995) / 100) * 100))
