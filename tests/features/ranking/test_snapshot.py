"""Tables → snapshot: who may be profiled, what an event belongs to, when it can be booked."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.events import closing_options
from features.ranking.products import product_features
from features.ranking.residents import profiled, streets_of
from features.ranking.series_names import series_keys
from features.ranking.snapshot import build_snapshot
from recommender.ranking.snapshot import choose_closing

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def frame(name, rows):
    return canonical(pd.DataFrame(rows), TABLES[name])


def test_nobody_under_14_and_no_teenager_without_consent_is_profiled():
    people = [
        ("0-13", True, True, False),
        ("14-17", True, False, False),
        ("14-17", True, True, True),
        ("18-34", False, False, False),
        ("70+", None, None, False),
        (None, True, None, True),
    ]
    table = frame(
        "residents",
        [
            {"resident_id": f"r{i}", "age_band": a, "personalised": p, "guardian_consent": g}
            for i, (a, p, g, _) in enumerate(people)
        ],
    )
    assert profiled(table).tolist() == [expected for *_, expected in people]


def test_neighbourhoods_lie_in_their_street_and_other_areas_in_themselves():
    areas = frame(
        "areas",
        [
            {"area_code": "1", "name": "区", "level": "district"},
            {"area_code": "11", "name": "街", "level": "street", "parent_code": "1"},
            {"area_code": "111", "name": "居", "level": "neighbourhood", "parent_code": "11"},
            {"area_code": "9", "name": "圈", "level": "neighbourhood", "parent_code": "9"},
        ],
    )
    assert streets_of(areas) == {"1": "1", "11": "11", "111": "11", "9": "9"}


def test_series_ignore_numbers_and_punctuation_but_not_the_supplier():
    products = frame(
        "products",
        [
            {"product_id": "a", "supplier_id": "s", "title": "读书会 第1期", "category": "reading"},
            {
                "product_id": "b",
                "supplier_id": "s",
                "title": "读书会（第2期）",
                "category": "reading",
            },
            {"product_id": "c", "supplier_id": "t", "title": "读书会 第3期", "category": "reading"},
        ],
    )
    events = frame(
        "events",
        [
            {"event_id": f"e{p}", "product_id": p, "starts_at": pd.Timestamp(NOW)}
            for p in ("a", "b", "c")
        ],
    )
    keys = series_keys(products, events).tolist()
    assert keys[0] == keys[1] != keys[2]


def test_events_close_at_their_start_unless_the_past_shows_that_they_stand():
    start = pd.Timestamp(NOW)
    events = frame("events", [{"event_id": f"e{i}", "starts_at": start} for i in range(2)])
    after = np.array([np.datetime64("2026-07-01", "us")] * 4)
    before = np.array([np.datetime64("2026-05-01", "us")] * 4)
    at = np.zeros(4, dtype=np.int32)
    options = closing_options(events)
    assert (choose_closing(options, at, before) == np.datetime64("2026-06-01", "us")).all()
    assert (choose_closing(options, at, after) > np.datetime64("9000-01-01", "us")).all()


def test_likeness_of_descriptions_follows_words():
    products = frame(
        "products",
        [
            {"product_id": "a", "title": "沪剧名段演唱会", "category": "performance"},
            {"product_id": "b", "title": "沪剧经典演唱专场", "category": "performance"},
            {"product_id": "c", "title": "儿童编程入门", "category": "course"},
        ],
    )
    x = product_features(products)
    similarity = (x @ x.T).toarray()
    np.testing.assert_allclose(np.diag(similarity), 1.0, atol=1e-5)
    assert similarity[0, 1] > similarity[0, 2] + 0.2


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_rows_means_nothing(order):
    rows = [
        {
            "booking_id": f"b{i}",
            "resident_id": f"r{i % 3}",
            "event_id": f"e{i % 2}",
            "booked_at": pd.Timestamp("2026-05-01", tz="UTC"),
            "status": "booked",
        }
        for i in range(6)
    ]
    start = pd.Timestamp("2026-07-01", tz="UTC")
    dataset = Dataset(
        {
            "residents": frame("residents", [{"resident_id": f"r{i}"} for i in range(3)]),
            "events": frame(
                "events",
                [{"event_id": f"e{i}", "title": "会", "starts_at": start} for i in range(2)],
            ),
            "bookings": frame("bookings", rows[::order]),
        }
    )
    snapshot = build_snapshot(dataset, NOW, DEFAULT_ZONE)
    assert snapshot.residents.ids == ("r0", "r1", "r2")
    assert snapshot.products.ids == ("event:e0", "event:e1")
    assert snapshot.log_resident.tolist() == [0, 1, 2, 0, 1, 2]
    assert len(snapshot.bookable(snapshot.as_of)) == 2
