"""What a plan is read beside: the same quarter last year, each buyer's share, who it is for."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone, period_bounds
from features.demand.streets import AGE_BANDS
from recommender.demand.disclosure import MIN_RESIDENTS, disclosed_counts
from recommender.procurement.intervals import total_interval
from recommender.procurement.plan import ProcurementPlan
from recommender.procurement.problem import ProcurementProblem
from serving.planning.problem.building import Planning
from serving.planning.problem.history import venue_streets

LAST_YEAR = ("street_code", "category", "sessions", "amount_fen", "attendances")
"""Columns of :func:`last_year_of`."""

_BANDS = {
    "children": ("0-13",),
    "youth": ("14-17", "18-34"),
    "adult": ("35-59",),
    "senior": ("60-69", "70+"),
}
"""Age bands that an audience group is about; other groups are about no age."""


def last_year_of(dataset: Dataset, planning: Planning) -> pd.DataFrame:
    """What was held, paid and attended in the same period a year before, by street and category.

    Parameters
    ----------
    dataset
        The tables.
    planning
        The planned streets and the period.

    Returns
    -------
    Columns :data:`LAST_YEAR`: sessions held, money ordered in fen, and people who came as they
    were counted, or by bookings attended; a multiple of five, missing where these were fewer than
    ten residents.
    """
    period = planning.problem.period
    before = f"{int(period[:4]) - 1}{period[4:]}"
    start, end = (pd.Timestamp(moment) for moment in period_bounds(before))
    streets = list(planning.problem.streets.ids)
    street_of = venue_streets(dataset, planning.streets, streets)
    category = dataset["products"].set_index("product_id")["category"].astype(str)

    def placed(frame: pd.DataFrame) -> pd.DataFrame:
        found = frame["venue_id"].astype(object).map(street_of)
        kept = frame[found.notna()].assign(
            street_code=[streets[int(at)] for at in found.dropna()],
            category=frame.loc[found.notna(), "product_id"].astype(object).map(category),
        )
        return kept[kept["category"].notna()]

    events = dataset["events"]
    held = placed(
        events[
            (events["starts_at"] >= start)
            & (events["starts_at"] < end)
            & (events["status"].astype(str) != "cancelled")
        ]
    )
    people, who = _came(dataset, held["event_id"])
    event = held["event_id"].astype(object)
    held = held.assign(came=event.map(people), who=event.map(who))
    orders = dataset["orders"]
    day = pd.to_datetime(orders["scheduled_on"])
    if day.dt.tz is None:
        day = day.dt.tz_localize(district_zone())
    ordered = placed(
        orders[
            (day >= start)
            & (day < end)
            & ~orders["status"].astype(str).isin(["proposed", "rejected"])
        ]
    )
    keys = ["street_code", "category"]
    made = pd.concat(
        [
            held.groupby(keys)["event_id"].size().rename("sessions"),
            ordered.groupby(keys)["amount_fen"].sum().rename("amount_fen"),
            held.groupby(keys)["came"].sum(min_count=1).rename("attendances"),
            held.groupby(keys)["who"].apply(_distinct).rename("residents"),
        ],
        axis=1,
    ).reset_index(names=keys)
    for name in ("sessions", "amount_fen"):
        made[name] = made[name].fillna(0).astype("int64")
    shown = disclosed_counts(made["attendances"].astype("float64"), made["residents"].fillna(0))
    made["attendances"] = pd.array(shown, dtype="Float64").astype("Int64")
    return made[list(LAST_YEAR)].sort_values(keys, ignore_index=True)


def _came(
    dataset: Dataset, events: "pd.Series[Any]"
) -> tuple[dict[str, float], dict[str, frozenset[str]]]:
    """Who came to each event: people counted at the door, else bookings attended.

    People and residents by event; whoever was counted at the door counts as another resident each,
    and has no name.
    """
    bookings = dataset["bookings"]
    own = bookings[
        bookings["event_id"].isin(events) & (bookings["status"].astype(str) == "attended")
    ]
    by_event = own.groupby(own["event_id"].astype(object))
    seats = by_event["seats"].sum().astype("float64")
    people = {str(event): float(count) for event, count in seats.items()}
    who = {str(event): frozenset(names) for event, names in by_event["resident_id"]}
    if "attendance" in dataset:  # data of earlier releases have no such table
        counted = dataset["attendance"]
        counted = counted[counted["event_id"].isin(events)]
        for event, count in zip(counted["event_id"].astype(str), counted["people"], strict=True):
            people[event] = float(count)
            who[event] = frozenset(f"{event} {n}" for n in range(min(int(count), MIN_RESIDENTS)))
    return people, who


def _distinct(groups: "pd.Series[Any]") -> int:
    """Residents in any of several groups."""
    return len(frozenset().union(*groups.dropna()))


def by_buyer(
    planning: Planning,
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    frame: pd.DataFrame,
    categories: NDArray[np.intp],
) -> dict[str, dict[str, Any]]:
    """Every buyer's name, budget and the 80 % interval of its lines' attendances.

    Parameters
    ----------
    planning, problem, plan
        What was planned, as it was finally posed, and the plan.
    frame
        Its lines.
    categories
        Category of each product, shape (P,).

    Returns
    -------
    By buyer's code: ``name``, ``budget_fen``, ``low``, ``high`` (people).
    """
    found: dict[str, dict[str, Any]] = {}
    for b, code in enumerate(problem.buyers.ids):
        low, high = total_interval(problem, plan.sessions[b], categories)
        alone = float(plan.sessions[b].sum())
        expected = float(frame.loc[frame["buyer_code"] == code, "expected"].sum())
        # Beside other buyers' sessions in the same streets the lines hold their part only.
        found[code] = {
            "name": planning.buyers.names[b],
            "budget_fen": int(problem.budget_fen[b]),
            "low": round(min(low, expected)) if alone else 0,
            "high": round(max(high, expected)) if alone else 0,
        }
    return found


def category_positions(planning: Planning) -> NDArray[np.intp]:
    """Position of each product's category, shape (P,)."""
    codes, _ = pd.factorize(planning.products["category"].astype(str))
    return np.asarray(codes, dtype=np.intp)


