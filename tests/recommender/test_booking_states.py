"""The time rule of booking states, case by case."""

import numpy as np
import pytest

from recommender.booking_states import (
    ATTENDED,
    BOOKED,
    CANCELLED,
    NO_SHOW,
    WAITLISTED,
    state_known_at,
)

BOOKING, UPDATE, START, END = "2026-03-01", "2026-03-05", "2026-03-10", "2026-03-11"
AFTER = "2026-03-12"
NAT = "NaT"


def known(state, updated, *, booked=BOOKING, starts=START, ends=END):
    def one(text):
        return np.array([text], dtype="datetime64[us]")

    found = state_known_at(np.array([state]), one(booked), one(updated), one(starts), one(ends))
    return str(found[0])[:10]


@pytest.mark.parametrize(
    ("state", "updated", "expected"),
    [
        (BOOKED, NAT, BOOKING),
        (BOOKED, UPDATE, BOOKING),
        (WAITLISTED, NAT, BOOKING),
        (WAITLISTED, UPDATE, UPDATE),
        (CANCELLED, UPDATE, UPDATE),
        (CANCELLED, NAT, START),
        (ATTENDED, AFTER, AFTER),
        (ATTENDED, NAT, END),
        (ATTENDED, UPDATE, END),
        (NO_SHOW, AFTER, AFTER),
        (NO_SHOW, NAT, END),
        (NO_SHOW, UPDATE, END),
    ],
)
def test_each_state_with_and_without_a_recorded_change(state, updated, expected):
    assert known(state, updated) == expected


def test_a_missing_end_is_the_start():
    assert known(ATTENDED, NAT, ends=NAT) == START


def test_without_times_of_the_event_the_booking_is_the_only_time():
    assert known(ATTENDED, NAT, starts=NAT, ends=NAT) == BOOKING
    assert known(CANCELLED, NAT, starts=NAT, ends=NAT) == BOOKING


@pytest.mark.parametrize("state", [BOOKED, WAITLISTED, CANCELLED, ATTENDED, NO_SHOW])
@pytest.mark.parametrize("updated", [NAT, UPDATE])
def test_nothing_is_known_before_the_booking(state, updated):
    assert known(state, updated, booked="2026-04-01") == "2026-04-01"
