"""Bootstrap intervals: coverage, the normal approximation, and edge cases."""

import numpy as np
import pytest

from recommender.metrics.bootstrap import bootstrap_mean


def test_the_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        low, high = bootstrap_mean(rng.normal(1.0, 2.0, 80), rng=rng, level=0.9, repeats=300)
        covered += low <= 1.0 <= high
    assert 165 <= covered <= 194


def test_the_interval_agrees_with_the_normal_approximation():
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    low, high = bootstrap_mean(values, rng=np.random.default_rng(2), level=0.95, repeats=4000)
    half = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_equal_values_give_an_interval_of_no_width():
    found = bootstrap_mean(np.full(7, 0.25), rng=np.random.default_rng(0), repeats=50)
    assert found == (0.25, 0.25)


def test_a_higher_level_gives_a_wider_interval_from_the_same_draws():
    values = np.random.default_rng(3).random(50)
    narrow = bootstrap_mean(values, rng=np.random.default_rng(4), level=0.5)
    wide = bootstrap_mean(values, rng=np.random.default_rng(4), level=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_no_values_give_nan():
    assert np.isnan(bootstrap_mean(np.zeros(0), rng=np.random.default_rng(0))).all()
