"""Sessions of a cell in their order, said only where it is not kept by itself.

Without an evenness bound a later session, which gains less, is never taken before an earlier one.
Under the bound a well served street may gain by pretending: paying for the poor third session
alone looks more even than it would be. Rows "the later needs the earlier" are added for the cells
where the relaxation does that, and it is solved again.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import LinearModel, with_rows
from recommender.procurement.solver.relaxation import Relaxation, relax

Steps = list[tuple[list[int], list[int]]]

_ROUNDS = 5


def relax_in_order(
    model: LinearModel,
    *,
    deadline: Deadline,
    start: NDArray[np.bool_] | None = None,
) -> tuple[LinearModel, Relaxation]:
    """Solve the relaxation, adding order rows until none is missing; the model that holds them.

    Parameters
    ----------
    model
        The linear model.
    deadline
        When to stop.
    start
        Columns to begin with.

    Returns
    -------
    The model with the added rows, and its relaxation.
    """
    before = deadline.left()
    relaxed = relax(model, deadline=deadline, start=start)
    took = before - deadline.left()
    if not model.has("evenness"):
        return model, relaxed
    said: set[int] = set()
    for _ in range(_ROUNDS):
        if not relaxed.feasible or deadline.left() < took:
            break
        if not skipped_steps(model, relaxed.x):
            break
        # All cells in use at once: one by one, the pretending moves on to the next cell.
        new = [step for step in _steps_in_use(model, relaxed.x) if step[0][0] not in said]
        if not new:
            break
        said |= {later[0] for later, _ in new}
        longer = with_rows(model, new)
        again = relax(longer, deadline=deadline, start=relaxed.x > 0)
        if again.feasible is None:  # no time left: the bound so far stands
            break
        model, relaxed = longer, again
    return model, relaxed


def skipped_steps(model: LinearModel, x: NDArray[np.float64]) -> Steps:
    """(later, earlier) columns of cells where the later is taken more than the earlier.

    Parameters
    ----------
    model
        The linear model.
    x
        A solution, one entry a column.

    Returns
    -------
    (later, earlier) columns.
    """
    taken = _taken(model, x)
    return _steps(model, taken[:, :, 1:] > taken[:, :, :-1] + 1e-6)


def steps_of(model: LinearModel, columns: NDArray[np.bool_]) -> Steps:
    """(later, earlier) columns of all cells of these session columns.

    Parameters
    ----------
    model
        The linear model.
    columns
        Session columns, one entry a column.

    Returns
    -------
    (later, earlier) columns.
    """
    there = _taken(model, np.append(columns, np.zeros(len(model.value) - len(columns)))) > 0
    return _steps(model, there[:, :, 1:])


def in_order(model: LinearModel, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A whole solution with the same number of sessions in every cell, the earliest ones taken.

    Rounding may leave a cell its later session without the earlier one, which no plan means.

    Parameters
    ----------
    model
        The linear model.
    x
        A solution, one entry a column.

    Returns
    -------
    A solution with the same number of sessions in every cell.
    """
    n = model.n_sessions
    taken = np.flatnonzero(x[:n] > 0.5)
    order = np.lexsort((model.tier[taken], model.product[taken], model.street[taken]))
    taken = taken[order]
    cell = model.street[taken] * (int(model.product.max(initial=0)) + 1) + model.product[taken]
    new = np.append(True, np.diff(cell) != 0) if len(cell) else np.zeros(0, dtype=np.bool_)
    rank = np.arange(len(cell)) - np.maximum.accumulate(np.where(new, np.arange(len(cell)), 0))
    late = np.flatnonzero(model.tier[taken] != rank)
    if not len(late):
        return x
    cells = np.isin(
        model.street * (int(model.product.max(initial=0)) + 1) + model.product, cell[late]
    )
    columns = {
        (int(model.buyer[c]), int(model.street[c]), int(model.product[c]), int(model.tier[c])): c
        for c in np.flatnonzero(cells)
    }
    moved = x.copy()
    moved[taken[late]] = 0.0
    for position in late:
        c = taken[position]
        key = int(model.buyer[c]), int(model.street[c]), int(model.product[c]), int(rank[position])
        if key in columns:
            moved[columns[key]] = 1.0
    return moved


def _steps_in_use(model: LinearModel, x: NDArray[np.float64]) -> Steps:
    taken = _taken(model, x) > 0
    used = np.asarray(taken.any(axis=2, keepdims=True), dtype=np.bool_)
    return _steps(model, np.broadcast_to(used, taken[:, :, 1:].shape))


def _taken(model: LinearModel, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sessions by (street, product, tier)."""
    sizes = [int(axis.max(initial=0)) + 1 for axis in (model.street, model.product, model.tier)]
    taken = np.zeros((sizes[0], sizes[1], sizes[2]))
    np.add.at(taken, (model.street, model.product, model.tier), x[: model.n_sessions])
    return taken


def _steps(model: LinearModel, wanted: NDArray[np.bool_]) -> Steps:
    """The (later, earlier) columns of the wanted (street, product, later tier - 1)."""
    cells: NDArray[np.bool_] = np.asarray(wanted.any(axis=2), dtype=np.bool_)
    used = np.asarray(cells[model.street, model.product])
    columns: dict[tuple[int, int, int], list[int]] = {}
    for column in np.flatnonzero(used):
        key = (int(model.street[column]), int(model.product[column]), int(model.tier[column]))
        columns.setdefault(key, []).append(int(column))
    found = zip(*(axis.tolist() for axis in np.nonzero(wanted)), strict=True)
    return [
        (columns[s, p, k + 1], columns.get((s, p, k), []))
        for s, p, k in found
        if (s, p, k + 1) in columns
    ]
