"""Local re-optimisation: what little would change around one cell of a plan, all else fixed.

Two searches over the whole district differ by more than one session is worth, since both stop
within a gap. Over so little both are nearly exact, so that their difference is what a session
costs. Free are the least of the street's sessions in the plan, the best that are not, and the same
of the supplier elsewhere, whose share may be used up. Everything else stays.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.benefit import plan_value, wants_margins
from recommender.procurement.plan import ProcurementPlan, cell_attendance
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import LinearModel, build_model, with_rows
from recommender.procurement.solver.milp import solve_with_fixed
from recommender.procurement.solver.precedence import steps_of
from recommender.procurement.solver.relaxation import Floats
from recommender.procurement.verify import verify_sessions

Cell = tuple[int, int]
"""Positions of a street and a product."""

_GAP = 1e-4
_MARGIN = 30
"""Sessions on either side of the margin that may change, of the street and of the supplier."""

_STAY_BONUS = 0.02
"""Attendances that keeping a session of the plan is worth, so that ties stay as planned."""


def reoptimise_around(
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    street: int,
    product: int,
    *,
    deadline: Deadline,
) -> tuple[float, NDArray[np.int64]] | None:
    """The best plan that differs from a plan in a few sessions around one cell only.

    Parameters
    ----------
    problem
        The rules to keep; they may be others than the plan's.
    plan
        What stays elsewhere.
    street, product
        Positions of the cell around which is bought anew.
    deadline
        When to stop.

    Returns
    -------
    Weighted attendances and sessions of shape (B, S, P); ``None`` when there is no such plan,
    or none was found in the time.
    """
    model = build_model(problem)
    planned = model.columns_of(plan.sessions, plan.tours)
    n, end = model.n_sessions, model.n_sessions + len(model.tours)
    fixed = np.zeros(len(model.value), dtype=np.bool_)
    free = _margin(problem, model, planned[:n] > 0, (street, product))
    fixed[:n] = ~free
    fixed[n:end] = [street not in (a[1], b[1]) for a, b, _ in model.tours]
    held = replace(model, value=model.value + _STAY_BONUS * (planned > 0))
    held = with_rows(held, steps_of(held, free))
    x, _, _ = solve_with_fixed(held, fixed, planned, time_limit_s=deadline.left(), mip_gap=_GAP)
    if x is None:
        return None
    sessions = model.sessions(x, plan.sessions.shape)
    if verify_sessions(problem, sessions, model.tours_of(x)):
        return None
    cells = cell_attendance(problem, sessions.sum(axis=0), problem.demand)
    return plan_value(problem, cells), sessions


def _margin(
    problem: ProcurementProblem, model: LinearModel, planned: NDArray[np.bool_], cell: Cell
) -> NDArray[np.bool_]:
    """Session columns around the cell: the dearest for what they draw, the cheapest of the rest."""
    street, product = cell
    dear = problem.price_fen[model.product] / np.maximum(_gains(problem, model, planned), 1e-9)
    supplier = problem.supplier[model.product] == problem.supplier[product]
    here = model.street == street
    own = model.product == product
    if np.count_nonzero(own & planned) >= problem.sessions_max[product]:
        # Where one must be given up, its money buys something else.
        here |= np.isin(model.street, model.street[own & planned])
    free: NDArray[np.bool_] = here & own
    for among in (here, supplier & ~here):
        for side, sign in ((planned, -1.0), (~planned, 1.0)):
            columns = np.flatnonzero(among & side)
            free[columns[np.argsort(sign * dear[columns], kind="stable")[:_MARGIN]]] = True
    return free


def _gains(problem: ProcurementProblem, model: LinearModel, planned: NDArray[np.bool_]) -> Floats:
    """What each session is worth beside the plan."""
    competition = problem.competition
    if competition is None:
        return model.worth
    mass = np.zeros(competition.category_caps.shape)
    category = problem.category[model.product]
    np.add.at(mass, (model.street[planned], category[planned]), model.worth[planned])
    margins = (1 - problem.matching) * competition.margins(mass)
    if problem.matching > 0:
        margins = margins + problem.matching * wants_margins(competition, mass)
    return np.asarray(model.worth * margins[model.street, category])