def of_streets(planning: Planning, problem: ProcurementProblem) -> dict[str, dict[str, Any]]:
    """What is known of every planned street, for shares of any of them together.

    Parameters
    ----------
    planning, problem
        What was planned, and as it was finally posed.

    Returns
    -------
    By street: ``people``, ``wants`` (by category, shares of what it would visit; empty: not
    known), ``audiences`` (the same by audience group) and ``ages`` (by audience group that is
    about an age, shares; empty: not known).
    """
    names = planning.products["category"].astype(str).to_numpy()
    known = [] if problem.competition is None else np.unique(problem.category).tolist()
    at = {names[problem.category == c][0]: c for c in known}
    found = {}
    audiences = _wanted_audiences(planning, problem)
    for s, code in enumerate(problem.streets.ids):
        wants = {} if problem.competition is None else {
            name: round(float(problem.competition.wants[s, c]), 3) for name, c in at.items()
        }  # fmt: skip
        row = planning.streets.streets.position(code)
        people = round(float(problem.residents[s]))
        found[code] = {
            "people": people,
            "wants": wants,
            "audiences": audiences[s],
            "ages": _ages(planning, row),
        }
    return found


def _wanted_audiences(planning: Planning, problem: ProcurementProblem) -> list[dict[str, float]]:
    """Wants of every street by audience group.

    A category's wants are divided as demand for its products is; a product of several groups
    counts for each in equal parts.
    """
    if problem.competition is None:
        return [{} for _ in problem.streets.ids]
    named = planning.products["audience_groups"].fillna("").astype(str)
    listed = [[each for each in groups.split(";") if each] or ["all"] for groups in named]
    groups = sorted({each for own in listed for each in own})
    part = np.array([[own.count(each) / len(own) for each in groups] for own in listed])
    demand = np.where(np.isfinite(problem.expected), problem.expected, 0.0)
    wanted = np.zeros((len(problem.streets), len(groups)))
    for c in np.unique(problem.category).tolist():
        own = problem.category == c
        divided = demand[:, own] @ part[own]
        wants = problem.competition.wants[:, [c]]
        wanted += wants * divided / np.maximum(divided.sum(axis=1, keepdims=True), 1e-9)
    shares = wanted / np.maximum(wanted.sum(axis=1, keepdims=True), 1e-9)
    return [
        {group: round(float(share), 3) for group, share in zip(groups, row, strict=True)}
        for row in shares
    ]


def _ages(planning: Planning, row: int) -> dict[str, float]:
    """Share of a street's people of each group's ages; empty where most ages are not known."""
    bands = dict(zip(AGE_BANDS, planning.streets.population[row], strict=True))
    known = float(sum(people for band, people in bands.items() if band != "unknown"))
    if known <= bands["unknown"]:
        return {}
    return {
        group: round(float(sum(bands[band] for band in own)) / known, 3)
        for group, own in _BANDS.items()
    }
