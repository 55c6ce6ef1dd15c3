"""What is known of products and suppliers from before the period, and what already stands in it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone, period_bounds
from features.demand.streets import Streets
from features.event_runs import room_of
from recommender.demand.disclosure import MIN_RESIDENTS, disclosed_counts
from recommender.errors import UsageError
from recommender.types import IdMap
from serving.messages.catalogue import text
from serving.planning.rules import PlanRules


@dataclass(frozen=True, slots=True)
class History:
    """What is known from before the period, by product.

    Attributes
    ----------
    new_product, new_supplier
        Whether it was never held or ordered before the period, and whether nothing of its
        supplier was, shape (P,).
    stopped
        Products under the stop rule, with the reason in words.
    """

    new_product: NDArray[np.bool_]
    new_supplier: NDArray[np.bool_]
    stopped: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StandingSupply:
    """Sessions of the period that are already scheduled or ordered.

    Attributes
    ----------
    sessions
        By street and product, shape (S, P).
    venue_sessions
        By (venue_id, month such as ``2027-01``); month "" where only the period is known.
    placeless
        Sessions without a venue (online, tours) by product, shape (P,).
    """

    sessions: NDArray[np.int64]
    venue_sessions: Mapping[tuple[str, str], int]
    placeless: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


_NOWHERE = ("", "None", "nan", "<NA>")


def read_history(dataset: Dataset, products: IdMap, period: str, rules: PlanRules) -> History:
    """Read events, bookings and orders from before the period.

    Parameters
    ----------
    dataset
        The tables.
    products
        Products that can be planned.
    period
        The period to plan; its own orders and events are not history.
    rules
        Thresholds of the stop rule.

    Returns
    -------
    By position in ``products``.
    """
    start = pd.Timestamp(period_bounds(period)[0])
    events = dataset["events"]
    past = events[(events["starts_at"] < start) & (events["status"].astype(str) != "cancelled")]
    orders = _placed(dataset["orders"])
    moment = _order_moments(orders)
    orders = orders[moment.isna() | (moment < start)]
    seen = set(past["product_id"].dropna()) | set(orders["product_id"].dropna())
    table = dataset["products"].set_index("product_id")
    suppliers = table["supplier_id"].reindex(list(products.ids))
    known = set(table.loc[table.index.isin(list(seen)), "supplier_id"].dropna())
    return History(
        new_product=np.array([product not in seen for product in products.ids], dtype=np.bool_),
        new_supplier=np.array(
            [isinstance(s, str) and s not in known for s in suppliers], dtype=np.bool_
        ),
        stopped=_stopped(dataset, past, orders, products, rules),
    )


def read_standing(
    dataset: Dataset,
    streets: Streets,
    planned: list[str],
    products: IdMap,
    period: str,
    *,
    as_of: datetime,
) -> StandingSupply:
    """Sessions of the period that stand when it is planned.

    Scheduled events that were published by then, and approved orders beyond the events that
    deliver them.

    Parameters
    ----------
    dataset
        The tables.
    streets, planned
        All streets, and the codes of those that are planned, in the problem's order.
    products
        Products that can be planned.
    period
        The period to plan.
    as_of
        When it is planned; what was published or decided later is not known.

    Returns
    -------
    Counts of sessions; streets and products outside the plan only take up venues.
    """
    start, end = (pd.Timestamp(moment) for moment in period_bounds(period))
    known = pd.Timestamp(as_of)
    street_of_venue = venue_streets(dataset, streets, planned)
    rows: list[tuple[str, str, str, int]] = []  # product, venue, month, sessions
    events = dataset["events"]
    ahead = events[
        (events["starts_at"] >= start)
        & (events["starts_at"] < end)
        & (events["status"].astype(str) != "cancelled")
        & (events["published_at"].isna() | (events["published_at"] <= known))
    ]
    months = ahead["starts_at"].dt.tz_convert(district_zone()).dt.strftime("%Y-%m")
    rows += [
        (str(product), str(venue), month, 1)
        for product, venue, month in zip(
            ahead["product_id"], ahead["venue_id"], months, strict=True
        )
    ]
    orders = _placed(dataset["orders"])
    orders = orders[orders["decided_at"].isna() | (orders["decided_at"] <= known)]
    moment = _order_moments(orders)
    open_ = orders["status"].astype(str).isin(["approved", "ordered"])
    orders = orders[(moment >= start) & (moment < end) & open_]
    days = orders["scheduled_on"].dt.strftime("%Y-%m").fillna("")
    # Where no event names its order, events of the product at the venue come first.
    named = Counter(ahead["order_id"].dropna().astype(str))
    unnamed = ahead["order_id"].isna().to_numpy()
    delivering = Counter(
        (product, venue) for (product, venue, _, _), free in zip(rows, unnamed, strict=True) if free
    )
    for order, product, venue, month, n in zip(
        orders["order_id"], orders["product_id"], orders["venue_id"], days, orders["sessions"],
        strict=True,
    ):  # fmt: skip
        matched = min(int(n), named[str(order)])
        if not matched:
            matched = min(int(n), delivering[str(product), str(venue)])
            delivering[str(product), str(venue)] -= matched
        rows.append((str(product), str(venue), month, int(n) - matched))
    sessions = np.zeros((len(planned), len(products)), dtype=np.int64)
    taken: dict[tuple[str, str], int] = {}
    placeless = np.zeros(len(products), dtype=np.int64)
    for product, venue, month, n in rows:
        street = street_of_venue.get(venue, -1)
        if venue in _NOWHERE and product in products:
            placeless[products.position(product)] += n
        if street < 0 or n == 0:
            continue
        taken[venue, month] = taken.get((venue, month), 0) + n
        if product in products:
            sessions[street, products.position(product)] += n
    return StandingSupply(sessions, taken, placeless)


def venue_streets(dataset: Dataset, streets: Streets, planned: list[str]) -> dict[str, int]:
    """Position among the planned streets of every venue in one of them.

    Parameters
    ----------
    dataset, streets
        The tables, and all streets.
    planned
        Codes of the streets that are planned, in the problem's order.

    Returns
    -------
    By venue.
    """
    at = {code: position for position, code in enumerate(planned)}
    found = {}
    for venue, area in zip(
        dataset["venues"]["venue_id"], dataset["venues"]["area_code"], strict=True
    ):
        street = streets.area_street.get(str(area), -1)
        if street >= 0 and streets.streets.ids[street] in at:
            found[str(venue)] = at[streets.streets.ids[street]]
    return found


def _placed(orders: pd.DataFrame) -> pd.DataFrame:
    return orders[~orders["status"].astype(str).isin(["proposed", "rejected"])]


def _order_moments(orders: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """When orders take place: their day, else their plan's period, else when they were decided."""
    planned = pd.Series(
        [_plan_start(plan) for plan in orders["plan_id"]],
        index=orders.index,
        dtype="datetime64[us, UTC]",
    )
    day = (
        orders["scheduled_on"]
        .dt.tz_localize(district_zone(), ambiguous=True, nonexistent="shift_forward")
        .dt.tz_convert("UTC")
    )
    moments: pd.Series[pd.Timestamp] = day.fillna(planned).fillna(orders["decided_at"])
    return moments


