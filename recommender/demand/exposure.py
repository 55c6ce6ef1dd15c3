"""Only what was shown can be booked: rates per impression, weighted by inverse propensity.

Self-normalised inverse propensity scores (Swaminathan & Joachims 2015): with w = 1 / propensity,
clipped, a product's rate is ``Σ w·booked / Σ w``. Its effective sample size (Σw)² / Σw² says how
many evenly shown impressions that is worth; below :data:`LEAST_SAMPLE` the estimate is refused and
the stated fallback, the plain rate of those who could have booked, speaks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_WEIGHT = 50.0
LEAST_SAMPLE = 30.0


@dataclass(frozen=True, slots=True)
class ShownRates:
    """Rates of products.

    Attributes
    ----------
    rate
        Bookings per impression at even exposure, or the fallback; shape (products,).
    sample
        Effective sample size, same shape.
    fallback
        True where the sample was too small.
    """

    rate: Floats
    sample: Floats
    fallback: NDArray[np.bool_]


def rates_when_shown(
    product: NDArray[np.intp],
    booked: NDArray[np.bool_],
    propensity: Floats,
    fallback: Floats,
) -> ShownRates:
    """Rates from impressions.

    Parameters
    ----------
    product, booked, propensity
        Of each impression: product position, whether it led to a booking, chance in (0, 1] that
        this stood there; NaN where it was not logged (the impression then counts not at all).
    fallback
        Rate of each product where too little was shown, shape (products,).
    """
    size = len(fallback)
    known = np.isfinite(propensity) & (propensity > 0)
    p, y = product[known], booked[known].astype(np.float64)
    weight = np.minimum(1.0 / propensity[known], MOST_WEIGHT)
    total = np.bincount(p, weights=weight, minlength=size)
    square = np.bincount(p, weights=weight**2, minlength=size)
    taken = np.bincount(p, weights=weight * y, minlength=size)
    sample = total**2 / np.maximum(square, 1e-12)
    sample = np.where(total > 0, sample, 0.0)
    thin = sample < LEAST_SAMPLE
    rate = np.where(thin, fallback, taken / np.maximum(total, 1e-12))
    return ShownRates(rate, sample, thin)
