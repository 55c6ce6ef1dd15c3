"""80 % intervals that cover 80 %: the spread is checked on counts the fit has not seen.

Split-conformal in spirit (Papadopoulos et al. 2002), for a mean and not for a count: every count is
split at random into two halves, which are independent where counts are Poisson. The model is
fitted on one half and predicts the other; the factor on its standard deviations is the one under
which the other half's counts, Poisson around a lognormal mean, are likeliest, held near 1 by a
lognormal prior. (The factor at which bounds hold 80 % of the time was tried: counts of a few say
so little about it that it swung between 0.5 and 1.7.) The full fit then uses that factor. The same
halves say how much streets inform each other (:mod:`~recommender.demand.small_areas.mixture`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.demand.products.product_prior import ProductPrior
from recommender.demand.small_areas.mixture import learn_sharing, mix
from recommender.demand.small_areas.rates import StreetRates, estimate_rates

Floats = NDArray[np.float64]

FACTORS: Floats = np.geomspace(0.5, 3.0, 25)
PRIOR_SD = 0.25
MAX_CELLS = 8_000
MIN_EXPECTED = 0.5


def estimate_with_intervals(
    counts: Floats,
    exposure: Floats,
    population: Floats,
    *,
    rng: np.random.Generator,
    product_rates: Floats | None = None,
    product_prior: ProductPrior | None = None,
    log_ratio_priors: Sequence[Floats] = (),
    dispersion: float = 1.0,
) -> tuple[StreetRates, Floats]:
    """:func:`~recommender.demand.small_areas.rates.estimate_rates` with calibrated ``log_sd``.

    Parameters
    ----------
    counts, exposure, population, product_rates, product_prior, log_ratio_priors, dispersion
        As in :func:`~recommender.demand.small_areas.rates.estimate_rates`.
    rng
        Splits the counts into halves.

    Returns
    -------
    The estimate, and the factors that its streets' standard deviations were multiplied with,
    shape (streets,), at least 1: no street's interval is made narrower than the model says.
    """
    common: dict[str, Any] = {
        "product_rates": product_rates,
        "product_prior": product_prior,
        "log_ratio_priors": log_ratio_priors,
        "dispersion": dispersion,
    }
    first = split(counts, rng)
    second = counts - first
    halves = [
        estimate_rates(known, exposure / 2.0, population, **common) for known in (first, second)
    ]
    sharing = learn_sharing(
        [
            (
                kept_back.sum(axis=1) / dispersion,
                half.of_counts(half.alone),
                half.of_counts(half.shared),
            )
            for half, kept_back in zip(halves, (second, first), strict=True)
        ]
    )
    fitted = estimate_rates(counts, exposure, population, sharing=sharing, **common)
    factors = []
    for half, known, kept_back in zip(halves, (first, second), (second, first), strict=True):
        expected = half.of_counts(mix(half.alone, half.shared, sharing))
        spread = np.sqrt(half.log_sd**2 + 1.0 / (known.sum(axis=(0, 1)) / dispersion + 1.0))
        factors.append(calibrate(kept_back.sum(axis=1) / dispersion, expected / dispersion, spread))
    factor = np.maximum(np.exp(np.mean(np.log(factors), axis=0)), 1.0)
    return replace(fitted, log_sd=fitted.log_sd * factor[:, None]), factor


def split(counts: Floats, rng: np.random.Generator) -> Floats:
    """One random half of every count; what is beyond a whole number is halved.

    Parameters
    ----------
    counts
        Any shape, >= 0.
    rng
        Decides where each count goes.

    Returns
    -------
    The half, same shape.
    """
    whole = np.floor(counts)
    return np.asarray(rng.binomial(whole.astype(np.int64), 0.5) + (counts - whole) / 2.0)


def calibrate(counts: Floats, expected: Floats, log_sd: Floats) -> Floats:
    """Factors on ``log_sd`` under which each street's counts are likeliest.

    A street's factor is held near that of all streets, and that one near 1.

    Parameters
    ----------
    counts
        What happened, shape (streets, products).
    expected, log_sd
        Predicted mean, and the standard deviation of its logarithm, same shape.

    Returns
    -------
    Shape (streets,), in [0.5, 3].
    """
    rows, columns = (expected >= MIN_EXPECTED).nonzero()
    if len(rows) > MAX_CELLS:
        step = len(rows) / MAX_CELLS
        kept = (np.arange(MAX_CELLS) * step).astype(int)
        rows, columns = rows[kept], columns[kept]
    y, mean, sd = (x[rows, columns] for x in (np.round(counts), expected, log_sd))
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    weights = weights / weights.sum()
    fit = np.zeros((len(FACTORS), len(counts)))
    for index, factor in enumerate(FACTORS):
        spread = np.minimum(sd * factor, 2.0)[:, None]
        rate = mean[:, None] * np.exp(spread * nodes - 0.5 * spread**2)
        log = y[:, None] * np.log(rate) - rate
        top = log.max(axis=1, keepdims=True)
        cell = np.log((np.exp(log - top) * weights).sum(axis=1)) + top[:, 0]
        fit[index] = np.bincount(rows, weights=cell, minlength=len(counts))
    steps = np.log(FACTORS)
    common = steps[int(np.argmax(fit.sum(axis=1) - 0.5 * (steps / PRIOR_SD) ** 2))]
    own = fit - 0.5 * ((steps - common) / PRIOR_SD)[:, None] ** 2
    return np.asarray(FACTORS[np.argmax(own, axis=0)])
