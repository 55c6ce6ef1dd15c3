"""How evenly something is spread over streets (优质均衡)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def gini(amounts: ArrayLike) -> float:
    """Gini coefficient of non-negative amounts, each street counting once.

    G = sum_ij |a_i - a_j| / (2 n sum_i a_i)

    Parameters
    ----------
    amounts
        Such as attendances per resident, one a street, shape (n,), all >= 0.

    Returns
    -------
    In [0, 1): 0 when all are equal; also 0 when nothing was spread at all.

    Raises
    ------
    ValueError
        If an amount is negative or not a number.
    """
    values = _checked(amounts)
    total = float(values.sum())
    if len(values) == 0 or total == 0:
        return 0.0
    ranks = np.arange(1, len(values) + 1)
    n = len(values)
    # max(): equal amounts may round to just below zero.
    return max(0.0, float((2 * ranks - n - 1) @ np.sort(values)) / (n * total))


def lorenz(amounts: ArrayLike) -> NDArray[np.float64]:
    """Cumulative share held by the poorest 0, 1, ..., n streets; shape (n + 1,), from 0 to 1."""
    values = np.sort(_checked(amounts))
    total = float(values.sum())
    if total == 0:
        return np.linspace(0.0, 1.0, len(values) + 1)
    return np.concatenate([[0.0], np.cumsum(values) / total])


def _checked(amounts: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(amounts, dtype=np.float64)
    if not (values >= 0).all():
        raise ValueError("amounts must be numbers of at least 0")
    return values
