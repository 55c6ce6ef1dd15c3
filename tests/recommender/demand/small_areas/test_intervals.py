"""Factors on standard deviations: right ones stay, too narrow ones are widened."""

import numpy as np
import pytest

from recommender.demand.small_areas.intervals import calibrate, estimate_with_intervals, split


def drawn(sd: float, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Counts of 8 streets and 400 products around 20, their logarithms scattered by ``sd``."""
    rng = np.random.default_rng(seed)
    expected = np.full((8, 400), 20.0)
    return rng.poisson(expected * rng.lognormal(-0.5 * sd**2, sd, (8, 400))).astype(float), expected


@pytest.mark.parametrize(("truth", "said", "factor"), [(0.4, 0.4, 1.0), (0.6, 0.3, 2.0)])
def test_the_factor_is_what_the_spread_was_wrong_by(
    truth: float, said: float, factor: float
) -> None:
    counts, expected = drawn(truth)
    found = calibrate(counts, expected, np.full((8, 400), said))
    assert np.median(found) == pytest.approx(factor, rel=0.15)


def test_halves_sum_to_the_counts_and_are_whole() -> None:
    counts = np.arange(60.0).reshape(3, 4, 5)
    half = split(counts, np.random.default_rng(1))
    np.testing.assert_array_equal(half, np.round(half))
    assert ((half >= 0) & (half <= counts)).all()
    assert half.sum() == pytest.approx(counts.sum() / 2, rel=0.1)


def test_no_interval_is_made_narrower_than_the_model_says() -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(6.0, (5, 2, 30)).astype(float)
    _, factor = estimate_with_intervals(
        counts, np.full((5, 2, 30), 100.0), np.full((5, 2), 1000.0), rng=rng
    )
    assert factor.shape == (5,)
    assert (factor >= 1.0).all()
