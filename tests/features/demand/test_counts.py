"""Sessions, bookings, counts and exposure of a hand-made district."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from data.district_time import DEFAULT_ZONE
from features.demand.counts import (
    MAX_SEATS,
    ActiveBookings,
    Sessions,
    count_streets,
    product_ids,
    read_active_bookings,
    read_sessions,
    show_rates,
)
from features.demand.streets import AGE_BANDS, StreetResidents, read_residents, read_streets

YOUNG, OLD = AGE_BANDS.index("18-34"), AGE_BANDS.index("60-69")
Read = tuple[StreetResidents, Sessions, ActiveBookings]


@pytest.fixture
def read(tables: Dataset) -> Read:
    streets = read_streets(tables)
    residents = read_residents(tables, streets)
    sessions = read_sessions(
        tables, streets, product_ids(tables), datetime(2027, 1, 1, tzinfo=UTC), DEFAULT_ZONE
    )
    return residents, sessions, read_active_bookings(tables, residents, sessions)


def test_an_event_without_product_is_a_product_of_its_own(tables: Dataset) -> None:
    assert list(product_ids(tables).ids) == ["p1", "p2", "e3"]


def test_cancelled_events_are_no_sessions(read: Read) -> None:
    _, sessions, _ = read
    assert list(sessions.events.ids) == ["e1", "e2", "e3"]
    assert sessions.product.tolist() == [0, 0, 2]
    assert sessions.street.tolist() == [0, 1, -1]
    assert sessions.past.tolist() == [True, True, False]
    assert sessions.free.tolist() == [True, False, True]


def test_a_run_of_days_has_the_room_of_all_and_is_past_when_it_is_over(tables: Dataset) -> None:
    ends = tables["events"]["starts_at"] + pd.Timedelta("9 days 6 hours")
    runs = tables.replace(events=tables["events"].assign(ends_at=ends))
    streets = read_streets(runs)
    during, after = (
        read_sessions(runs, streets, product_ids(runs), moment, DEFAULT_ZONE)
        for moment in (datetime(2026, 6, 10, tzinfo=UTC), datetime(2026, 6, 20, tzinfo=UTC))
    )
    assert after.days.tolist() == [10, 10, 10]
    np.testing.assert_equal(after.seats, [30.0, 1000.0, np.nan])
    assert during.past.tolist() == [False] * 3
    assert after.past.tolist() == [True, True, False]


def test_a_resident_counts_once_a_session_and_a_block_booking_a_few_seats(read: Read) -> None:
    _, _, active = read
    assert active.resident.tolist() == [0, 1, 1]
    assert active.session.tolist() == [0, 0, 1]
    assert active.seats.tolist() == [2, MAX_SEATS, 1]
    assert active.waiting.tolist() == [False, True, False]
    assert active.missed.tolist() == [False, False, True]


def test_counts_by_home_street_and_age(read: Read) -> None:
    residents, sessions, active = read
    registered = np.array([[1.0, 1, 1], [1, 1, 1]])
    found = count_streets(residents, sessions, active, registered, 3)
    assert found.counts[0, YOUNG].tolist() == [2, 0, 0]
    assert found.counts[1, OLD].tolist() == [MAX_SEATS + 1, 0, 0]
    assert found.bookings.tolist() == [[1, 0, 0], [2, 0, 0]]
    # Two sessions of p1 were open to one young resident of s1; the future one to nobody yet.
    assert found.exposure[0, YOUNG].tolist() == [2, 0, 0]
    # Bookings of more seats than resident-sessions raise the exposure to themselves.
    assert found.exposure[1, OLD, 0] == MAX_SEATS + 1
    assert found.dispersion == pytest.approx((4 + MAX_SEATS**2 + 1) / (3 + MAX_SEATS))


def test_weights_and_reach_are_factors(read: Read) -> None:
    residents, sessions, active = read
    registered = np.ones((2, 3))
    found = count_streets(
        residents, sessions, active, registered, 3,
        weight=np.array([1.5, 1.0, 1.0]), reach=np.array([[2.0, 0.5], [1.0, 1.0]]),
        session_weight=np.array([1.0, 0.8, 1.0]),
    )  # fmt: skip
    assert found.counts[0, YOUNG, 0] == 3.0
    assert found.exposure[0, YOUNG, 0] == pytest.approx(max(2.0 * 1.0 + 0.5 * 0.8, 3.0))


def test_show_rates_are_shrunk_to_the_overall_share(read: Read) -> None:
    _, sessions, active = read
    found = show_rates(sessions, active, weight=2.0)
    # One came to the free session, one missed the paid one: half overall.
    assert found[True] == pytest.approx((1 + 2 * 0.5) / 3)
    assert found[False] == pytest.approx((0 + 2 * 0.5) / 3)
