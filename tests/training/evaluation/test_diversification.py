"""Points of what is new to a resident, counted by hand."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.snapshot import build_snapshot
from training.evaluation.diversification import BookedBefore

NOW = pd.Timestamp("2026-06-01T00:00:00+00:00")
PRODUCTS = [
    ("p0", "s0", "lecture", "茶"),
    ("p1", "s0", "lecture", "书"),
    ("p2", "s1", "film", "影"),
]


@pytest.fixture(scope="module")
def past():
    tables = {
        "areas": [{"area_code": "310105001", "name": "街道", "level": "street"}],
        "venues": [{"venue_id": f"v{i}", "name": f"馆{i}"} for i in range(2)],
        "suppliers": [{"supplier_id": f"s{i}", "name": f"团{i}"} for i in range(2)],
        "products": [
            {"product_id": p, "supplier_id": s, "category": c, "title": t}
            for p, s, c, t in PRODUCTS
        ],
        "events": [
            {"event_id": f"e{i}", "product_id": f"p{i}", "venue_id": f"v{i % 2}", "starts_at": NOW}
            for i in range(3)
        ],
        "residents": [{"resident_id": f"r{i}"} for i in range(3)],
        "bookings": [
            {
                "booking_id": f"b{r}",
                "resident_id": f"r{r}",
                "event_id": "e0",
                "booked_at": NOW - timedelta(days=9),
                "status": status,
                "updated_at": NOW - timedelta(days=8),
            }
            for r, status in enumerate(("booked", "cancelled"))
        ],
    }
    dataset = Dataset(
        {name: canonical(pd.DataFrame(rows), TABLES[name]) for name, rows in tables.items()}
    )
    return BookedBefore(build_snapshot(dataset, NOW.to_pydatetime(), DEFAULT_ZONE))


def test_points_count_levels_that_are_new_to_the_resident(past):
    event = past.snapshot.events.positions([f"e{i}" for i in range(3)])
    lists = np.array([[event[0]], [event[1]], [event[2]]])
    # The same again; another series at another venue; another category and supplier too.
    assert past.diversification(np.zeros(3, dtype=np.intp), lists).tolist() == [0, 15, 55]


def test_a_list_has_the_mean_of_its_places_and_none_without_history(past):
    a, b, c = past.snapshot.events.positions(["e0", "e1", "e2"])
    lists = np.array([[a, b, c, -1], [a, b, c, -1], [a, b, c, -1], [-1, -1, -1, -1]])
    found = past.diversification(np.array([0, 1, 2, 0]), lists)
    assert found[0] == pytest.approx(70 / 3)
    # A cancelled booking is no history, and an empty list says nothing.
    assert np.isnan(found[1:]).all()


def test_categories_of_a_list_are_counted_once(past):
    a, b, c = past.snapshot.events.positions(["e0", "e1", "e2"])
    lists = np.array([[a, b, c, -1], [a, b, -1, -1], [-1, -1, -1, -1]])
    assert past.categories(lists).tolist() == [2, 1, 0]
