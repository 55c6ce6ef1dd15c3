"""Solve again near a plan: one street is bought anew, all else stays.

Two searches over the whole district differ by more than one session is worth, since both stop
within a gap. Over one street alone both are nearly exact, so that their difference is what a
session costs.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.check import check_sessions
from recommender.procurement.deadline import Deadline
from recommender.procurement.model import LinearModel, build_model, with_rows
from recommender.procurement.ordering import steps_of
from recommender.procurement.plan import ProcurementPlan, cell_attendance
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.relaxation import Floats
from recommender.procurement.solve import solve_with_fixed

_GAP = 1e-4  # of one street's value
_STAY = (
    0.02  # attendances that keeping a session of the plan is worth, so that ties stay as planned
)


def buy_street_again(
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    street: int,
    *,
    deadline: Deadline,
) -> tuple[float, NDArray[np.int64]] | None:
    """The best plan that differs from a plan in one street only.

    Parameters
    ----------
    problem
        The rules to keep; they may be others than the plan's.
    plan
        What stays in all other streets.
    street
        Position of the street that is bought anew.
    deadline
        When to stop.

    Returns
    -------
    Weighted attendances and sessions of shape (B, S, P); ``None`` when there is no such plan
    (the catalogue or a supplier's cap may be used up elsewhere), or none was found in the time.
    """
    model = build_model(problem)
    planned = _columns_of(model, plan)
    n, end = model.n_sessions, model.n_sessions + len(model.tours)
    fixed = np.zeros(len(model.value), dtype=np.bool_)
    free = model.street == street
    fixed[:n] = ~free
    fixed[n:end] = [street not in (a[1], b[1]) for a, b, _ in model.tours]
    held = replace(model, value=model.value + _STAY * (planned > 0))
    held = with_rows(held, steps_of(held, free))
    x, _, _ = solve_with_fixed(held, fixed, planned, time_limit_s=deadline.left(), mip_gap=_GAP)
    if x is None:
        return None
    sessions = model.sessions(x, plan.sessions.shape)
    if check_sessions(problem, sessions, model.tours_of(x)):
        return None
    cells = cell_attendance(problem, sessions.sum(axis=0), problem.demand)
    return float((problem.weight * cells).sum()), sessions


def _columns_of(model: LinearModel, plan: ProcurementPlan) -> Floats:
    """The plan as a solution of the model; several buyers of a cell take its steps in turn."""
    x = np.zeros(len(model.value))
    before = np.cumsum(plan.sessions, axis=0) - plan.sessions
    first = before[model.buyer, model.street, model.product]
    count = plan.sessions[model.buyer, model.street, model.product]
    x[: model.n_sessions] = (model.tier >= first) & (model.tier < first + count)
    at = {key: position for position, key in enumerate(model.tours)}
    for tour in plan.tours:
        position = at.get((tour.first, tour.second, tour.product))
        if position is not None:
            x[model.n_sessions + position] = tour.sessions
    return x
