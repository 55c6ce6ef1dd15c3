"""Indices of effectiveness and evenness; no published formula was found, so these are assumed.

Every row carries numerator and denominator, so that anyone can recompute it by hand. Counts of what
people did pass :mod:`recommender.demand.disclosure`, every index is made of counts that passed, and
is left out where they rest on fewer than ten residents: neither a figure nor the difference between
two periods, or two days, tells what single people did.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.dataset import Dataset
from data.district_time import period_bounds
from data.schema import CATEGORIES
from features.demand.streets import read_streets
from features.event_runs import room_of
from recommender.demand.disclosure import disclosed_counts, disclosed_mean
from recommender.metrics.evenness import gini
from serving.messages.catalogue import text

DISTRICT = "district"
COLUMNS = ("index", "name_zh", "scope", "value", "numerator", "denominator", "version")
_HOUR_S = 3600
_WEEK_S = 7 * 24 * _HOUR_S
_USUAL_EVENT_H = 2.0


@dataclass(frozen=True, slots=True)
class IndexRules:
    """Version and constants of the formulas (assumed).

    Attributes
    ----------
    version
        Named in every row; change it with any constant.
    prior_stars, prior_ratings
        The delight index is a mean shrunk towards ``prior_stars``, as if ``prior_ratings`` people
        had given them.
    """

    version: str = "3 (assumed)"
    prior_stars: float = 4.0
    prior_ratings: float = 20.0


def compute_indices(dataset: Dataset, period: str, rules: IndexRules | None = None) -> pd.DataFrame:
    """All indices of one period.

    Parameters
    ----------
    dataset
        All tables; what is missing leaves its indices empty (NaN).
    period
        Events that start in it count, such as ``2027Q1``.

    Returns
    -------
    One row an index and scope (``district`` or a venue), columns :data:`COLUMNS`:

    - ``seat_fill`` 上座率: attended seats ÷ seats, over events that were held and name their seats;
    - ``no_show_rate`` 爽约率: no-shows ÷ (attended + no-shows), in bookings;
    - ``venue_use`` 场馆使用率: hours of events ÷ open hours, over venues that name theirs;
    - ``delight`` 愉悦指数: shrunk mean stars, 1 to 5, with ``response_rate`` beside it;
    - ``participation`` 群文参与度: distinct residents who came ÷ residents;
    - ``evenness`` 优质均衡指数: mean attendances per resident over streets × (1 − Gini);
    - ``match`` 供需匹配度: 1 − ½·Σ|share of demand − share of supply| over categories; demand in
      seats asked for, waiting list included, supply in seats held.

    Raises
    ------
    UsageError
        If ``period`` is none.
    """
    rules = rules or IndexRules()
    start, end = (pd.Timestamp(moment) for moment in period_bounds(period))
    events = dataset["events"]
    held = events[
        (events["starts_at"] >= start)
        & (events["starts_at"] < end)
        & ~events["status"].eq("cancelled")
    ].set_index("event_id")
    held = held.assign(seats=room_of(held))
    bookings = dataset["bookings"]
    bookings = bookings[bookings["event_id"].isin(held.index)]
    bookings = bookings.assign(seats=bookings["seats"].fillna(1).astype(float))
    came = bookings[bookings["status"] == "attended"]
    streets = read_streets(dataset)
    people = float(streets.population.sum())
    rows: list[tuple[str, str, float, float, float]] = []

    def add(index: str, over: float, under: float, scope: str = DISTRICT) -> None:
        if np.isnan(over) or np.isnan(under):
            over = under = float("nan")
        rows.append((index, scope, over / under if under else float("nan"), over, under))

    def shown(count: float, who: "pd.Series[str]") -> float:
        return float(disclosed_counts(count, who.nunique()))

    known = held[held["seats"].notna()]
    filled = came[came["event_id"].isin(known.index)]
    add("seat_fill", shown(filled["seats"].sum(), filled["resident_id"]), known["seats"].sum())
    missed = bookings[bookings["status"] == "no_show"]
    told = pd.concat([missed["resident_id"], came["resident_id"]])
    add("no_show_rate", shown(len(missed), told), shown(len(told), told))
    for scope, used, open_ in _venue_hours(dataset, held, (end - start).total_seconds() / _WEEK_S):
        add("venue_use", used, open_, scope)
    ratings = dataset["ratings"]
    ratings = ratings[ratings["event_id"].isin(held.index)]
    stars = ratings["stars"].astype(float)
    prior, raters = rules.prior_ratings, ratings["resident_id"]
    given = shown(len(stars), raters)
    mean = disclosed_mean(float(stars.sum()), len(stars), raters.nunique())
    total = np.nan if mean is None else mean * given
    add("delight", total + prior * rules.prior_stars, given + prior)
    add("response_rate", given, shown(len(came), came["resident_id"]))
    add("participation", shown(came["resident_id"].nunique(), came["resident_id"]), people)
    service = _service(dataset, came)
    spread = gini(service)
    rows.append(
        ("evenness", DISTRICT, float(service.mean()) * (1 - spread), spread, np.nan)
        if len(service)
        else ("evenness", DISTRICT, np.nan, np.nan, np.nan)
    )
    rows.append(("match", DISTRICT, _match(dataset, held, bookings), np.nan, np.nan))
    frame = pd.DataFrame(rows, columns=[name for name in COLUMNS[:-1] if name != "name_zh"])
    frame.insert(1, "name_zh", [text(f"index.{index}", "zh") for index in frame["index"]])
    return frame.assign(version=rules.version)


def _venue_hours(
    dataset: Dataset, held: pd.DataFrame, weeks: float
) -> list[tuple[str, float, float]]:
    """Used and open hours of the district and of every venue that names its opening hours."""
    venues = dataset["venues"].dropna(subset=["open_hours_per_week"]).set_index("venue_id")
    hours = ((held["ends_at"] - held["starts_at"]).dt.total_seconds() / _HOUR_S).fillna(
        _USUAL_EVENT_H
    )
    used = hours.groupby(held["venue_id"]).sum().reindex(venues.index).fillna(0.0)
    open_ = venues["open_hours_per_week"] * weeks
    each = [(str(venue), float(used[venue]), float(open_[venue])) for venue in venues.index]
    return [(DISTRICT, float(used.sum()), float(open_.sum())), *each]


def _service(
    dataset: Dataset, came: pd.DataFrame
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Attendances per resident, by street with people in it; few residents count as none."""
    streets = read_streets(dataset)
    people = streets.population.sum(axis=1)
    residents = dataset["residents"].set_index("resident_id")["area_code"]
    places = came["resident_id"].astype(str).map(residents.rename(index=str)).dropna().astype(str)
    where = places.map(streets.area_street).dropna().astype(np.intp)
    count = np.bincount(where, minlength=len(people))
    visitors = came["resident_id"].loc[where.index].groupby(where).nunique()
    shown = disclosed_counts(count, visitors.reindex(np.arange(len(people)), fill_value=0))
    if np.isnan(shown).all():
        return np.array([])
    return np.asarray(np.nan_to_num(shown)[people > 0] / people[people > 0], dtype=np.float64)


def _match(dataset: Dataset, held: pd.DataFrame, bookings: pd.DataFrame) -> float:
    category = dataset["products"].set_index("product_id")["category"].astype(str)
    of_event = held["product_id"].map(category)
    asked = bookings[bookings["status"] != "cancelled"]
    by_category = asked.groupby(asked["event_id"].map(of_event))
    seats, who = by_category["seats"].sum(), by_category["resident_id"].nunique()
    demand = pd.Series(np.nan_to_num(disclosed_counts(seats, who)), index=seats.index)
    supply = held["seats"].astype("float64").groupby(of_event).sum()
    demand, supply = demand.reindex(CATEGORIES).fillna(0), supply.reindex(CATEGORIES).fillna(0)
    if not demand.sum() or not supply.sum():
        return float("nan")
    return float(1 - 0.5 * (demand / demand.sum() - supply / supply.sum()).abs().sum())
