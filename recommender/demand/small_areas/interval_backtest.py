"""Intervals checked on the latest period: predictions made before it against its outcomes.

Split-conformal in spirit (Papadopoulos et al. 2002) with the split along time: product rates are
learnt from the sessions before the latest period, and the factor on their standard deviations is
the one under which that period's sessions are likeliest, each a negative-binomial count around the
product's lognormal rate. Products that had been seen and those that were new get a factor each.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

FACTORS: Floats = np.geomspace(1.0, 2.5, 15)
PRIOR_SD = 0.3
MIN_PRODUCTS = 20
"""With fewer products in the latest period the model's own standard deviations stand."""


def backtest_factor(
    demand: Floats,
    expected: Floats,
    size: Floats,
    product: NDArray[np.intp],
    log_sd: Floats,
) -> float:
    """Factor on the standard deviation of products' log rates.

    Parameters
    ----------
    demand, expected, size
        Of each session of the latest period, its predicted mean and its negative-binomial size,
        shape (sessions,).
    product
        Product of each session.
    log_sd
        Predicted, by product, shape (products,).

    Returns
    -------
    In [1, 2.5], held near 1, and 1 where fewer than :data:`MIN_PRODUCTS` products were held: one
    period may ask for wider intervals, but that it went well is no ground for narrower ones (what
    venues, hours and seasons do was learnt from it too).
    """
    products, of = np.unique(product, return_inverse=True)
    if len(products) < MIN_PRODUCTS:
        return 1.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    weights = weights / weights.sum()
    steps = np.log(FACTORS)
    fit = -0.5 * (steps / PRIOR_SD) ** 2
    y, r = demand[:, None], size[:, None]
    for index, factor in enumerate(FACTORS):
        sd = np.minimum(log_sd[product] * factor, 2.0)[:, None]
        mean = np.maximum(expected, 1e-9)[:, None] * np.exp(sd * nodes - 0.5 * sd**2)
        log = (
            gammaln(y + r) - gammaln(r) + r * np.log(r / (r + mean)) + y * np.log(mean / (r + mean))
        )
        total = np.zeros((len(products), len(nodes)))
        np.add.at(total, of, log)
        top = total.max(axis=1, keepdims=True)
        fit[index] += float((np.log((np.exp(total - top) * weights).sum(axis=1)) + top[:, 0]).sum())
    return float(FACTORS[int(np.argmax(fit))])
