"""Effects of season, venue and hour on a session."""

import numpy as np
import pytest

from recommender.demand.observations.session_effects import fit_session_effects


def test_noise_of_many_levels_is_not_taken_for_a_season() -> None:
    rng = np.random.default_rng(6)
    level, size = rng.integers(0, 40, 2000), 3.0
    flat = rng.poisson(50 * rng.gamma(size, 1 / size, 2000)).astype(float)
    expected = np.full(2000, 50.0)
    (found,) = fit_session_effects(flat, expected, [level], [40], size=size)
    assert np.log(found).std() < 0.05
    lifted = flat * np.where(level % 2 == 0, 1.3, 1 / 1.3)
    (found,) = fit_session_effects(lifted, expected, [level], [40], size=size)
    assert np.log(found[::2]).mean() - np.log(found[1::2]).mean() == pytest.approx(0.52, abs=0.15)


def test_factors_of_place_and_hour_are_found() -> None:
    rng = np.random.default_rng(8)
    venue, hour = rng.integers(0, 10, 2000), rng.integers(0, 6, 2000)
    by_venue, by_hour = rng.gamma(20, 1 / 20, 10), rng.gamma(8, 1 / 8, 6)
    expected = rng.gamma(3, 10, 2000)
    demand = rng.poisson(expected * by_venue[venue] * by_hour[hour]).astype(float)
    found = fit_session_effects(demand, expected, [venue, hour], [10, 6])
    np.testing.assert_allclose(found[0] / found[0].mean(), by_venue / by_venue.mean(), rtol=0.08)
    np.testing.assert_allclose(found[1] / found[1].mean(), by_hour / by_hour.mean(), rtol=0.08)
