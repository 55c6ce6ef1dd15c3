"""From parts of sessions to whole ones: round down, give buyers, fill up."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.heuristic import fill
from recommender.procurement.solver.incumbent import Incumbent
from recommender.procurement.solver.linear_model import LinearModel, build_model
from recommender.procurement.solver.payers import Merged, merge_buyers
from recommender.procurement.solver.precedence import in_order, relax_in_order
from recommender.procurement.solver.relaxation import Relaxation, opportunity_costs

Floats = NDArray[np.float64]

_TIGHTER = (0.0, 0.01, 0.04, 0.1, 0.25)


def round_relaxation(
    merged: Merged,
    model: LinearModel,
    relaxed: Relaxation,
    best: Incumbent,
    deadline: Deadline,
) -> None:
    """Round the relaxation down and fill up.

    Few columns are fractional, so this is nearly optimal, except that an evenness bound no longer
    holds exactly; so the relaxation is rounded again under slightly tighter ones. Each filling and
    each relaxation take about as long as the one before.

    Parameters
    ----------
    merged
        The model with and without buyers.
    model, relaxed
        The model without, and its relaxation.
    best
        To whom the outcome is offered.
    deadline
        When to stop.
    """
    problem, took = best.problem, 0.0
    for tighter in _TIGHTER:
        before = deadline.left()
        if before <= took:
            return
        if tighter:
            if problem.gini_max is None:
                return
            tight = build_model(replace(problem, gini_max=problem.gini_max * (1 - tighter)))
            model, relaxed = relax_in_order(
                merge_buyers(problem, tight).model,
                deadline=deadline.part(0.5),
                start=relaxed.x > 0,
            )
            if not relaxed.feasible:
                return
        whole = np.floor(relaxed.x + 1e-9)
        cost = opportunity_costs(model, relaxed)
        if fill_up(merged, whole, cost, best, deadline=deadline, method="rounded"):
            return
        took = before - deadline.left()


def fill_up(
    merged: Merged,
    whole: Floats,
    cost: Floats,
    best: Incumbent,
    *,
    deadline: Deadline,
    method: str,
) -> bool:
    """Give whole sessions their buyers, fill up and offer.

    Parameters
    ----------
    merged
        The model with and without buyers.
    whole
        A whole solution of the model without, one entry a column; only its sessions count.
    cost
        What each of its session columns costs beside money.
    best
        To whom the outcome is offered.
    deadline
        When to stop.
    method
        Where the solution comes from.

    Returns
    -------
    False where no plan came of it.
    """
    sessions = whole.copy()
    sessions[merged.model.n_sessions :] = 0.0
    start = in_order(merged.full, merged.with_buyers(best.problem, sessions))
    filled = fill(
        best.problem, merged.full, start, cost=cost[merged.member], deadline=deadline.part(0.5)
    )
    return best.offer(filled, method)
