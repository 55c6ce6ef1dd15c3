"""The plan by mixed-integer programming, with an honest gap and a time limit that holds.

The linear relaxation is solved first. Its reduced costs say which sessions cannot matter: fixing
those whose reduced cost exceeds t loses nothing above ``relaxation - t``, so the kernel that is
left is small and the bound stays true: ``max(kernel's bound, relaxation - t)``, never above the
relaxation (reduced-cost fixing; kernel search of Angelelli, Mansini & Speranza 2010).
"""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from recommender.procurement.benefit import plan_value
from recommender.procurement.explain.binding import gains_of_easing, shadow_prices
from recommender.procurement.explain.conflicts import find_conflicts
from recommender.procurement.plan import (
    ProcurementPlan,
    Status,
    Tour,
    make_lines,
    toured_sessions,
)
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.values import Explanation
from recommender.procurement.solver.deadline import Clock, Deadline
from recommender.procurement.solver.heuristic import fill
from recommender.procurement.solver.incumbent import Incumbent, OnProgress
from recommender.procurement.solver.linear_model import (
    LinearModel,
    build_model,
    with_rows,
    without_rows,
)
from recommender.procurement.solver.payers import Merged, merge_buyers, without_merging
from recommender.procurement.solver.precedence import relax_in_order, skipped_steps
from recommender.procurement.solver.relaxation import Relaxation, opportunity_costs
from recommender.procurement.solver.rounding import fill_up, round_relaxation

Floats = NDArray[np.float64]

_KEPT = 0.9  # of the time limit; HiGHS looks at its clock only now and then
_KERNEL = 600  # session columns of the first kernel; HiGHS closes it in about a second


def plan_procurement(
    problem: ProcurementProblem,
    *,
    time_limit_s: float = 30.0,
    mip_gap: float = 0.005,
    clock: Clock = time.monotonic,
    start: NDArray[np.int64] | None = None,
    on_progress: OnProgress | None = None,
) -> ProcurementPlan:
    """Choose sessions of most benefit that keep every rule.

    maximise the value of :mod:`~recommender.procurement.benefit` over whole n >= 0, under the
    problem's rules; without competition that is sum weight[s, p] * total[s, p](n[s, p]).

    Parameters
    ----------
    problem
        What is to be decided.
    time_limit_s
        Seconds after which the best answer so far is returned.
    mip_gap
        The relative gap at which the search may stop.
    clock
        Seconds from any origin.
    start
        Sessions to begin with, shape (B, S, P), such as those of the plan that is on the table;
        they count where they keep the rules.
    on_progress
        Hears how the search goes on; what it raises ends the search.

    Returns
    -------
    A plan that keeps every rule, its bound and gap; or one with status ``infeasible`` and the
    rules that conflict.
    """
    deadline = Deadline.within(_KEPT * time_limit_s, clock)
    full = build_model(problem)
    merged = merge_buyers(problem, full)
    best = Incumbent(problem, full, on_progress)
    if start is not None:
        best.offer_plan(start, (), "start")
    model, relaxed = relax_in_order(merged.model, deadline=deadline.part(0.6))
    if relaxed.feasible is False:
        return _infeasible(problem, deadline)
    if relaxed.feasible:
        bound = relaxed.bound
        best.lower(bound)
        round_relaxation(merged, model, relaxed, best, deadline)
        if not best.found:
            best.offer(fill(problem, full, deadline=deadline), "greedy")
        proven = _search(merged, model, relaxed, best, deadline, mip_gap)
        if not best.found and merged.model is not full:  # where purses hold few sessions
            merged = without_merging(full)
            model, relaxed = relax_in_order(full, deadline=deadline.part(0.6))
            if relaxed.feasible:
                proven = _search(merged, model, relaxed, best, deadline, mip_gap)
            elif relaxed.feasible is False:
                proven = None
        if proven is None and not best.found:
            return _infeasible(problem, deadline)
        bound = min(bound, proven) if proven is not None else bound
        if merged.model is not full and bound - best.value > mip_gap * bound:
            _settle_payers(merged, relaxed, best, deadline)
    else:
        bound = _simple_bound(problem, full)
        best.lower(bound)
        best.offer(fill(problem, full, deadline=deadline), "greedy")
    if not best.found:
        return _nothing(problem, Status.UNKNOWN, (), bound)
    bound = max(bound, best.value)
    tours = _all_tours(full, best.sessions, best.tours)
    gap = 0.0 if bound <= 0 else (bound - best.value) / bound
    return ProcurementPlan(
        status=Status.OPTIMAL if gap <= mip_gap else Status.FEASIBLE,
        gap=gap,
        value=best.value,
        bound=bound,
        sessions=best.sessions,
        tours=tours,
        lines=make_lines(problem, best.sessions, tours),
        shadow_prices=shadow_prices(model, relaxed),
        easing=gains_of_easing(problem, model, relaxed) if relaxed.feasible else {},
        method=best.method,
    )


