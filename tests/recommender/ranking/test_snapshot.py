"""A snapshot at one moment and before it. That rewinding equals rebuilding:
tests/features/ranking/test_rewind.py."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.booking_states import ATTENDED, BOOKED, CANCELLED, NO_SHOW
from recommender.ranking.snapshot import FOREVER, LATE_SHARE, choose_closing


def day(number: int) -> np.datetime64:
    """A day of March 2027."""
    return np.datetime64("2027-03-01", "us") + np.timedelta64(number - 1, "D")


@pytest.fixture
def small(circles_snapshot):
    """The circles with a log of four bookings: an outcome and a cancellation became known later."""
    n = len(circles_snapshot.events)
    closing = np.array([np.full(n, day(9)), np.full(n, day(20)), np.full(n, FOREVER)])
    one = sp.csr_matrix(([1.0, 1.0], ([0, 1], [0, 0])), shape=(26, 2))
    return replace(
        circles_snapshot,
        as_of=day(30),
        event_known=np.array([day(1 + i % 3) for i in range(n)]),
        event_closing=closing,
        event_closes=closing[2],
        event_open=np.arange(n) != 5,
        log_resident=np.array([0, 0, 1, 2], np.int32),
        log_event=np.array([0, 1, 1, 1], np.int32),
        log_time=np.array([day(2), day(4), day(10), day(12)]),
        log_outcome=np.array([ATTENDED, CANCELLED, BOOKED, NO_SHOW], np.int8),
        log_known=np.array([day(8), day(11), day(10), day(15)]),
        ratings=np.array([[0, 0, 5.0, day(9).astype(np.int64)]]),
        follows={"supplier": one},
        follows_since={"supplier": np.array([day(5), np.datetime64("NaT", "us")])},
    )


def test_what_became_known_at_the_very_moment_was_known(small):
    then = small.rewind(day(10))
    assert then.as_of == day(10)
    assert then.log_time.tolist() == [day(2), day(4), day(10)]
    assert then.log_outcome.tolist() == [ATTENDED, BOOKED, BOOKED]
    # What was not known reads as booked, known since the booking.
    assert then.log_known.tolist() == [day(8), day(4), day(10)]
    assert len(then.ratings) == len(small.rewind(day(9)).ratings) == 1
    assert len(small.rewind(day(8)).ratings) == 0
    assert small.rewind(day(11)).log_outcome.tolist() == [ATTENDED, CANCELLED, BOOKED]


def test_follows_without_a_time_were_always_there(small):
    assert small.rewind(day(5)).follows["supplier"].nnz == 2
    before = small.rewind(day(4))
    assert before.follows["supplier"].nonzero()[0].tolist() == [1]
    assert np.isnat(before.follows_since["supplier"]).tolist() == [True]
    assert small.follows["supplier"].nnz == 2  # the snapshot itself stays


def test_closing_times_are_chosen_by_the_bookings_that_remain(small):
    # Two of four bookings came after day 9, none after day 20.
    assert (small.rewind(day(12)).event_closes == day(20)).all()
    assert (small.rewind(day(4)).event_closes == day(9)).all()


@given(first=st.integers(0, 31), second=st.integers(0, 31))
@settings(max_examples=30)
def test_two_steps_back_are_one(first, second, circles_snapshot):
    late, early = max(first, second), min(first, second)
    start = circles_snapshot.as_of - np.timedelta64(60, "D")
    once = circles_snapshot.rewind(start + np.timedelta64(early, "D"))
    twice = circles_snapshot.rewind(start + np.timedelta64(late, "D")).rewind(once.as_of)
    for name in ("log_resident", "log_event", "log_time", "log_outcome", "log_known"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(once, name), err_msg=name)
    assert (twice.event_closes == once.event_closes).all()
    assert (once.log_time <= once.as_of).all()


def test_bookable_is_what_is_known_open_and_not_closed(small):
    n = len(small.events)
    known = {p for p in range(n) if p % 3 < 2 and p != 5}
    assert set(small.bookable(day(2)).tolist()) == known
    assert len(small.bookable(day(0))) == 0
    closed = replace(small, event_closes=small.event_closing[0])
    assert len(closed.bookable(day(8))) == n - 1
    assert len(closed.bookable(day(9))) == 0


def test_booked_leaves_cancelled_ones_out_and_counts_no_event_twice(small):
    twice = replace(
        small,
        log_resident=np.array([0, 0, 0, 2], np.int32),
        log_event=np.array([1, 1, 3, 1], np.int32),
    )
    assert twice.booked().shape == (26, len(small.events))
    rows, columns = small.booked().nonzero()
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 1)]
    assert twice.booked(np.array([0])).toarray()[0, [1, 3]].tolist() == [1, 1]
    again = replace(twice, log_outcome=np.full(4, BOOKED, np.int8))
    assert again.booked().max() == 1


@pytest.mark.parametrize(("late", "row"), [(0, 0), (1, 0), (2, 1)])
def test_the_first_closing_time_that_few_bookings_break_is_taken(late, row):
    options = np.array([[day(9), day(9)], [FOREVER, FOREVER]])
    times = np.array([day(9)] * (5 - late) + [day(10)] * late)
    found = choose_closing(options, np.zeros(5, np.int32), times)
    assert (found == options[row]).all()
    assert LATE_SHARE == 1 / 5


def test_without_bookings_events_close_at_the_first_time():
    options = np.array([[day(9)], [FOREVER]])
    nothing = np.zeros(0, np.int32), np.zeros(0, "datetime64[us]")
    assert choose_closing(options, *nothing).tolist() == [day(9)]
