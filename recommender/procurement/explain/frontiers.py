"""Attendance against budget, and against evenness."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender.procurement.plan import ProcurementPlan, evenness_of
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.solver.milp import plan_procurement


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """One point of a frontier: what is asked for, and the plan it gives."""

    asked: float
    value: float
    amount_fen: int
    gini: float
    gap: float


def budget_frontier(
    problem: ProcurementProblem, factors: Sequence[float], *, time_limit_s: float = 10.0
) -> tuple[FrontierPoint, ...]:
    """Attendance against budget: every buyer's budget times each factor.

    Floors that a smaller budget cannot pay are left out of the smaller ones.

    Parameters
    ----------
    problem
        The planning problem.
    factors
        Each multiplies every budget, > 0.
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    One point a factor that allows a plan.
    """
    points = []
    for factor in factors:
        scaled = replace(problem, budget_fen=(problem.budget_fen * factor).astype(np.int64))
        plan = plan_procurement(scaled, time_limit_s=time_limit_s, mip_gap=0.01)
        if plan.lines:
            points.append(_point(scaled, plan, float(scaled.budget_fen.sum())))
    return tuple(points)


def evenness_frontier(
    problem: ProcurementProblem, bounds: Sequence[float], *, time_limit_s: float = 10.0
) -> tuple[FrontierPoint, ...]:
    """Attendance against evenness: each bound on the Gini coefficient.

    Parameters
    ----------
    problem
        The planning problem.
    bounds
        Upper bounds on the Gini coefficient, in [0, 1].
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    One point a bound that allows a plan.
    """
    points = []
    for bound in bounds:
        bounded = replace(problem, gini_max=bound)
        plan = plan_procurement(bounded, time_limit_s=time_limit_s, mip_gap=0.01)
        if plan.lines:
            points.append(_point(bounded, plan, bound))
    return tuple(points)


def _point(problem: ProcurementProblem, plan: ProcurementPlan, asked: float) -> FrontierPoint:
    return FrontierPoint(
        asked, plan.value, plan.amount_fen, evenness_of(problem, plan.sessions), plan.gap
    )