def _search(
    merged: Merged,
    model: LinearModel,
    relaxed: Relaxation,
    best: Incumbent,
    deadline: Deadline,
    mip_gap: float,
) -> float | None:
    """Solve growing kernels until the gap is met or time is up.

    Returns the proven bound, or ``None`` when no whole solution exists.
    """
    n = model.n_sessions
    dear = opportunity_costs(model, relaxed)
    model = without_rows(model, ~relaxed.active)
    cost = np.round(np.abs(relaxed.reduced[:n]), 6)  # rounding noise would hide the ties
    # Ties are many (sessions that fill the same venue at the same price). The relaxation's own
    # choice comes first; the others are mixed, so that a kernel holds some of every street.
    mixed = np.random.default_rng(0).permutation(n)
    taken = relaxed.x[:n] > 1e-9
    ranked = np.lexsort((mixed, ~taken, cost))
    size, bound, tried, late = _KERNEL, relaxed.bound, False, 0.05
    while True:
        left = deadline.left()
        if bound - best.value <= mip_gap * bound or (tried and left < 0.5) or left <= late:
            return bound
        fixed = np.zeros(len(model.value), dtype=np.bool_)
        fixed[ranked[size:]] = True
        fixed[:n] &= ~(taken & (relaxed.x[:n] < 1 - 1e-9))
        if best.found:  # what cannot beat the best so far need not be looked at
            fixed[:n] |= cost > relaxed.bound - best.value + 1e-6
        whole = not fixed.any()
        outside = -np.inf if whole else relaxed.bound - float(cost[fixed[:n]].min())
        share = 0.9 if whole else 0.4
        x, kernel_bound, status = solve_with_fixed(
            model, fixed, np.rint(relaxed.x), time_limit_s=share * left, mip_gap=mip_gap / 4
        )
        tried = True
        # By how much the solver came late: a kernel three times as large will, too.
        late = max(late, 3 * (left - deadline.left() - share * left))
        if x is not None:
            if merged.model is not merged.full:  # what fits no single purse is replaced
                fill_up(merged, np.rint(x), dear, best, deadline=deadline, method="milp")
            elif not best.offer(x, "milp") and (skipped := skipped_steps(model, x)):
                model = with_rows(model, skipped)  # out of order, to look more even
                continue
        if whole and status == "infeasible":
            return None
        if kernel_bound is not None:
            bound = min(bound, max(kernel_bound, outside, best.value))
            best.lower(bound)
        if whole or (size >= n and status == "done"):  # what stays fixed cannot beat the best
            return bound
        size *= 3


def _settle_payers(
    merged: Merged, relaxed: Relaxation, best: Incumbent, deadline: Deadline
) -> None:
    """Choose purses and the sessions of small reduced cost anew, buyer by buyer.

    It matters where a purse holds few sessions.
    """
    if not best.found or deadline.left() < 0.5:
        return
    full, n = merged.full, merged.model.n_sessions
    near = np.zeros(n, dtype=np.bool_)
    near[np.argsort(np.abs(relaxed.reduced[:n]), kind="stable")[:_KERNEL]] = True
    fixed = np.zeros(len(full.value), dtype=np.bool_)
    fixed[: full.n_sessions] = ~near[merged.member]
    gone = np.zeros(len(full.keys), dtype=np.bool_)
    gone[merged.rows] = ~relaxed.active[: len(merged.rows)]
    planned = full.columns_of(best.sessions, best.tours)
    x, _, _ = solve_with_fixed(
        without_rows(full, gone), fixed, planned, time_limit_s=0.9 * deadline.left(), mip_gap=1e-3
    )
    best.offer(x, "milp")


