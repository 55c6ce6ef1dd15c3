"""The Gini coefficient and the Lorenz curve on known cases."""

import numpy as np
import pytest

from recommender.metrics.evenness import gini, lorenz


def test_known_values() -> None:
    assert gini([3.0, 3.0, 3.0]) == 0.0
    assert gini([0.0, 0.0, 0.0, 1.0]) == pytest.approx(0.75)
    assert gini([1.0, 3.0]) == pytest.approx(0.25)
    assert gini([]) == 0.0
    assert gini([0.0, 0.0]) == 0.0


def test_equals_the_definition() -> None:
    a = np.random.default_rng(3).gamma(1.0, 10.0, 20)
    pairs = np.abs(a[:, None] - a[None, :]).sum()
    assert gini(a) == pytest.approx(pairs / (2 * 20 * a.sum()))
    curve = lorenz(a)
    area = ((curve[1:] + curve[:-1]) / 2).sum() / 20
    assert gini(a) == pytest.approx(1 - 2 * area)


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        gini([1.0, -0.1])
