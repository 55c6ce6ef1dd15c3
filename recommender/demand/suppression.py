"""Figures that rest on fewer than ten residents are not shown, nor can they be worked out."""

import numpy as np
from numpy.typing import NDArray

LEAST_RESIDENTS = 10


def suppress(behind: NDArray[np.int64], *, least: int = LEAST_RESIDENTS) -> NDArray[np.bool_]:
    """Cells that must not be shown.

    A column (a product over all streets) or a row with exactly one hidden cell would give it
    away to whoever knows the total; there the hidden cell's weakest neighbour is hidden too.

    Parameters
    ----------
    behind
        Residents behind each figure, shape (streets, products).
    least
        How many there must be.

    Returns
    -------
    Shape as given; no row or column of two or more cells holds exactly one True.
    """
    hidden = behind < least
    for _ in range(4):
        before = int(hidden.sum())
        hidden = _complete(behind, hidden)
        hidden = _complete(behind.T, hidden.T).T
        if int(hidden.sum()) == before:
            break
    return hidden


def _complete(behind: NDArray[np.int64], hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if len(hidden) < 2:
        return hidden
    hidden = hidden.copy()
    lonely = (hidden.sum(axis=0) == 1).nonzero()[0]
    shown = np.where(hidden[:, lonely], np.iinfo(np.int64).max, behind[:, lonely])
    if len(lonely):
        hidden[shown.argmin(axis=0), lonely] = True
    return hidden
