"""The linear relaxation, by generation of columns and of tangents.

Only columns that could gain are handed to the solver; its duals price the rest, and those that
would gain join until none does. Tangents of competing sessions join where a solution lies above
them. For any duals y >= 0 the value of no plan exceeds
``y @ b + sum max(0, v - A'y) * upper`` (weak duality), which is the bound that is returned: it is
true even where the generation stops early.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from recommender.procurement.rules.registry import COMPETITION, PAYMENTS
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import LinearModel

Floats = NDArray[np.float64]

_FIRST = 6000  # columns in the first restricted problem
_STEP = 20_000  # at most so many join at once
_CLOSE = 2e-4  # relative distance of restricted value and bound at which generation stops
_FEW_ROWS = 1000  # tangents up to which all are there from the start
_EVERY = 8  # one tangent of so many is there from the start where they are more
_ABOVE = 1e-4  # of a tangent's height: how far a solution may lie above it


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The linear relaxation's answer.

    Attributes
    ----------
    feasible
        ``None`` when time ran out.
    bound
        What no plan can exceed.
    x
        The relaxation's solution, one entry a column.
    reduced
        Reduced costs ``v - A'y``, one entry a column.
    duals
        y, one a row: positive where an upper bound binds, negative where a lower one does.
    active
        Rows that the solution was made with; the other ones are tangents above which it does not
        lie. Empty where there is no solution.
    """

    feasible: bool | None
    bound: float
    x: Floats
    reduced: Floats
    duals: Floats
    active: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))


def relax(
    model: LinearModel,
    *,
    deadline: Deadline,
    start: NDArray[np.bool_] | None = None,
) -> Relaxation:
    """Solve the linear relaxation.

    Parameters
    ----------
    model
        The model.
    deadline
        When it gives up; the bound so far stands.
    start
        Columns to begin with besides the promising ones, such as those of a known solution.

    Returns
    -------
    The relaxation; its bound holds even where time ran out.
    """
    n, rows = len(model.value), len(model.keys)
    inside, active = _promising(model), _first_rows(model)
    if start is not None:
        inside |= start
    answer: Relaxation | None = None
    while True:
        columns = np.flatnonzero(inside)
        before = deadline.left()
        if before <= 0:
            return answer or Relaxation(None, np.inf, np.zeros(n), np.zeros(n), np.zeros(rows))
        feasible, x, duals = _solve(model, columns, active, before)
        took = before - deadline.left()
        if feasible is None:
            return answer or Relaxation(None, np.inf, np.zeros(n), np.zeros(n), duals)
        if not feasible:
            if inside.all():
                return Relaxation(False, -np.inf, np.zeros(n), np.zeros(n), duals)
            inside[:] = True
            continue
        # From the duals, not from the solver's marginals: those are zero for columns that its
        # presolve removed.
        reduced = model.value - model.matrix.T @ duals
        gains = np.where(inside, 0.0, np.maximum(reduced, 0.0))
        value = float(model.value @ x)
        finite = np.where(np.isfinite(model.upper), model.upper, 0.0)
        missing = float(gains @ finite)
        answer = Relaxation(True, value + missing, x, reduced, duals, active.copy())
        above = ~active
        above[above] = model.matrix[above] @ x > model.high[above] + _ABOVE * (
            1 + np.abs(model.high[above])
        )
        done = missing <= _CLOSE * abs(value) and not above.any()
        if done or took > deadline.left():
            return answer
        active |= above
        joining = np.argsort(-gains)[:_STEP]
        inside[joining[gains[joining] > 0]] = True


