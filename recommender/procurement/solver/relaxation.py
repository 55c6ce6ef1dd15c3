"""The linear relaxation, by column generation.

Only columns that could gain are handed to the solver; its duals price the rest, and those that
would gain join until none does. For any duals y >= 0 the value of no plan exceeds
``y @ b + sum max(0, v - A'y) * upper`` (weak duality), which is the bound that is returned: it is
true even where the generation stops early.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import LinearModel

Floats = NDArray[np.float64]

_FIRST = 4000  # columns in the first restricted problem
_STEP = 4000  # at most so many join at once
_CLOSE = 2e-4  # relative distance of restricted value and bound at which generation stops


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
    """

    feasible: bool | None
    bound: float
    x: Floats
    reduced: Floats
    duals: Floats


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
    inside = _promising(model)
    if start is not None:
        inside |= start
    everything = bool(inside.all())
    answer: Relaxation | None = None
    while True:
        columns = np.flatnonzero(inside)
        before = deadline.left()
        if before <= 0:
            return answer or Relaxation(None, np.inf, np.zeros(n), np.zeros(n), np.zeros(rows))
        feasible, x, duals = _solve(model, columns, before)
        took = before - deadline.left()
        if feasible is None:
            return answer or Relaxation(None, np.inf, np.zeros(n), np.zeros(n), duals)
        if not feasible:
            if everything:
                return Relaxation(False, -np.inf, np.zeros(n), np.zeros(n), duals)
            inside[:] = True
            everything = True
            continue
        # From the duals, not from the solver's marginals: those are zero for columns that its
        # presolve removed.
        reduced = model.value - model.matrix.T @ duals
        gains = np.where(inside, 0.0, np.maximum(reduced, 0.0))
        value = float(model.value @ x)
        finite = np.where(np.isfinite(model.upper), model.upper, 0.0)
        missing = float(gains @ finite)
        answer = Relaxation(True, value + missing, x, reduced, duals)
        if missing <= _CLOSE * abs(value) or took > deadline.left():
            return answer
        joining = np.argsort(-gains)[:_STEP]
        inside[joining[gains[joining] > 0]] = True
        everything = bool(inside.all())


def _promising(model: LinearModel) -> NDArray[np.bool_]:
    """The best columns of every street by value, and by value per thousand yuan."""
    n = model.n_sessions
    inside = np.ones(len(model.value), dtype=np.bool_)
    if n <= 3 * _FIRST:
        return inside
    inside[:n] = False
    streets = np.unique(model.street)
    cost = _costs(model)
    each = max(50, _FIRST // len(streets))
    for street in streets:
        own = np.flatnonzero(model.street == street)
        inside[own[np.argsort(-model.worth[own] / cost[own], kind="stable")[:each]]] = True
    return inside


def _costs(model: LinearModel) -> Floats:
    cost = np.full(model.n_sessions, 1e-9)
    budgets = model.rows_of("budget")
    cost += np.asarray(model.matrix[budgets][:, : model.n_sessions].sum(axis=0)).ravel()
    return cost


def _solve(
    model: LinearModel, columns: NDArray[np.intp], time_limit_s: float
) -> tuple[bool | None, Floats, Floats]:
    """Restricted to some columns: (feasible, solution over all columns, duals)."""
    # linprog's stubs know neither sparse arrays nor arrays of bounds.
    rows: Any = model.matrix if len(columns) == len(model.value) else model.matrix[:, columns]
    # A row none of whose columns is inside says nothing, unless it asks for something.
    silent = (np.diff(rows.indptr) == 0) & (model.low <= 0) & (model.high >= 0)
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
