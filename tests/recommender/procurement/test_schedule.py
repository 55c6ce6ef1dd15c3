"""Touring sessions of two streets come to the same month, on days in a row, and say so."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from recommender.procurement.plan import Tour
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.schedule import Slot, VenueCalendar, schedule
from recommender.procurement.touring_days import tour_days
from recommender.types import IdMap


def calendar(slots: list[list[int]], open_months: list[list[bool]]) -> VenueCalendar:
    """One venue a street."""
    products, n = len(open_months), len(slots)
    return VenueCalendar(
        street=np.arange(n, dtype=np.intp),
        seats=np.full(n, 100.0),
        step_free=np.ones(n, dtype=np.bool_),
        preference=np.zeros(n, dtype=np.intp),
        slots=np.array(slots, dtype=np.int64),
        needs_seats=np.zeros(products),
        needs_step_free=np.zeros(products, dtype=np.bool_),
        nowhere=np.zeros(products, dtype=np.bool_),
        open_months=np.array(open_months, dtype=np.bool_),
    )


@pytest.fixture
def problem() -> ProcurementProblem:
    ones = np.ones((2, 2))
    return ProcurementProblem(
        period="2027Q1",
        streets=IdMap(["S1", "S2"]),
        products=IdMap(["P1", "P2"]),
        buyers=IdMap(["B"]),
        suppliers=IdMap(["A"]),
        budget_fen=np.array([10_000]),
        serves=np.ones((1, 2), dtype=np.bool_),
        expected=ones * 50,
        low=ones * 40,
        high=ones * 60,
        log_sd=ones * 0,
        weight=ones,
        price_fen=np.array([100, 100]),
        sessions_max=np.array([9, 9]),
        seats=ones * 100,
        allowed=np.ones((2, 2), dtype=np.bool_),
        required=np.zeros((2, 2), dtype=np.int64),
        residents=np.ones(2),
        supplier=np.zeros(2, dtype=np.intp),
        floor_sessions=np.zeros(2, dtype=np.int64),
        repeat_factor=np.ones(2),
        neighbours=((0, 1),),
        touring_discount=0.1,
    )


TOURS = (Tour(0, (0, 0), (0, 1), 2),)


def test_both_halves_come_to_the_same_month(problem: ProcurementProblem) -> None:
    # The first street is free in January and March only, the second in February and March.
    sessions = np.array([[[2, 1], [2, 1]]])
    rooms = calendar([[9, 0, 9], [0, 9, 9]], [[True] * 3] * 2)
    slots = schedule(problem, rooms, sessions, TOURS)
    touring = [slot for slot in slots if slot.tour >= 0]
    assert {(slot.product, slot.month) for slot in touring} == {(0, 2)}
    assert sorted((slot.tour, slot.street) for slot in touring) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert sum(slot.sessions for slot in slots) == 6
    assert all(slot.placed for slot in slots)


def test_without_a_common_month_they_are_placed_apart(problem: ProcurementProblem) -> None:
    sessions = np.array([[[2, 0], [2, 0]]])
    slots = schedule(problem, calendar([[9, 0], [0, 9]], [[True] * 2] * 2), sessions, TOURS)
    assert [(slot.street, slot.month, slot.sessions, slot.tour) for slot in slots] == [
        (0, 0, 2, -1),
        (1, 1, 2, -1),
    ]


def test_no_hall_is_used_beyond_its_slots(problem: ProcurementProblem) -> None:
    sessions = np.array([[[2, 3], [2, 0]]])
    rooms = calendar([[2, 1], [2, 1]], [[True] * 2] * 2)
    slots = schedule(problem, rooms, sessions, TOURS)
    used = np.zeros((2, 2), dtype=np.int64)
    for slot in slots:
        if slot.placed:
            used[slot.venue, slot.month] += slot.sessions
    assert (used <= rooms.slots).all()
    assert sum(slot.sessions for slot in slots if not slot.placed) == 2  # 5 sessions, 3 slots


def test_pairs_of_one_product_get_different_days_in_a_row() -> None:
    one = Slot(buyer=0, street=0, product=0, venue=0, month=1, sessions=1, placed=True, tour=0)
    slots = [replace(one, tour=number, street=street) for number in range(6) for street in range(2)]
    days = tour_days(["2027-01", "2027-02"], slots)
    assert days[0] == (date(2027, 2, 6), date(2027, 2, 7))  # a Saturday and its Sunday
    assert all(second - first == timedelta(days=1) for first, second in days.values())
    assert all(day.month == 2 for pair in days.values() for day in pair)
    assert len({day for pair in days.values() for day in pair}) == 12


def test_lessons_of_a_series_share_one_venue_and_runs_take_no_slots(
    problem: ProcurementProblem,
) -> None:
    # Two venues in the first street: the preferred one has too few slots for six lessons.
    rooms = VenueCalendar(
        street=np.array([0, 0, 1], dtype=np.intp),
        seats=np.full(3, 100.0),
        step_free=np.ones(3, dtype=np.bool_),
        preference=np.array([0, 1, 0], dtype=np.intp),
        slots=np.array([[1, 1, 1], [3, 3, 3], [0, 1, 0]], dtype=np.int64),
        needs_seats=np.zeros(2),
        needs_step_free=np.zeros(2, dtype=np.bool_),
        nowhere=np.zeros(2, dtype=np.bool_),
        open_months=np.ones((2, 3), dtype=np.bool_),
        series=np.array([6, 1]),
        runs=np.array([False, True]),
    )
    slots = schedule(problem, rooms, np.array([[[1, 0], [0, 2]]]))
    lessons = [slot for slot in slots if slot.product == 0]
    assert {slot.venue for slot in lessons} == {1}
    assert [(slot.month, slot.sessions) for slot in lessons] == [(0, 2), (1, 2), (2, 2)]
    runs = [slot for slot in slots if slot.product == 1]
    assert [(slot.venue, slot.month, slot.sessions, slot.placed) for slot in runs] == [
        (2, 1, 2, True)
    ]
