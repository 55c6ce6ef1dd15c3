"""Rates by age band."""

import numpy as np

from recommender.demand.small_areas.poststratification import band_rates


def test_band_rates_keep_what_a_product_showed_in_total() -> None:
    rng = np.random.default_rng(4)
    exposure = rng.integers(10, 500, (5, 8)).astype(float)
    counts = rng.poisson(exposure * 0.05).astype(float)
    rates = counts.sum(axis=0) / exposure.sum(axis=0)
    found = band_rates(counts, exposure, rates)
    np.testing.assert_allclose((exposure * found).sum(axis=0), counts.sum(axis=0))
