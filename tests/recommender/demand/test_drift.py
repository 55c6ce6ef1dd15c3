"""Planted drift comes back; what does not last is none."""

import numpy as np
import pytest

from recommender.demand.drift import PRIOR, learn_drift


def periods(*, drift: float, error: float, n: int = 8, cells: int = 200) -> np.ndarray:
    rng = np.random.default_rng(3)
    walk = np.cumsum(rng.normal(0.0, np.sqrt(drift), (n, cells)), axis=0)
    mean = 80.0 * np.exp(walk + rng.normal(0.0, error, (n, cells)))
    return rng.poisson(mean).astype(float)


@pytest.mark.parametrize("error", [0.0, 0.3])
@pytest.mark.parametrize("drift", [0.0, 0.04])
def test_planted_drift_comes_back(drift: float, error: float) -> None:
    seen = periods(drift=drift, error=error)
    expected = np.broadcast_to(seen.mean(axis=0), seen.shape)
    assert learn_drift(seen, expected) == pytest.approx(drift, abs=0.015)


def test_growth_of_all_is_no_drift_and_two_periods_tell_nothing() -> None:
    seen = periods(drift=0.0, error=0.0)
    expected = np.full(seen.shape, 80.0)
    grown = seen * np.exp(0.2 * np.arange(len(seen)))[:, None]
    assert learn_drift(grown, expected) < 0.01
    assert learn_drift(seen[:2], expected[:2]) == PRIOR
