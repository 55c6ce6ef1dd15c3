"""Distances and lifts: known answers on two streets."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.snapshot import build_snapshot
from recommender.geography import great_circle_m
from recommender.ranking.features.geography import Geography
from recommender.ranking.query import make_query

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EACH = 100


def test_distance_is_from_the_asking_street_and_missing_without_one(snapshot, position):
    geography, events = Geography(snapshot), np.arange(4)[None, :]
    streets = np.append(np.arange(len(snapshot.streets)), -1)
    found = geography.log_km(streets, events)
    home = snapshot.streets.position("310105101")
    metres = float(great_circle_m(*(np.array(x) for x in (31.2, 121.4, 31.3, 121.4))))
    assert found[home, position["past1"]] == pytest.approx(0, abs=1e-3)
    assert found[home, position["past2"]] == pytest.approx(np.log1p(metres / 1000), rel=1e-3)
    assert np.isnan(found[-1]).all()


def test_distance_is_also_from_the_places_visited(snapshot, position):
    query = make_query(snapshot, np.array([0, 1, 2, -1]), np.arange(4), snapshot.as_of)
    found = Geography(snapshot).log_km_from_places(query)
    metres = float(great_circle_m(*(np.array(x) for x in (31.2, 121.4, 31.3, 121.4))))
    away = pytest.approx(np.log1p(metres / 1000), rel=1e-3)
    near, far = position["next1"], position["next2"]
    # r1 and r2 came to the near venue, r3 to the far one; r2's second booking was cancelled.
    assert found[0, near] == found[1, near] == found[2, far] == pytest.approx(0, abs=1e-3)
    assert found[0, far] == found[1, far] == found[2, near] == away
    assert np.isnan(found[3]).all()
    hidden = replace(snapshot, resident_profiled=np.array([False, True, True]))
    assert np.isnan(Geography(hidden)._places[0]).all()


def test_the_last_three_places_count(snapshot, position):
    times = snapshot.as_of - np.arange(4, 0, -1) * np.timedelta64(1, "D")
    events = np.array([position[name] for name in ("past1", "past2", "past1", "past2")])
    several = replace(
        snapshot,
        log_resident=np.zeros(4, dtype=np.int32),
        log_event=events.astype(np.int32),
        log_time=times,
        log_outcome=np.zeros(4, dtype=np.int8),
    )
    places = Geography(several)._places[0]
    # Two venues, the one visited last first, each once.
    assert places[:2, 0].tolist() == pytest.approx([31.3, 31.2], rel=1e-6)
    assert np.isnan(places[2:]).all()


def test_neighbours_lift_what_they_book_and_nobodys_street_lifts_nothing(snapshot, position):
    geography, events = Geography(snapshot), np.arange(4)[None, :]
    streets = np.array([snapshot.streets.position("310105101"), -1])
    lift = geography.by_street(streets, events)["street_product"]
    assert lift[0, position["next1"]] > 0
    assert lift[0, position["next2"]] < 0  # others booked it, no neighbour did
    assert (lift[1] == 0).all()
    query = make_query(snapshot, np.arange(3), np.arange(4), snapshot.as_of)
    signals = geography.signals(query)
    np.testing.assert_array_equal(
        signals["street_product"],
        geography.by_street(snapshot.resident_street.astype(np.intp), events)["street_product"],
    )
    assert {name.split("_")[0] for name in signals} == {"street", "age", "distance"}


def lift(booked: int, signal: str) -> float:
    """Of product p, which everybody in street 1 booked and ``booked`` residents of street 2.

    All others of street 2 booked product q, so that about 50 bookings of p are expected there.
    """
    homes = ["1"] * EACH + ["2"] * EACH
    people = [f"r{i:03d}" for i in range(2 * EACH)]
    chosen = ["p"] * (EACH + booked) + ["q"] * (EACH - booked)
    start = pd.Timestamp("2026-07-01T11:00:00Z")
    frames = {
        "areas": {"area_code": ["1", "2"], "name": ["a", "b"], "level": "street"},
        "products": {"product_id": ["p", "q"], "title": ["x", "y"], "category": "film"},
        "events": {"event_id": ["ep", "eq"], "product_id": ["p", "q"], "starts_at": start,
                   "published_at": pd.Timestamp("2026-05-01", tz="UTC"), "seats": 500},
        "residents": {"resident_id": people, "area_code": homes, "personalised": True,
                      "age_band": ["18-34" if home == "1" else "70+" for home in homes]},
        "bookings": {"booking_id": [f"b{i}" for i in range(2 * EACH)], "resident_id": people,
                     "event_id": [f"e{p}" for p in chosen], "status": "booked",
                     "booked_at": pd.Timestamp("2026-05-31T23:59:00Z")},
    }  # fmt: skip
    tables = {name: canonical(pd.DataFrame(rows), TABLES[name]) for name, rows in frames.items()}
    snapshot = build_snapshot(Dataset(tables), NOW, DEFAULT_ZONE)
    events = np.array([snapshot.events.position("ep")])
    resident = np.array([snapshot.residents.position(people[-1])])
    query = make_query(snapshot, resident, events, snapshot.as_of)
    return float(Geography(snapshot).signals(query)[signal][0, 0])


@pytest.mark.parametrize("signal", ["street_product", "age_product"])
def test_lift_rises_with_what_was_booked_and_is_lowest_where_nothing_was(signal: str) -> None:
    none, one, few, all_ = (lift(booked, signal) for booked in (0, 1, 10, EACH))
    assert none < one < few < all_
    # 50 expected and none came: the logarithm of 2 / 52.
    assert none == pytest.approx(np.log(2 / 52), abs=0.02)
    assert one == pytest.approx(np.log(3 / 52.5), abs=0.02)
    assert all_ == pytest.approx(0.0, abs=0.02)
