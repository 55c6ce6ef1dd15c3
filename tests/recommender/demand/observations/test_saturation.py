"""Repeats of a product draw fewer: planted factors come back."""

import numpy as np
import pytest

from recommender.demand.observations.saturation import (
    DEFAULT_REPEAT_FACTOR,
    learn_repeat_factor,
    learn_saturation,
)


def test_wear_is_told_from_appeal() -> None:
    rng = np.random.default_rng(5)
    appeal = rng.lognormal(3, 1, 150)
    # What is popular is held more often, so that worn sessions are those of popular products.
    held = np.minimum(1 + (appeal / 10).astype(int), 12)
    product = np.repeat(np.arange(150), held)
    level = np.log2(1.0 + np.concatenate([np.arange(n) for n in held]))
    size = 8.0
    mean = appeal[product] * np.exp(-0.2 * level)
    demand = rng.poisson(mean * rng.gamma(size, 1 / size, len(mean))).astype(float)
    found = learn_saturation(demand, np.ones(len(mean)), level, product, size)
    assert found == pytest.approx(0.2, abs=0.06)
    assert learn_saturation(demand, np.ones(len(mean)), level, np.arange(len(mean)), size) == 0.0


def test_planted_repeat_factor_is_found_by_category() -> None:
    rng = np.random.default_rng(0)
    series = np.repeat(np.arange(400), 3)
    order = np.tile(np.arange(3), 400)
    group = np.repeat(np.arange(400) % 2, 3)
    level = np.repeat(rng.gamma(3, 10, 400), 3)
    counts = rng.poisson(level * np.array([0.5, 0.9])[group] ** order).astype(float)
    found = learn_repeat_factor(counts, order, series, group, 3)
    np.testing.assert_allclose(found[:2], [0.5, 0.9], atol=0.03)
    assert found[2] == pytest.approx(DEFAULT_REPEAT_FACTOR, abs=0.01)
