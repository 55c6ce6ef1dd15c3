"""Days and hours of a plan: every session's appointment, and its seats as scheduled."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from recommender.procurement.plan import ProcurementPlan, make_lines
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.schedule import Slot
from recommender.procurement.timetable import Appointment, arrange
from recommender.procurement.touring_days import tour_days
from serving.planning.problem.building import Planning
from serving.planning.problem.days import agreed_days


def appoint(planning: Planning, slots: Sequence[Slot]) -> tuple[Appointment, ...]:
    """Give every session of a schedule its day and hour.

    Parameters
    ----------
    planning
        The days, and what stands on them.
    slots
        The schedule.

    Returns
    -------
    Appointments; a session without a free day has none.
    """
    tours = tour_days(planning.months, slots, agreed_days(planning.days))
    return arrange(slots, planning.days, planning.timing, planning.engagements, tours)


def seat_as_scheduled(
    planning: Planning,
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    slots: Sequence[Slot],
) -> tuple[ProcurementProblem, ProcurementPlan]:
    """The problem and the plan's lines with the seats of the rooms that were scheduled.

    Parameters
    ----------
    planning
        Venues and products.
    problem, plan
        As they were solved: with the seats of each street's preferred room.
    slots
        The schedule.

    Returns
    -------
    Both, so that no line expects more people than its rooms hold.
    """
    most = planning.products["audience_max"].astype("float64").fillna(np.inf).to_numpy()
    room, placed = np.zeros(problem.seats.shape), np.zeros(problem.seats.shape)
    for slot in slots:
        if slot.placed and slot.venue >= 0:
            each = min(float(planning.calendar.seats[slot.venue]), float(most[slot.product]))
            room[slot.street, slot.product] += slot.sessions * each
            placed[slot.street, slot.product] += slot.sessions
    mean = np.divide(room, placed, out=problem.seats.copy(), where=placed > 0)
    seats = np.minimum(mean, problem.seats)
    if np.array_equal(seats, problem.seats):
        return problem, plan
    seated = replace(problem, seats=seats)
    return seated, replace(plan, lines=make_lines(seated, plan.sessions, plan.tours))


def date_words(
    slots: Sequence[Slot], appointments: Sequence[Appointment]
) -> Mapping[tuple[int, int, int, int], list[str]]:
    """Days and hours by (buyer, street, product, venue) of the schedule.

    Parameters
    ----------
    slots, appointments
        The schedule, and its days.

    Returns
    -------
    ``2027-01-16 14:00`` for a sitting, ``2027-01-16/2027-01-29`` for a run of days; in order.
    """
    found: dict[tuple[int, int, int, int], list[str]] = {}
    for each in appointments:
        slot = slots[each.slot]
        hour = f"{each.minute // 60:02d}:{each.minute % 60:02d}"
        words = f"{each.first} {hour}" if each.first == each.last else f"{each.first}/{each.last}"
        found.setdefault((slot.buyer, slot.street, slot.product, slot.venue), []).append(words)
    return {key: sorted(words) for key, words in found.items()}