def opportunity_costs(model: LinearModel, relaxed: Relaxation) -> Floats:
    """What the money, rooms and other bounds that a session uses gain elsewhere.

    Parameters
    ----------
    model
        The model.
    relaxed
        Its relaxation.

    Returns
    -------
    Weighted attendances, shape (n_sessions,), > 0: a trace of the price where nothing binds.
    """
    rules = np.array([key.rule != COMPETITION.rule for key in model.keys], dtype=np.bool_)
    bounds = np.where(rules, relaxed.duals, 0.0)
    cost = np.asarray(model.matrix.T @ bounds)[: model.n_sessions]
    price = _costs(model)
    scale = float(cost.max(initial=0.0)) / float(price.max(initial=1.0))
    return np.asarray(np.maximum(cost, 1e-3 * max(scale, 1e-9) * price), dtype=np.float64)


def _first_rows(model: LinearModel) -> NDArray[np.bool_]:
    """All rows but most tangents of competition: few of them matter, and those join later.

    The first tangent of every curve, which starts at nothing, is always there.
    """
    tangents = model.rows_of(COMPETITION.rule)
    active = np.ones(len(model.keys), dtype=np.bool_)
    later = np.array(
        [i for i in tangents if model.low[i] == -np.inf and model.high[i] > 0], dtype=np.intp
    )
    if len(later) > _FEW_ROWS:
        active[later] = False
        active[later[::_EVERY]] = True
    return active


def _promising(model: LinearModel) -> NDArray[np.bool_]:
    """The best columns of every street by value, and by value per thousand yuan."""
    n = model.n_sessions
    inside = np.ones(len(model.value), dtype=np.bool_)
    if n <= 2 * _FIRST:
        return inside
    inside[:n] = False
    streets = np.unique(model.street)
    each = max(50, _FIRST // len(streets))
    for rank in (model.worth, model.worth / _costs(model)):
        for street in streets:
            own = np.flatnonzero(model.street == street)
            inside[own[np.argsort(-rank[own], kind="stable")[:each]]] = True
    return inside


def _costs(model: LinearModel) -> Floats:
    cost = np.full(model.n_sessions, 1e-9)
    money = model.rows_of(PAYMENTS.rule) or model.rows_of("budget")
    cost += np.asarray(model.matrix[money][:, : model.n_sessions].sum(axis=0)).ravel()
    return cost


def _solve(
    model: LinearModel,
    columns: NDArray[np.intp],
    active: NDArray[np.bool_],
    time_limit_s: float,
) -> tuple[bool | None, Floats, Floats]:
    """Restricted to some columns and rows: (feasible, solution over all columns, duals)."""
    # linprog's stubs know neither sparse arrays nor arrays of bounds.
    rows: Any = model.matrix if len(columns) == len(model.value) else model.matrix[:, columns]
    # A row none of whose columns is inside says nothing, unless it asks for something.
    silent = (np.diff(rows.indptr) == 0) & (model.low <= 0) & (model.high >= 0) | ~active
    upper, lower = np.isfinite(model.high) & ~silent, np.isfinite(model.low) & ~silent
    equal = upper & lower & (model.high == model.low)
    above, below = np.flatnonzero(upper & ~equal), np.flatnonzero(lower & ~equal)
    both = np.flatnonzero(equal)
    bounds: Any = np.column_stack([np.zeros(len(columns)), model.upper[columns]])
    one_sided = len(above) + len(below) > 0
    result: Any = linprog(
        -model.value[columns],
        A_ub=sp.vstack([rows[above], -rows[below]], format="csr") if one_sided else None,
        b_ub=np.concatenate([model.high[above], -model.low[below]]) if one_sided else None,
        A_eq=rows[both] if len(both) else None,
        b_eq=model.high[both] if len(both) else None,
        bounds=bounds,
        method="highs",
        options={"time_limit": time_limit_s},
    )
    duals, x = np.zeros(len(model.keys)), np.zeros(len(model.value))
    if result.status != 0:
        return (False if result.status == 2 else None), x, duals
    if one_sided:
        duals[above] -= result.ineqlin.marginals[: len(above)]
        duals[below] += result.ineqlin.marginals[len(above) :]
    if len(both):
        duals[both] -= result.eqlin.marginals
    x[columns] = result.x
    return True, x, duals
