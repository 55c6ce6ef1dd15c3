"""The gate of every figure about people: what rests on fewer than ten is not shown, nor worked out.

Cells of demand pass :func:`disclosure_control`, counts of what people did :func:`disclosed_counts`;
rates and means that are shown are made of counts that passed.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_RESIDENTS = 10
ROUNDING = 5
"""Counts that are shown are multiples of it."""
MANY_MARKS = 400
"""Of so many marks, one moves the mean by less than a hundredth."""


def disclosed_counts(
    counts: ArrayLike, residents: ArrayLike, *, least: int = MIN_RESIDENTS, step: int = ROUNDING
) -> NDArray[np.float64]:
    """Counts of what people did, as they may be shown.

    Rounded, so that no difference between two answers, of two days, or with and without a street,
    is what one resident did. None at all counts as few: or the first to come would show.

    Parameters
    ----------
    counts
        Such as attendances, any shape.
    residents
        Distinct residents behind each count, same shape.
    least
        How many there must be.
    step
        What counts are rounded to multiples of.

    Returns
    -------
    Shape as given; NaN where fewer residents are behind the count.
    """
    rounded = step * np.round(np.asarray(counts, dtype=np.float64) / step)
    return np.where(np.asarray(residents) >= least, rounded, np.nan)


def disclosed_count(count: float, residents: int) -> int | None:
    """One count, as it may be shown.

    Parameters
    ----------
    count, residents
        See :func:`disclosed_counts`.

    Returns
    -------
    ``None`` where fewer than :data:`MIN_RESIDENTS` residents are behind it.
    """
    shown = float(disclosed_counts(count, residents))
    return None if np.isnan(shown) else int(shown)


def disclosed_mean(total: float, count: int, residents: int) -> float | None:
    """A mean of marks from 1 to 5, as it may be shown: so coarse that one mark does not show.

    Parameters
    ----------
    total, count
        Sum and number of the marks.
    residents
        Distinct residents who gave them.

    Returns
    -------
    A multiple of a quarter; of a twentieth from :data:`MANY_MARKS` marks on. ``None`` where fewer
    than :data:`MIN_RESIDENTS` residents are behind it.
    """
    shown = disclosed_count(count, residents)
    if not shown:
        return None
    steps = 4 if shown < MANY_MARKS else 20
    return round(steps * total / count) / steps


def disclosure_control(
    contributors: NDArray[np.int64], *, least: int = MIN_RESIDENTS
) -> NDArray[np.bool_]:
    """Cells that must not be shown.

    A column (a product over all streets) or a row with exactly one hidden cell would give it
    away to whoever knows the total; there the hidden cell's weakest neighbour is hidden too.
    Several totals together give a cell away where it is the only link between two groups of
    hidden cells (a bridge of the graph whose nodes are rows and columns, whose edges are the hidden
    cells: Gusfield 1988); a fourth corner is hidden there, which closes a ring.

    Parameters
    ----------
    contributors
        Distinct residents who contribute to each figure, shape (streets, products).
    least
        How many there must be.

    Returns
    -------
    Shape as given. No hidden cell can be worked out from the shown cells and all totals of rows
    and columns, unless there is but one row or column.
    """
    hidden = contributors < least
    while True:
        before = int(hidden.sum())
        hidden = _complete(contributors, hidden)
        hidden = _complete(contributors.T, hidden.T).T
        if min(hidden.shape) > 1 and int(hidden.sum()) == before:
            hidden = _close_rings(hidden)
        if int(hidden.sum()) == before:
            return hidden


def _close_rings(hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A fourth corner hidden for every bridge."""
    # Of identical columns two are enough: a third adds no bridge and breaks none.
    patterns, of, count = np.unique(hidden, axis=1, return_inverse=True, return_counts=True)
    few = np.repeat(np.arange(patterns.shape[1]), np.minimum(count, 2))
    found = _bridges(patterns[:, few])
    if not found:
        return hidden
    hidden = hidden.copy()
    for row, place in found:
        column = int((of.ravel() == few[place]).argmax())
        mates = hidden[:, column].nonzero()[0]
        others = hidden[row].nonzero()[0]
        mates, others = mates[mates != row], others[others != column]
        if len(mates) and len(others):
            hidden[mates[0], others[0]] = True
    return hidden


def _bridges(hidden: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Cells without which the graph of rows and columns falls apart (Tarjan 1974)."""
    rows = len(hidden)
    near = [[rows + int(c) for c in line.nonzero()[0]] for line in hidden]
    near += [[int(r) for r in line.nonzero()[0]] for line in hidden.T]
    entered, lowest = [0] * len(near), [0] * len(near)
    found: list[tuple[int, int]] = []
    clock = 0
    for root in range(len(near)):
        if entered[root]:
            continue
        clock += 1
        entered[root] = lowest[root] = clock
        stack = [(root, -1, iter(near[root]))]
        while stack:
            node, parent, rest = stack[-1]
            for other in rest:
                if other == parent:
                    continue
                if entered[other]:
                    lowest[node] = min(lowest[node], entered[other])
                    continue
                clock += 1
                entered[other] = lowest[other] = clock
                stack.append((other, node, iter(near[other])))
                break
            else:
                stack.pop()
                if parent >= 0:
                    lowest[parent] = min(lowest[parent], lowest[node])
                    if lowest[node] > entered[parent]:
                        found.append((min(node, parent), max(node, parent) - rows))
    return found


def _complete(contributors: NDArray[np.int64], hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if len(hidden) < 2:
        return hidden
    hidden = hidden.copy()
    lonely = (hidden.sum(axis=0) == 1).nonzero()[0]
    shown = np.where(hidden[:, lonely], np.iinfo(np.int64).max, contributors[:, lonely])
    if len(lonely):
        hidden[shown.argmin(axis=0), lonely] = True
    return hidden
