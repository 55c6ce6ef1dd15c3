"""Solve a stated problem: defaults yield where they must, the plan is verified and scheduled."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommender.errors import GongxuError
from recommender.procurement import plan_procurement
from recommender.procurement.benefit import plan_value
from recommender.procurement.explain.conflicts import find_conflicts
from recommender.procurement.plan import (
    ProcurementPlan,
    Status,
    cell_attendance,
    make_lines,
    sessions_of,
)
from recommender.procurement.pooling import Pool, one_buyer_a_cell, pool_leftovers
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.supplier_share import SHARE_MAX
from recommender.procurement.schedule import Slot, schedule
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.incumbent import OnProgress
from recommender.procurement.timetable import Appointment, arrange
from recommender.procurement.touring_days import tour_days
from recommender.procurement.verify import verify_plan
from serving.messages.catalogue import text
from serving.planning.explanations import NoPlanError, conflict_text, named, with_lines
from serving.planning.problem.building import Planning
from serving.planning.problem.days import agreed_days
from serving.planning.problem.neighbours import near_streets
from serving.planning.problem.venues import slot_limits


@dataclass(frozen=True, slots=True)
class Solved:
    """A solved planning: the problem with the rooms that were scheduled, its plan, schedule, days.

    ``posed`` is the problem as it was finally solved, with the rooms that streets prefer;
    ``loosened`` says in words which defaults yielded, ``eased`` how their names begin. In both
    problems budgets hold what buyers give each other for sessions that they ``pools``.
    """

    problem: ProcurementProblem
    plan: ProcurementPlan
    slots: tuple[Slot, ...]
    appointments: tuple[Appointment, ...]
    loosened: tuple[str, ...]
    posed: ProcurementProblem
    eased: tuple[str, ...] = ()
    pools: tuple[Pool, ...] = ()

    def lines(self) -> list[dict[str, Any]]:
        """The plan's lines that a buyer pays alone: buyer, street and product codes, sessions."""
        names = ("buyer_code", "street_code", "product_id", "sessions")
        pooled = {(pool.street, pool.product) for pool in self.pools}
        streets, products = self.problem.streets, self.problem.products
        return [
            dict(zip(names, (line.buyer, line.street, line.product, line.sessions), strict=True))
            for line in self.plan.lines
            if (streets.position(line.street), products.position(line.product)) not in pooled
        ]


LADDER: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("min_shares", ("new.", "audience."), {"min_share": 0.0}),
    ("floors", ("floor.",), {"floor_sessions": 0}),
    ("growth", ("plan.growth",), {"most_sessions": None}),
    ("halls", ("venues.",), {"slot_limits": None}),
    ("evenness", ("evenness.",), {"gini_max": None}),
    ("supplier_share", ("supplier.",), {"settings": {SHARE_MAX.name: SHARE_MAX.neutral}}),
)
"""Defaults that yield, in this order, when they cannot be kept; a given rule never yields."""


def solve_planning(
    planning: Planning,
    *,
    time_limit_s: float = 30.0,
    mip_gap: float = 0.005,
    clock: Callable[[], float] = time.monotonic,
    on_progress: OnProgress | None = None,
    start: Solved | None = None,
) -> Solved:
    """Solve and schedule; default rules that cannot be kept yield, with a warning.

    What comes will differ from what is expected, and most of all between streets: so the evenness
    bound is kept with a margin (``evenness.aim``) where demand is uncertain and the margin can be
    had.

    Parameters
    ----------
    planning
        What the plan was made from.
    time_limit_s
        Seconds for the solver.
    mip_gap
        Relative gap at which the search may stop.
    clock
        Seconds from any origin.
    on_progress
        Hears how the search goes on; what it raises ends the search.
    start
        A plan to begin with, such as the one on the table, where it keeps these rules.

    Returns
    -------
    The problem as it was finally posed, its plan and its schedule.

    Raises
    ------
    NoPlanError
        If the rules conflict.
    """
    deadline = clock() + time_limit_s

    def solve(posed: ProcurementProblem, share: float = _SHARE) -> ProcurementPlan:
        left = max(0.0, deadline - clock())
        begin = None if start is None else sessions_of(posed, start.lines())
        return plan_procurement(
            posed,
            time_limit_s=share * left,
            mip_gap=mip_gap,
            clock=clock,
            on_progress=on_progress,
            start=begin,
        )

    problem = aim_at_evenness(planning)
    loosened: list[str] = []
    yielded: list[str] = []
    plan = solve(problem)
    if problem is not planning.problem and not plan.lines:  # the margin cannot be had
        problem = planning.problem
        plan = solve(problem)
    for default, families, change in LADDER:
        if plan.status is not Status.INFEASIBLE:
            break
        loose = loosen(planning, problem, families, change)
        if loose is None:
            continue
        problem = loose
        yielded += families
        eased = text(f"plan.default.{default}", "zh")
        conflicts = "；".join(conflict_text(each, "zh") for each in plan.conflicts)
        loosened.append(text("plan.default_eased", "zh", rule=eased, conflicts=conflicts))
        plan = solve(problem)
    if plan.status is Status.UNKNOWN:  # no time left for the hardest of the defaults
        loose = loosen(planning, problem, ("evenness.",), {"gini_max": None})
        if loose is not None:
            problem = loose
            yielded.append("evenness.")
            loosened.append(text("plan.evenness_eased", "zh"))
            plan = solve(problem, 1.0)
    if plan.status in (Status.INFEASIBLE, Status.UNKNOWN):
        raise _no_plan(planning, problem, plan)
    plan = replace(plan, sessions=one_buyer_a_cell(problem, plan.sessions, plan.tours))
    near = near_streets(
        planning.streets, list(problem.streets.ids), planning.rules.touring.distance_m
    )
    problem, sessions, pools = pool_leftovers(problem, plan, near, ~planning.shapes.everywhere)
    lines = make_lines(problem, sessions, plan.tours)
    plan = replace(plan, sessions=sessions, lines=lines)
    if pools:
        value = plan_value(problem, cell_attendance(problem, sessions.sum(axis=0), problem.demand))
        plan = replace(plan, value=value, bound=max(plan.bound, value))
    broken = verify_plan(problem, plan)
    if broken:  # never shown unchecked, whatever the solver says
        found = "; ".join(str(violation) for violation in broken[:3])
        raise GongxuError(f"the plan breaks its own rules: {found}.")
    solved = scheduled(planning, problem, plan, tuple(loosened), tuple(yielded))
    return replace(solved, pools=pools)


