"""How products that nobody had seen opened, against what was expected of them.

A new product's rate is a prediction from its features, and features are learnt from products that
were held again and again, most of them chosen to be. Each of the latest periods is foretold with
what was known before it; what its fresh products drew, over what was expected of them and relative
to how the other products of the period did, is the factor on the products to come: shrunk to 1 by
how sure it is, and a category's to that of all.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALL_SD, CATEGORY_SD = 0.15, 0.15
"""How far openings may lie from what is expected, and a category's from those of all, in logs."""
LEAST = 10
"""With fewer fresh products nothing is learnt."""


def learn_openings(demand: Floats, expected: Floats, group: NDArray[np.intp], n: int) -> Floats:
    """Factor on the rates of new products, by category.

    Parameters
    ----------
    demand, expected
        What each fresh product of the past drew in the period in which it opened, and what was
        expected of it, relative to the other products of the period, shape (products,).
    group
        Its category.
    n
        Number of categories.

    Returns
    -------
    Shape (n,), > 0; 1 where fewer than :data:`LEAST` products opened.
    """
    if len(demand) < LEAST or not expected.any():
        return np.ones(n)
    overall, variance = _log_ratio(demand, expected)
    overall *= ALL_SD**2 / (ALL_SD**2 + variance)
    found = np.full(n, overall)
    for category in range(n):
        of = group == category
        if of.sum() >= LEAST and expected[of].any():
            own, variance = _log_ratio(demand[of], expected[of] * np.exp(overall))
            found[category] += own * CATEGORY_SD**2 / (CATEGORY_SD**2 + variance)
    return np.exp(found)


def _log_ratio(demand: Floats, expected: Floats) -> tuple[float, float]:
    """Logarithm of the ratio of two sums, and its variance: products differ, sessions do not."""
    ratio = max(float(demand.sum()), 0.5) / float(expected.sum())
    off = demand - ratio * expected
    return float(np.log(ratio)), float((off**2).sum() / max(float(demand.sum()), 0.5) ** 2)
