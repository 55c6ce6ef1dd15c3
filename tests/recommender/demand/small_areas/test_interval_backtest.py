"""Intervals widen after a period that went badly."""

import numpy as np
import pytest

from recommender.demand.small_areas.interval_backtest import backtest_factor


def test_a_latest_period_that_went_badly_widens_intervals_and_a_good_one_leaves_them() -> None:
    rng = np.random.default_rng(7)
    product, size = np.repeat(np.arange(120), 3), np.full(360, 5.0)
    found = {}
    for truth in (0.3, 0.9):
        mean = 40 * np.exp(rng.normal(0, truth, 120))[product]
        demand = rng.poisson(mean * rng.gamma(5, 1 / 5, 360)).astype(float)
        expected = np.full(360, 40 * np.exp(truth**2 / 2))
        found[truth] = backtest_factor(demand, expected, size, product, np.full(120, 0.5))
    assert found[0.3] == 1.0
    assert found[0.9] == pytest.approx(1.8, abs=0.4)
    assert backtest_factor(demand[:30], expected[:30], size[:30], product[:30], np.ones(120)) == 1.0
