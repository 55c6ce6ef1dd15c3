"""Diminishing returns: the second session of a product in a street has fewer attendances."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DEFAULT_REPEAT_FACTOR = 0.75
"""Assumed where nothing was observed: the k-th session of a product in a street has
``repeat_factor**(k-1)`` of the attendances of the first. Estimation and planning share it."""


def learn_repeat_factor(
    counts: Floats,
    order: NDArray[np.intp],
    series: NDArray[np.intp],
    group: NDArray[np.intp],
    n_groups: int,
    *,
    weight: float = 200.0,
) -> Floats:
    """Repeat factor of each category from repeated sessions.

    A series holds the sessions of one product in one street and period. Within a series the
    k-th session's share of the total follows ``repeat_factor**(k-1)`` whatever its level, so the
    levels drop out (a conditional Poisson likelihood, maximised on a grid).

    Parameters
    ----------
    counts
        Unconstrained attendances of each session, shape (n,), >= 0.
    order
        Place of the session in its series, from 0, shape (n,).
    series, group
        Series and category of each session, shape (n,).
    n_groups
        Number of categories.
    weight
        How many attendances' worth :data:`DEFAULT_REPEAT_FACTOR` is, against thin evidence.

    Returns
    -------
    Shape (n_groups,), each in [0.3, 1].
    """
    grid = np.linspace(0.3, 1.0, 71)
    size = int(series.max(initial=-1)) + 1
    length = np.bincount(series, minlength=size)
    usable = length[series] > 1 if size else np.zeros(0, dtype=bool)
    fit = np.zeros((len(grid), n_groups))
    for index, factor in enumerate(grid):
        share = factor ** order[usable]
        total = np.bincount(series[usable], weights=share, minlength=size)
        log = np.log(share / np.maximum(total[series[usable]], 1e-12))
        fit[index] = np.bincount(group[usable], weights=counts[usable] * log, minlength=n_groups)
        # Two pseudo-sessions in the default proportion act as a prior.
        first = 1.0 / (1.0 + DEFAULT_REPEAT_FACTOR)
        fit[index] += weight * (
            first * np.log(1 / (1 + factor)) + (1 - first) * np.log(factor / (1 + factor))
        )
    return np.asarray(grid[np.argmax(fit, axis=0)])


SATURATION_RATES: Floats = np.linspace(0.0, 0.6, 31)


def learn_saturation(
    demand: Floats,
    expected: Floats,
    level: Floats,
    product: NDArray[np.intp],
    size: Floats | float,
) -> float:
    """Rate at which demand for a product saturates, δ: demand falls as ``exp(-δ·level)``.

    Only sessions of the same product are compared: what is held often is popular, and between
    products saturation would be confounded with appeal. Within a product each session's share of
    the total follows ``expected·exp(-δ·level)`` (a conditional likelihood, in which the product's
    own rate drops out); sessions weigh ``r / (r + expected)``.

    Parameters
    ----------
    demand, expected
        Of each session, shape (n,); ``expected`` without saturation, > 0.
    level
        Saturation of the product at that session, shape (n,); 0 when new.
    product, size
        Product of each session, and r, shape (n,).

    Returns
    -------
    In [0, 0.6]; 0 where no product was held twice.
    """
    if len(demand) == 0:
        return 0.0
    n = int(product.max()) + 1
    weight = size / (size + expected)
    fit = []
    for delta in SATURATION_RATES:
        mean = expected * np.exp(-delta * level)
        total = np.bincount(product, weights=weight * mean, minlength=n)
        log = np.log(np.maximum(weight * mean / np.maximum(total[product], 1e-12), 1e-12))
        fit.append(float((weight * demand * log).sum()))
    return float(SATURATION_RATES[int(np.argmax(fit))])
