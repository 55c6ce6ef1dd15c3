"""Events as arrays: positions, products of their own, when known, until when bookable."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from data.dataset import Dataset, canonical
from data.schema import TABLES
from features.ranking.events import (
    closing_options,
    first_times,
    known_at,
    moments,
    positions,
    with_products,
)
from recommender.ranking.snapshot import FOREVER


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2026, 5, number, tz="UTC")


def frame(name, rows):
    return canonical(pd.DataFrame(rows), TABLES[name])


def us(*texts):
    return np.array(texts, dtype="datetime64[us]")


def test_moments_are_utc_and_missing_times_nat():
    times = pd.Series([pd.Timestamp("2026-05-01 08:00", tz="Asia/Shanghai"), pd.NaT])
    np.testing.assert_array_equal(moments(times), us("2026-05-01T00:00", "NaT"))


def test_positions_of_unknown_identifiers_are_minus_one():
    found = positions(pd.Index(["a", "b"]), pd.Series(["b", "x", "a", "b"]))
    assert found.tolist() == [1, -1, 0, 1]
    assert found.dtype == np.int32


def test_an_event_without_a_known_product_gets_its_own():
    products = frame("products", [{"product_id": "p", "title": "画展", "category": "reading"}])
    events = frame(
        "events",
        [
            {"event_id": "a", "product_id": "p", "title": "一", "starts_at": day(1)},
            {"event_id": "b", "product_id": None, "title": "二", "starts_at": day(1)},
            {"event_id": "c", "product_id": "gone", "title": None, "starts_at": day(1)},
        ],
    )
    found, linked = with_products(products, events)
    assert found["product_id"].tolist() == ["p", "event:b", "event:c"]
    assert found["title"].tolist() == ["画展", "二", ""]
    assert linked["product_id"].tolist() == ["p", "event:b", "event:c"]
    assert events["product_id"].iloc[2] == "gone", "the given table is unchanged"


def test_the_first_time_is_the_earliest_of_all_tables_up_to_the_moment():
    tables = Dataset(
        {
            "bookings": frame(
                "bookings",
                [
                    {"booking_id": "1", "resident_id": "r", "event_id": "a", "booked_at": day(4)},
                    {"booking_id": "2", "resident_id": "s", "event_id": "b", "booked_at": day(9)},
                ],
            ),
            "impressions": frame(
                "impressions",
                [{"resident_id": "r", "event_id": "a", "shown_at": day(3), "rank": 1}],
            ),
            "follows": frame(
                "follows",
                [{"resident_id": "r", "target_kind": "tag", "target": "t", "since": day(1)}],
            ),
        }
    )
    as_of = datetime(2026, 5, 5, tzinfo=UTC)
    assert first_times(tables, "event_id", as_of).to_dict() == {"a": day(3)}
    assert first_times(tables, "resident_id", as_of).to_dict() == {"r": day(1)}


def test_an_event_is_known_from_publication_or_before_its_start_or_when_first_seen():
    events = frame(
        "events",
        [
            {"event_id": "a", "starts_at": day(9), "published_at": day(2)},
            {"event_id": "b", "starts_at": day(9)},
            {"event_id": "c", "starts_at": day(9), "published_at": day(7)},
        ],
    )
    found = known_at(events, us("NaT", "NaT", "2026-05-05"))
    np.testing.assert_array_equal(found, us("2026-05-02", "2026-02-08", "2026-05-05"))


def test_closing_options_start_end_for_ever_or_as_given():
    events = frame(
        "events",
        [
            {"event_id": "short", "starts_at": day(9), "ends_at": day(9) + pd.Timedelta("2h")},
            {"event_id": "long", "starts_at": day(9), "ends_at": day(20)},
            {"event_id": "open", "starts_at": day(9)},
            {"event_id": "given", "starts_at": day(9), "booking_closes_at": day(8)},
        ],
    )
    found = closing_options(events)
    ever = str(FOREVER)
    expected = [
        ["2026-05-09", "2026-05-09T02:00", ever, ever],
        ["2026-05-20", "2026-05-20", ever, ever],
        ["2026-05-09", ever, ever, ever],
        ["2026-05-08", "2026-05-08", "2026-05-08", ever],
    ]
    np.testing.assert_array_equal(found.T, np.array(expected, dtype="datetime64[us]"))
