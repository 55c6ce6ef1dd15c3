"""How many sessions: what is usual, what a street may grow to, what it must get."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone, period_bounds
from features.demand.streets import Streets
from serving.messages.catalogue import text
from serving.planning.problem.history import StandingSupply, venue_streets
from serving.planning.rules import PlanRules


@dataclass(frozen=True, slots=True)
class UsualVolume:
    """How much was held in the year before a period.

    Attributes
    ----------
    sessions
        Of a usual period of that length in each planned street, shape (S,).
    busiest_month
        Most sessions that a venue ever held in a month, by venue.
    """

    sessions: NDArray[np.float64]
    busiest_month: Mapping[str, int]


def read_volume(
    dataset: Dataset, streets: Streets, planned: list[str], period: str, *, as_of: datetime
) -> UsualVolume:
    """Count the sessions that were held.

    Parameters
    ----------
    dataset
        The tables.
    streets, planned
        All streets, and the codes of those that are planned, in the problem's order.
    period
        The period to plan.
    as_of
        When it is planned; later sessions are not history.

    Returns
    -------
    Zeros where nothing is known.
    """
    start, end = (pd.Timestamp(moment) for moment in period_bounds(period))
    until = min(start, pd.Timestamp(as_of))
    events = dataset["events"]
    held = events[(events["starts_at"] < until) & (events["status"].astype(str) != "cancelled")]
    months = held["starts_at"].dt.tz_convert(district_zone()).dt.strftime("%Y-%m")
    counts = held.groupby([held["venue_id"].astype(object), months]).size()
    busiest = counts.groupby(level=0).max() if len(counts) else counts
    recent = held[held["starts_at"] >= until - pd.Timedelta(days=365)]
    sessions = np.zeros(len(planned))
    if len(recent):
        known = max((until - recent["starts_at"].min()) / (end - start), 1.0)
        street_of_venue = venue_streets(dataset, streets, planned)
        found = recent["venue_id"].astype(object).map(street_of_venue).dropna().astype(int)
        sessions += np.bincount(found, minlength=len(planned)) / known
    return UsualVolume(sessions, {str(venue): int(n) for venue, n in busiest.items()})


_FEW = 3
"""Sessions of one product in a street where the catalogue is small, by default."""


def sessions_per_product(
    rules: PlanRules, allowed: NDArray[np.bool_], volume: UsualVolume
) -> tuple[int, tuple[str, ...]]:
    """Most sessions of one product in a street; the default yields to a small catalogue.

    Parameters
    ----------
    rules
        The officer's rules.
    allowed
        Whether a product may be held in a street, shape (S, P).
    volume
        What is usual.

    Returns
    -------
    The number, and what to say where the default yielded.
    """
    most: int = rules.plan.sessions_per_product
    usual = float(volume.sessions.max(initial=0.0))
    products = int(allowed.any(axis=0).sum())
    if "plan.sessions_per_product" in rules.given or products >= 2 * usual > 0:
        return most, ()
    said = text("plan.few_products", "zh", products=products, sessions=usual, most=_FEW)
    return max(most, _FEW), (said,) if usual > 0 else ()


def most_sessions(
    rules: PlanRules,
    volume: UsualVolume,
    standing: StandingSupply,
    floors: NDArray[np.int64],
    residents: NDArray[np.float64],
) -> NDArray[np.int64] | None:
    """What a street may grow to, less what stands already.

    Parameters
    ----------
    rules
        The officer's rules.
    volume, standing
        What is usual, and what stands in the period.
    floors
        Sessions that it must get, shape (S,): growth never forbids them.
    residents
        People, shape (S,).

    Returns
    -------
    Shape (S,); ``None`` without any history.
    """
    total = volume.sessions.sum()
    if total == 0:
        return None
    # A street with little history may come to half of what its people would have elsewhere.
    fair = 0.5 * total * residents / residents.sum()
    usual = np.maximum(volume.sessions, fair)
    most = np.ceil(rules.plan.growth_max * usual).astype(np.int64) - standing.sessions.sum(axis=1)
    return np.asarray(np.maximum(np.maximum(most, floors), 0), dtype=np.int64)


def floors_of(
    dataset: Dataset, streets: Streets, planned: list[str], rules: PlanRules
) -> NDArray[np.int64]:
    """Sessions a street gets at least: its own floor, or what its committees are due.

    Parameters
    ----------
    dataset, streets
        The tables, and all streets.
    planned
        Codes of the streets that are planned, in the problem's order.
    rules
        The officer's rules.

    Returns
    -------
    Shape (S,).
    """
    areas = dataset["areas"]
    committees = areas.loc[areas["level"].astype(str) == "neighbourhood", "area_code"]
    counts = np.zeros(len(streets.streets))
    for code in committees:
        street = streets.area_street.get(str(code), -1)
        if street >= 0:
            counts[street] += 1
    due = np.ceil(counts[streets.streets.positions(planned)] * rules.floor.sessions_per_committee)
    least: int = rules.floor.sessions_per_street
    return np.asarray(np.maximum(due, least), dtype=np.int64)
