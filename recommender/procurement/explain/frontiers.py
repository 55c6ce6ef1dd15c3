"""Attendance against budget, against evenness, and against the matching of wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender.demand.competition import matching_degree
from recommender.procurement.benefit import category_masses, competing, plan_value
from recommender.procurement.plan import ProcurementPlan, cell_attendance, evenness_of
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.solver.milp import plan_procurement


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """One point of a frontier: what is asked for, and the plan it gives.

    ``value`` is weighted attendances; ``matching`` the mean 供需匹配度 by people, nan where
    no wants are known.
    """

    asked: float
    value: float
    amount_fen: int
    gini: float
    gap: float
    matching: float = float("nan")


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
    return _trace({bound: replace(problem, gini_max=bound) for bound in bounds}, time_limit_s)


def matching_frontier(
    problem: ProcurementProblem, dials: Sequence[float], *, time_limit_s: float = 10.0
) -> tuple[FrontierPoint, ...]:
    """Attendance against the matching of wants: each setting of the dial.

    Parameters
    ----------
    problem
        The planning problem; without competition the dial does nothing.
    dials
        From 0 (attendances alone) to 1 (money follows wants).
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    One point a setting that allows a plan.
    """
    return _trace({dial: replace(problem, matching=dial) for dial in dials}, time_limit_s)


def _trace(
    asked: Mapping[float, ProcurementProblem], time_limit_s: float
) -> tuple[FrontierPoint, ...]:
    """One point a problem that allows a plan, by what was asked."""
    points = []
    for value, problem in asked.items():
        plan = plan_procurement(problem, time_limit_s=time_limit_s, mip_gap=0.01)
        if plan.lines:
            points.append(_point(problem, plan, value))
    return tuple(points)


def _point(problem: ProcurementProblem, plan: ProcurementPlan, asked: float) -> FrontierPoint:
    cells = cell_attendance(problem, plan.sessions.sum(axis=0), problem.demand)
    matching = float("nan")
    if problem.competition is not None:
        came = category_masses(problem, competing(problem, cells))
        degree = matching_degree(came, problem.competition.wants)
        matching = float(degree @ problem.residents / problem.residents.sum())
    return FrontierPoint(
        asked,
        plan_value(replace(problem, matching=0.0), cells),
        plan.amount_fen,
        evenness_of(problem, plan.sessions),
        plan.gap,
        matching,
    )
