"""Count intervals hold what they say for counts of every size."""

import numpy as np
import pytest

from recommender.demand.count_intervals import count_interval


@pytest.mark.parametrize("mean", [0.3, 2.0, 15.0, 400.0])
def test_four_fifths_of_counts_lie_inside(mean: float) -> None:
    rng = np.random.default_rng(5)
    true = mean * rng.lognormal(-0.5 * 0.3**2, 0.3, 20_000)
    seen = rng.poisson(true)
    low, high = count_interval(np.full(seen.shape, mean), np.full(seen.shape, 0.3))
    inside = float(((low <= seen) & (seen <= high)).mean())
    # Whole numbers cannot be cut finer: small counts are covered more often.
    assert 0.78 <= inside <= (0.86 if mean > 10 else 0.97)


def test_ends_are_whole_and_nothing_expected_is_nothing() -> None:
    low, high = count_interval(np.array([0.0, 7.3]), np.array([1.0, 0.2]))
    assert (low[0], high[0]) == (0.0, 0.0)
    assert low[1] == int(low[1]) < 7.3 < high[1] == int(high[1])
