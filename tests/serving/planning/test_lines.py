"""Plans carry days: lines, warnings, orders; no line expects more than its rooms hold."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from recommender.procurement.schedule import Slot
from recommender.procurement.timetable import Appointment
from recommender.types import DemandEstimate, IdMap
from serving.planning.lines import date_words
from serving.planning.problem.building import Planning, build_planning
from serving.planning.rules_file import parse_rules
from serving.planning.solution import appoint, seat_as_scheduled, solve_planning


def estimate(people: float) -> DemandEstimate:
    demand = np.full((2, 2), people)
    none = np.zeros((2, 2))
    return DemandEstimate(
        streets=IdMap(["S1", "S2"]), products=IdMap(["P1", "P2"]), period="2027Q1",
        expected=demand, low=demand * 0.7, high=demand * 1.4,
        evidence_bookings=none.astype(np.int64), evidence_surveys=none.astype(np.int64),
        supply=none, gap=demand, suppressed=none.astype(np.bool_),
    )  # fmt: skip


@pytest.fixture
def planning(dataset_of) -> Planning:
    small = {"venue_id": "V3", "name": "三", "area_code": "S1", "level": "street", "seats": 40}
    venues = [*dataset_of()["venues"].to_dict("records"), small]
    budgets = [{"buyer_code": "D", "period": "2027Q1", "amount_fen": 10_000_000}]
    loose = "[evenness]\ngini_max = false\n[supplier]\nshare_max = 1.0\n"
    loose += "[venues]\nsessions_per_month = 1\n[plan]\nsessions_per_product = 4\n"
    loose += "[category.performance]\nmax_share = 1.0\n"
    dataset = dataset_of(venues=venues, budgets=budgets)
    return build_planning(dataset, estimate(90.0), parse_rules(loose))


def test_every_session_has_a_day_that_is_no_holiday(planning: Planning) -> None:
    solved = solve_planning(planning)
    placed = sum(slot.sessions for slot in solved.slots if slot.placed)
    assert len(solved.appointments) == placed > 4
    words = date_words(solved.slots, solved.appointments)
    assert all(
        re.fullmatch(r"2027-0[123]-\d\d \d\d:\d\d", each) for own in words.values() for each in own
    )
    open_days = {d for d, c in zip(planning.days.days, planning.days.closed, strict=True) if not c}
    assert {each.first for each in solved.appointments} <= open_days


def test_no_line_expects_more_than_its_rooms_hold(planning: Planning) -> None:
    solved = solve_planning(planning)
    seats: dict[tuple[str, str], float] = {}
    for slot in solved.slots:
        key = solved.problem.streets.ids[slot.street], solved.problem.products.ids[slot.product]
        room = float(planning.calendar.seats[slot.venue]) if slot.placed else np.inf
        seats[key] = seats.get(key, 0.0) + slot.sessions * room
    small = [
        line for line in solved.plan.lines if seats[line.street, line.product] < 100 * line.sessions
    ]
    assert small, "some sessions are in the small hall"
    assert all(line.expected <= seats[line.street, line.product] for line in solved.plan.lines)


def test_seats_of_the_preferred_room_change_nothing(planning: Planning) -> None:
    solved = solve_planning(planning)
    preferred = [replace(slot, venue=slot.street) for slot in solved.slots]
    problem, plan = seat_as_scheduled(planning, planning.problem, solved.plan, preferred)
    assert problem is planning.problem
    assert plan is solved.plan


def test_words_of_a_sitting_and_of_a_run() -> None:
    slot = Slot(0, 1, 2, 3, 0, 2, True)
    found = date_words(
        [slot],
        [
            Appointment(0, date(2027, 1, 16), date(2027, 1, 29), 0),
            Appointment(0, date(2027, 1, 9), date(2027, 1, 9), 570),
        ],
    )
    assert found == {(0, 1, 2, 3): ["2027-01-09 09:30", "2027-01-16/2027-01-29"]}


def test_what_is_not_placed_has_no_day(planning: Planning) -> None:
    assert appoint(planning, [Slot(0, 0, 0, -1, 0, 1, False)]) == ()
