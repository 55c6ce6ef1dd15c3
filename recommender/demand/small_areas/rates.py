"""From counts to street demand: standardise, shrink, pool over streets, rake.

Two views of each cell are combined: Gamma-Poisson shrinkage, which is careful where counts are
few, and the correlated lognormal, which learns which streets have similar demand. Their errors
differ, so a geometric mean of both is better than either
(:mod:`~recommender.demand.small_areas.mixture`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.demand.observations.surveys import reliability
from recommender.demand.products.product_prior import ProductPrior
from recommender.demand.small_areas.gamma_poisson import fit_gamma_poisson
from recommender.demand.small_areas.mixture import SHARING, mix
from recommender.demand.small_areas.poisson_lognormal import fit_poisson_lognormal
from recommender.demand.small_areas.poststratification import Standardised, standardise
from recommender.demand.small_areas.raking import rake

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StreetRates:
    """Estimates for every street and product; arrays of shape (streets, products).

    Attributes
    ----------
    expected
        Attendances of the whole population at one session.
    log_sd
        Standard deviation of the logarithm of the street's own part, before calibration.
    product_log_sd
        The same of the product's part, which all streets share, shape (products,): how well
        the rates of the age bands are known that the population is made of.
    standardised
        What went in, for explanation.
    ratio
        ``expected`` over what age alone would give.
    alone, shared
        ``expected`` by either view.
    """

    expected: Floats
    log_sd: Floats
    product_log_sd: Floats
    standardised: Standardised
    ratio: Floats
    alone: Floats
    shared: Floats

    def of_counts(self, expected: Floats) -> Floats:
        """What figures of the whole population say of the counts, shape (streets, products)."""
        base = self.standardised
        return np.asarray(base.offset * expected / np.maximum(base.target, 1e-12))


def estimate_rates(
    counts: Floats,
    exposure: Floats,
    population: Floats,
    *,
    product_rates: Floats | None = None,
    product_prior: ProductPrior | None = None,
    log_ratio_priors: Sequence[Floats] = (),
    dispersion: float = 1.0,
    sharing: float = SHARING,
) -> StreetRates:
    """Demand of every street for every product from counts by street and age band.

    Parameters
    ----------
    counts
        Bookings by residents, shape (streets, bands, products), >= 0; fractions are allowed.
    exposure
        Resident-sessions at risk, shape (streets, bands, products) or (streets, bands, 1).
    population
        People, shape (streets, bands).
    product_rates
        Overall rate of each product; by default observed counts over exposure. Give them where
        features say more than the counts do.
    product_prior
        Prior of the age-band and street ratios of each product; by default all are alike.
    log_ratio_priors
        Log ratios of streets from elsewhere (surveys), shape (streets, products) each; they
        are weighted by how well they predict the counts.
    dispersion
        Variance of a count over its mean: above 1 where one booking is for several seats.
    sharing
        Weight of the view in which streets inform each other, in [0, 1].

    Returns
    -------
    Expected attendances with the standard deviations of their logarithms, and the steps before.
    """
    if product_rates is None:
        total = np.broadcast_to(exposure.sum(axis=(0, 1)), counts.shape[2:])
        product_rates = (counts.sum(axis=(0, 1)) + 0.05) / np.maximum(total, 1.0)
    base = standardise(counts, exposure, population, product_rates, product_prior)
    prior = (
        np.ones_like(base.offset)
        if product_prior is None
        else product_prior.ratios(base.counts, base.offset)
    )
    for log_ratio_prior in log_ratio_priors:
        prior = prior * np.exp(
            reliability(base.counts, base.offset * prior, log_ratio_prior) * log_ratio_prior
        )
    offset, target = base.offset * prior, base.target * prior
    # Products keep their rate: a single session above it is overdispersion, not preference.
    target = target * (base.offset.sum(axis=0) / offset.sum(axis=0))
    offset = offset * ((base.counts.sum(axis=0) + 1.0) / (offset.sum(axis=0) + 1.0))
    # Divided by the dispersion, counts vary like Poisson counts: several seats are one decision.
    scaled, scaled_offset = base.counts / dispersion, offset / dispersion
    shrunk = fit_gamma_poisson(scaled, scaled_offset)
    shared = fit_poisson_lognormal(scaled, scaled_offset)
    rows = _row_margin(scaled, scaled_offset, target)
    columns = target.sum(axis=0)
    by_gamma_poisson = rake(target * shrunk.mean, rows, columns)
    by_poisson_lognormal = rake(target * np.exp(shared.mode), rows, columns)
    expected = mix(by_gamma_poisson, by_poisson_lognormal, sharing)
    log_sd = np.sqrt((1.0 - sharing) * shrunk.log_sd**2 + sharing * shared.log_sd**2)
    return StreetRates(
        expected,
        log_sd,
        _product_log_sd(counts.sum(axis=0) / dispersion, population.sum(axis=0), base.band_rates),
        base,
        expected / np.maximum(base.target, 1e-12),
        by_gamma_poisson,
        by_poisson_lognormal,
    )


def _product_log_sd(band_counts: Floats, people: Floats, rates: Floats) -> Floats:
    """Relative error of a product's total: each band's Poisson error, weighed by its people."""
    part = people[:, None] * rates
    share = part / np.maximum(part.sum(axis=0), 1e-12)
    return np.asarray(np.sqrt((share**2 / (band_counts + 1.0)).sum(axis=0)))


def _row_margin(counts: Floats, offset: Floats, target: Floats) -> Floats:
    """Wanted total of every street."""
    streets = fit_gamma_poisson(
        counts.sum(axis=1)[:, None] / 1.5, offset.sum(axis=1)[:, None] / 1.5
    )
    return np.asarray(target.sum(axis=1) * streets.mean[:, 0])