def _plan_start(plan_id: object) -> datetime | None:
    """First moment of the period that a plan's identifier (``PLAN-2027Q1-…``) names."""
    parts = str(plan_id).split("-")
    if parts[0] != "PLAN":
        return None
    try:
        return period_bounds("-".join(parts[1:-1]))[0]
    except UsageError:
        return None


def _stopped(
    dataset: Dataset, past: pd.DataFrame, orders: pd.DataFrame, products: IdMap, rules: PlanRules
) -> dict[str, str]:
    """The stop rule: products that stayed empty or displeased often enough."""
    stopped: dict[str, str] = {}
    fill = _fill_of_products(dataset, past)
    for code, row in fill.iterrows():
        few = (
            row["sessions"] >= rules.new.stop_after_sessions
            and row["fill"] < rules.new.stop_below_fill
        )
        if few and str(code) in products:
            stopped[str(code)] = text(
                "plan.stopped_empty",
                "zh",
                sessions=int(row["sessions"]),
                fill=rules.new.stop_below_fill,
            )
    satisfaction = orders["satisfaction"].astype("float64")
    rated = satisfaction.groupby(orders["product_id"]).agg(["count", "mean"])
    for code, row in rated.iterrows():
        bad = row["mean"] < rules.new.stop_below_satisfaction
        if row["count"] >= rules.new.stop_after_sessions and bad and str(code) in products:
            stopped[str(code)] = text(
                "plan.stopped_displeased", "zh", times=int(row["count"]), mean=row["mean"]
            )
    return stopped


def _fill_of_products(dataset: Dataset, past: pd.DataFrame) -> pd.DataFrame:
    """Sessions with a count of seats, and the mean share of these that were taken, by product.

    The rule's limit is the officer's, who could try one after another: the attendances pass the
    gate of all figures about people; where fewer than ten residents came, nine are supposed.
    """
    bookings = dataset["bookings"]
    bookings = bookings.assign(came=bookings["status"].astype(str) == "attended")
    judged = bookings[bookings["came"] | (bookings["status"].astype(str) == "no_show")]
    if judged.empty:
        return pd.DataFrame(columns=["sessions", "fill"])
    attended = judged[judged["came"]]
    seats = attended["seats"].astype("float64").fillna(1.0)
    done = past[(past["status"].astype(str) == "done") & (past["seats"] > 0)].set_index("event_id")
    taken = seats.groupby(attended["event_id"]).sum().reindex(done.index).fillna(0.0)
    product = attended["event_id"].map(done["product_id"])
    residents = attended["resident_id"].groupby(product).nunique()
    done = done.assign(seats=room_of(done))
    held = done.groupby("product_id")["seats"].agg(["count", "sum"]).astype("float64")
    came = taken.groupby(done["product_id"]).sum()
    shown = disclosed_counts(came, residents.reindex(came.index).fillna(0))
    share = np.nan_to_num(shown, nan=MIN_RESIDENTS - 1) / held["sum"].reindex(came.index)
    return pd.DataFrame({"sessions": held["count"], "fill": share})
