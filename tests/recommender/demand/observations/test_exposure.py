"""What was shown more is not wanted more."""

import numpy as np
import pytest

from recommender.demand.observations.exposure import position_weights, relative_exposure


def test_what_is_popular_and_therefore_shown_more_is_not_counted_twice() -> None:
    rng = np.random.default_rng(1)
    n = 600
    appeal = rng.lognormal(0, 0.8, n)
    attention = appeal**0.4 * rng.lognormal(0, 0.1, n)
    logged = np.arange(n) % 3 == 0
    weighted_impressions = rng.poisson(500 * attention).astype(float)
    found, slope = relative_exposure(
        appeal, np.full(n, 100.0), weighted_impressions, logged, appeal, 1.0
    )
    assert slope == pytest.approx(0.4, abs=0.05)
    assert (found * appeal).sum() == pytest.approx(appeal.sum())
    assert np.corrcoef(np.log(found), np.log(attention))[0, 1] > 0.95
    half, _ = relative_exposure(
        appeal, np.full(n, 100.0), weighted_impressions, logged, appeal, 0.5
    )
    assert np.log(half).std() < np.log(found).std()


def test_with_too_few_logged_sessions_all_were_noticed_alike() -> None:
    n = 50
    found, slope = relative_exposure(
        np.ones(n), np.ones(n), np.arange(n) * 1.0, np.arange(n) < 29, np.ones(n), 1.0
    )
    np.testing.assert_array_equal(found, 1.0)
    assert slope == 0.0


def test_sessions_that_nobody_could_have_been_shown_tell_nothing() -> None:
    rng = np.random.default_rng(3)
    n = 100
    met = np.where(np.arange(n) < 40, 0.0, 100.0)
    weighted_impressions = np.where(met > 0, rng.poisson(50, n), 0).astype(float)
    ones = np.ones(n)
    found, _ = relative_exposure(ones, met, weighted_impressions, ones > 0, ones, 1.0)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(n)
    nothing, slope = relative_exposure(ones, ones, np.zeros(n), ones > 0, ones, 1.0)
    np.testing.assert_array_equal(nothing, 1.0)
    assert slope == 0.0


def test_impressions_low_on_a_list_count_less() -> None:
    rng = np.random.default_rng(2)
    position = rng.integers(1, 6, 200_000)
    booked = rng.random(len(position)) < 0.05 / position
    weighted_impressions = position_weights(position, booked)
    by_place = [weighted_impressions[position == k][0] for k in range(1, 6)]
    assert by_place == sorted(by_place, reverse=True)
    assert by_place[0] / by_place[4] == pytest.approx(5.0, rel=0.3)
    assert weighted_impressions.mean() == pytest.approx(1.0, rel=0.05)
