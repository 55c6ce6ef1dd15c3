"""Four events of two products, three residents in two streets, five bookings."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.snapshot import build_snapshot
from recommender.ranking.snapshot import RankingSnapshot

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def rows(name: str, columns: str, *values: tuple[object, ...]) -> pd.DataFrame:
    return canonical(pd.DataFrame(values, columns=columns.split()), TABLES[name])


@pytest.fixture
def snapshot() -> RankingSnapshot:
    dataset = Dataset(
        {
            "areas": rows(
                "areas",
                "area_code name level lat lon",
                ("310105101", "a", "street", 31.20, 121.40),
                ("310105102", "b", "street", 31.30, 121.40),
            ),
            "venues": rows(
                "venues",
                "venue_id name area_code lat lon",
                ("near", "n", "310105101", 31.20, 121.40),
                ("far", "f", "310105102", 31.30, 121.40),
            ),
            "suppliers": rows("suppliers", "supplier_id name", ("s1", "s1"), ("s2", "s2")),
            "products": rows(
                "products",
                "product_id supplier_id title category price_fen",
                ("p1", "s1", "one", "film", 100),
                ("p2", "s2", "two", "lecture", 200),
            ),
            "events": rows(
                "events",
                "event_id product_id venue_id starts_at seats ticket_fen published_at status",
                # 2027-02-20 and 2027-03-06 are Saturdays; 02:00 UTC is 10:00 in Shanghai.
                ("past1", "p1", "near", "2027-02-20T02:00:00Z", 10, 0, "2027-02-01", "done"),
                ("past2", "p2", "far", "2027-02-22T11:00:00Z", 10, 500, "2027-02-01", "done"),
                ("next1", "p1", "near", "2027-03-06T02:00:00Z", 4, 0, "2027-02-25", "open"),
                ("next2", "p2", "far", "2027-03-08T11:00:00Z", None, 500, "2027-02-25", "open"),
            ),
            "residents": rows(
                "residents",
                "resident_id area_code age_band personalised",
                ("r1", "310105101", "18-34", True),
                ("r2", "310105101", "35-59", True),
                ("r3", "310105102", "70+", True),
            ),
            "bookings": rows(
                "bookings",
                "booking_id resident_id event_id booked_at status updated_at",
                ("b1", "r1", "past1", "2027-02-15", "attended", "2027-02-20T05:00:00Z"),
                ("b2", "r2", "past1", "2027-02-16", "no_show", "2027-02-20T05:00:00Z"),
                ("b3", "r3", "past2", "2027-02-15", "attended", "2027-02-22T14:00:00Z"),
                ("b4", "r1", "next1", "2027-02-28", "booked", "2027-02-28"),
                ("b5", "r2", "next1", "2027-02-28", "cancelled", "2027-02-28T12:00:00Z"),
            ),
        }
    )
    return build_snapshot(dataset, NOW, DEFAULT_ZONE)


@pytest.fixture
def position(snapshot: RankingSnapshot) -> dict[str, int]:
    return {one: i for i, one in enumerate(snapshot.events.ids)}


@pytest.fixture
def every_event(snapshot: RankingSnapshot) -> np.ndarray:
    return np.arange(len(snapshot.events))[None, :]
