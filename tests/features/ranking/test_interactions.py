"""The booking log: order, unknown identifiers, and states that became known later."""

import numpy as np
import pandas as pd

from data.dataset import canonical
from data.schema import TABLES
from features.ranking.interactions import log_columns
from recommender.booking_states import ATTENDED, BOOKED, CANCELLED


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2026, 5, number, tz="UTC")


def log(rows, as_of="2026-05-15"):
    columns = ("booking_id", "resident_id", "event_id", "booked_at", "status", "updated_at")
    bookings = canonical(pd.DataFrame(rows, columns=columns), TABLES["bookings"])
    events = canonical(
        pd.DataFrame(
            [
                {"event_id": "a", "starts_at": day(10), "ends_at": day(11)},
                {"event_id": "b", "starts_at": day(20), "ends_at": day(21)},
            ]
        ),
        TABLES["events"],
    )
    return log_columns(bookings, pd.Index(["r", "s"]), events, np.datetime64(as_of, "us"))


def test_rows_are_ordered_by_time_and_then_by_identifier():
    rows = [
        ("3", "s", "b", day(2), "booked", None),
        ("1", "r", "a", day(3), "booked", None),
        ("2", "r", "b", day(2), "booked", None),
    ]
    found = log(rows)
    assert found["log_resident"].tolist() == [0, 1, 0]
    assert found["log_event"].tolist() == [1, 1, 0]
    for name, values in log(rows[::-1]).items():
        np.testing.assert_array_equal(values, found[name])


def test_bookings_of_unknown_residents_or_events_are_left_out():
    rows = [
        ("1", "nobody", "a", day(1), "booked", None),
        ("2", "r", "gone", day(1), "booked", None),
        ("3", "s", "a", day(1), "booked", None),
    ]
    assert log(rows)["log_resident"].tolist() == [1]


def test_a_state_that_became_known_later_reads_as_booked():
    rows = [
        ("1", "r", "a", day(1), "attended", None),
        ("2", "r", "b", day(2), "cancelled", day(4)),
        ("3", "s", "b", day(3), "cancelled", day(16)),
    ]
    found = log(rows)
    assert found["log_outcome"].tolist() == [ATTENDED, CANCELLED, BOOKED]
    expected = np.array(["2026-05-11", "2026-05-04", "2026-05-03"], dtype="datetime64[us]")
    np.testing.assert_array_equal(found["log_known"], expected)


def test_types_are_those_of_the_snapshot():
    found = log([("1", "r", "a", day(1), "booked", None)])
    types = {name: str(values.dtype) for name, values in found.items()}
    assert types == {
        "log_resident": "int32",
        "log_event": "int32",
        "log_time": "datetime64[us]",
        "log_outcome": "int8",
        "log_known": "datetime64[us]",
    }