def _no_plan(planning: Planning, problem: ProcurementProblem, plan: ProcurementPlan) -> NoPlanError:
    """Why there is none; conflicting rules are looked for beyond a time limit that is short."""
    conflicts = plan.conflicts or find_conflicts(problem, deadline=Deadline.within(_TO_NAME_S))
    if conflicts:
        told = "; ".join(with_lines(planning.rules, conflicts))
        return NoPlanError(
            f"no plan can keep these rules together: {told}.",
            "Ease one of them.",
            [named(planning, each) for each in conflicts],
        )
    return NoPlanError("no plan was found in the time allowed.", "Give --time-limit more.")


_TO_NAME_S = 5.0


def scheduled(
    planning: Planning,
    posed: ProcurementProblem,
    plan: ProcurementPlan,
    loosened: tuple[str, ...],
    eased: tuple[str, ...],
) -> Solved:
    """A plan with its schedule, days and rooms.

    Parameters
    ----------
    planning
        What the plan was made from.
    posed, plan
        The problem as it was solved, and its plan.
    loosened
        Defaults that yielded, in words.
    eased
        How their names begin.

    Returns
    -------
    Both as they are shown.
    """
    roomy = posed.slot_limits != planning.problem.slot_limits
    calendar = planning.roomy if roomy and planning.roomy is not None else planning.calendar
    slots = schedule(posed, calendar, plan.sessions, plan.tours)
    problem, plan = seat_as_scheduled(planning, posed, plan, slots)
    return Solved(problem, plan, slots, appoint(planning, slots), loosened, posed, eased)


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
            each *= float(planning.shapes.room[slot.product])
            room[slot.street, slot.product] += slot.sessions * each
            placed[slot.street, slot.product] += slot.sessions
    mean = np.divide(room, placed, out=problem.seats.copy(), where=placed > 0)
    seats = np.minimum(mean, problem.seats)
    if np.array_equal(seats, problem.seats):
        return problem, plan
    seated = replace(problem, seats=seats)
    return seated, replace(plan, lines=make_lines(seated, plan.sessions, plan.tours))


_SHARE = 0.7  # of the time left for each attempt: there is always some for another


def aim_at_evenness(planning: Planning) -> ProcurementProblem:
    """The problem with the evenness bound tightened by the margin; the same one without a margin.

    A certain demand needs no margin.
    """
    problem, aim = planning.problem, planning.rules.evenness.aim
    if problem.gini_max is None or aim >= 1 or not problem.log_sd.any():
        return problem
    return replace(problem, gini_max=aim * problem.gini_max)


def loosen(
    planning: Planning,
    problem: ProcurementProblem,
    families: tuple[str, ...],
    change: Mapping[str, Any],
) -> ProcurementProblem | None:
    """The problem with one default eased; ``None`` where it is given or asks for nothing.

    Parameters
    ----------
    planning
        What the problem was made from; rules that are given never yield.
    problem
        The problem so far.
    families, change
        From :data:`LADDER`.

    Returns
    -------
    The looser problem.
    """
    given = planning.rules.given
    if "min_share" in change:
        quotas = tuple(
            replace(quota, min_share=0.0)
            if quota.name.startswith(families) and not _is_given(quota.name, given)
            else quota
            for quota in problem.quotas
        )
        return replace(problem, quotas=quotas) if quotas != problem.quotas else None
    if any(name.startswith(families) for name in given):
        return None
    if "floor_sessions" in change:
        if not problem.floor_sessions.any():
            return None
        return replace(problem, floor_sessions=np.zeros_like(problem.floor_sessions))
    if "most_sessions" in change and problem.most_sessions is None:
        return None
    if "slot_limits" in change:
        if planning.roomy is None:
            return None
        limits, groups = slot_limits(planning.roomy, len(problem.streets))
        return replace(problem, slot_limits=limits, groups={**problem.groups, **groups})
    if "settings" in change:
        return replace(problem, settings={**problem.settings, **change["settings"]})
    return replace(problem, **change)


def _is_given(quota: str, given: frozenset[str]) -> bool:
    return f"{quota}.min_share" in given or f"{quota}_min_share" in given
