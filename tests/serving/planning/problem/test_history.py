"""What counts as history, and what already stands in the period."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.demand.streets import read_streets
from recommender.types import IdMap
from serving.planning.problem.history import read_history, read_standing
from serving.planning.rules_file import parse_rules

PRODUCTS = IdMap(["P1", "P2"])
AS_OF = datetime(2026, 12, 20, tzinfo=UTC)


def order(product: str, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": f"o-{product}",
        "plan_id": "PLAN-2027Q1-abc",
        "buyer_code": "S1",
        "product_id": product,
        "venue_id": "V1",
        "sessions": 2,
        "status": "approved",
        "decided_at": pd.Timestamp("2026-12-10", tz="UTC"),
    } | changes


def event(name: str, product: str, day: str, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": name,
        "product_id": product,
        "venue_id": "V1",
        "starts_at": pd.Timestamp(day, tz="Asia/Shanghai").tz_convert("UTC"),
        "seats": 10,
        "status": "open",
        "published_at": pd.Timestamp("2026-12-01", tz="UTC"),
    } | changes


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({}, True),  # approved for this very period
        ({"plan_id": "PLAN-2026Q4-abc"}, False),
        ({"plan_id": None}, False),  # decided before the period
        ({"scheduled_on": pd.Timestamp("2027-02-01")}, True),
        ({"scheduled_on": pd.Timestamp("2026-11-01"), "status": "accepted"}, False),
        ({"plan_id": "PLAN-2026Q4-abc", "status": "rejected"}, True),
    ],
)
def test_orders_of_the_period_are_not_history(
    dataset_of: Any, changes: dict[str, Any], new: bool
) -> None:
    dataset = dataset_of(orders=[order("P1", **changes)])
    history = read_history(dataset, PRODUCTS, "2027Q1", parse_rules(""))
    assert history.new_product.tolist() == [new, True]
    assert history.new_supplier.all() == new


@pytest.mark.parametrize(("status", "stopped"), [("no_show", True), ("attended", False)])
def test_no_shows_do_not_fill_seats(dataset_of: Any, status: str, stopped: bool) -> None:
    events = [event(f"e{n}", "P1", f"2026-11-0{n}", status="done", seats=30) for n in (1, 2, 3)]
    bookings = [
        {"booking_id": f"b{n}-{who}", "resident_id": f"r{who}", "event_id": f"e{n}", "seats": 1,
         "status": status}
        for n in (1, 2, 3) for who in range(12)
    ]  # fmt: skip
    dataset = dataset_of(events=events, bookings=bookings)
    history = read_history(dataset, PRODUCTS, "2027Q1", parse_rules(""))
    assert ("P1" in history.stopped) == stopped


def test_scheduled_events_and_open_orders_stand(dataset_of: Any) -> None:
    events = [
        event("e1", "P1", "2027-01-01"),
        event("e2", "P1", "2027-03-31", venue_id="V2"),
        event("e3", "P1", "2027-04-01"),
        event("e4", "P1", "2027-02-01", status="cancelled"),
        event("e5", "P1", "2027-02-01", published_at=pd.Timestamp("2027-01-05", tz="UTC")),
        event("e6", "P2", "2027-02-01"),  # delivers one of two ordered sessions
    ]
    orders = [order("P1"), order("P2")]
    dataset = dataset_of(events=events, orders=orders)
    standing = read_standing(
        dataset, read_streets(dataset), ["S1", "S2"], PRODUCTS, "2027Q1", as_of=AS_OF
    )
    np.testing.assert_array_equal(standing.sessions, [[2, 2], [1, 0]])
    assert standing.venue_sessions == {
        ("V1", "2027-01"): 1,
        ("V2", "2027-03"): 1,
        ("V1", "2027-02"): 1,
        ("V1", ""): 2,
    }


def test_an_event_that_names_its_order_delivers_that_one(dataset_of: Any) -> None:
    events = [
        event("e1", "P1", "2027-01-10", venue_id="V2", order_id="o-P1"),  # moved to another hall
        event("e2", "P2", "2027-02-01"),
        event("e3", "P2", "2027-02-02", venue_id=None),
    ]
    orders = [order("P1"), order("P2")]
    dataset = dataset_of(events=events, orders=orders)
    standing = read_standing(
        dataset, read_streets(dataset), ["S1", "S2"], PRODUCTS, "2027Q1", as_of=AS_OF
    )
    # Two were ordered of each: one of P1 is to come yet, and one of P2 beside its event.
    np.testing.assert_array_equal(standing.sessions, [[1, 2], [1, 0]])
    assert standing.placeless.tolist() == [0, 1]


def test_no_limit_of_the_stop_rule_tells_what_few_residents_did(dataset_of: Any) -> None:
    events = [event(f"e{n}", "P1", f"2026-11-0{n}", status="done", seats=30) for n in (1, 2, 3)]
    stopped = []
    for residents in (1, 8):
        bookings = [
            {"booking_id": f"b{n}-{who}", "resident_id": f"r{who}", "event_id": f"e{n}",
             "seats": 1, "status": "attended"}
            for n in (1, 2, 3) for who in range(residents)
        ]  # fmt: skip
        dataset = dataset_of(events=events, bookings=bookings)
        limits = [0.01 * n for n in range(1, 60)]
        rules = [parse_rules(f"[new]\nstop_below_fill = {limit}\n") for limit in limits]
        stopped.append(
            ["P1" in read_history(dataset, PRODUCTS, "2027Q1", r).stopped for r in rules]
        )
    assert stopped[0] == stopped[1]
    assert any(stopped[0])
    assert not all(stopped[0])