def solve_with_fixed(
    model: LinearModel,
    fixed: NDArray[np.bool_],
    values: Floats,
    *,
    time_limit_s: float,
    mip_gap: float,
) -> tuple[Floats | None, float | None, str]:
    """Solve with some columns fixed; (solution, bound on the value, what happened).

    Parameters
    ----------
    model
        The linear model.
    fixed
        Columns that keep their value, one entry a column.
    values
        The values of fixed columns.
    time_limit_s
        Seconds for the solver.
    mip_gap
        Relative gap at which the search may stop.

    Returns
    -------
    The solution (``None``: none found), a bound on the value (``None``: none known), and the
    solver's status.
    """
    free = np.flatnonzero(~fixed)
    if not len(free):
        value = float(model.value @ values)
        return values, value, "done"
    base = np.where(fixed, values, 0.0)
    offset = model.matrix @ base
    constraints = LinearConstraint(
        model.matrix[:, free].tocsc(), model.low - offset, model.high - offset
    )
    result = milp(
        -model.value[free],
        integrality=model.integral[free].astype(np.int64),
        bounds=Bounds(np.zeros(len(free)), model.upper[free]),
        constraints=constraints,
        options={"time_limit": time_limit_s, "mip_rel_gap": mip_gap, "presolve": True},
    )
    gained = float(model.value @ base)
    status = {0: "done", 1: "timeout", 2: "infeasible"}.get(result.status, "timeout")
    # Without whole columns it is no mixed-integer programme, and its value is the bound.
    bound = result.mip_dual_bound if model.integral[free].any() else result.fun
    proven = None if bound is None or not np.isfinite(bound) else gained - float(bound)
    if status == "infeasible":
        proven = -np.inf
    if result.x is None:
        return None, proven, status
    x = base.copy()
    x[free] = result.x
    return x, proven, status


def _all_tours(
    model: LinearModel, sessions: NDArray[np.int64], tours: tuple[Tour, ...]
) -> tuple[Tour, ...]:
    """Let whatever can tour tour: it saves money that the value did not need."""
    free = sessions - toured_sessions(sessions.shape, tours)
    more = list(tours)
    for first, second, product in model.tours:
        n = int(min(free[*first, product], free[*second, product]))
        if n > 0:
            more.append(Tour(product, first, second, n))
            free[*first, product] -= n
            free[*second, product] -= n
    return tuple(more)


def _simple_bound(problem: ProcurementProblem, model: LinearModel) -> float:
    """What the money alone allows: each buyer's best sessions, the last one cut to fit."""
    saving = 2 * problem.touring_discount if problem.neighbours else 0.0
    price = problem.price_fen[model.product] * max(0.0, 1 - saving)
    bound = 0.0
    for b, budget in enumerate(problem.budget_fen):
        own = np.flatnonzero(model.buyer == b)
        value, cost = model.worth[own], price[own]
        order = np.argsort(-value / np.maximum(cost, 1e-9))
        spent = np.cumsum(cost[order])
        part = np.clip(1 - (spent - budget) / np.maximum(cost[order], 1e-9), 0.0, 1.0)
        bound += float(value[order] @ part)
    if problem.competition is not None and problem.matching > 0:
        # What wants are worth where everything that can be had is had.
        everything = problem.totals(problem.demand)[-1] * problem.allowed
        bound += plan_value(replace(problem, matching=1.0), everything)
    return bound


def _infeasible(problem: ProcurementProblem, deadline: Deadline) -> ProcurementPlan:
    return _nothing(problem, Status.INFEASIBLE, find_conflicts(problem, deadline=deadline))


def _nothing(
    problem: ProcurementProblem,
    status: Status,
    conflicts: tuple[Explanation, ...],
    bound: float = 0.0,
) -> ProcurementPlan:
    shape = (len(problem.buyers), len(problem.streets), len(problem.products))
    return ProcurementPlan(
        status=status,
        gap=float("nan"),
        value=0.0,
        bound=bound,
        sessions=np.zeros(shape, dtype=np.int64),
        tours=(),
        lines=(),
        conflicts=conflicts,
    )
