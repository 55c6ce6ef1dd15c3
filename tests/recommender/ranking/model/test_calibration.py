"""Chances are as frequent as they say, and follow the logistic curve they were fitted as."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from recommender.ranking.model.calibration import INPUTS, Calibration

SIZE = 3 + len(INPUTS)


def silent(shape):
    return {name: np.zeros(shape, dtype=np.float32) for name in INPUTS}


def test_chances_of_given_weights_are_the_logistic_curve():
    weights = np.zeros(SIZE)
    weights[:2] = -2.0, 1.0
    found = Calibration(np.zeros(SIZE), np.ones(SIZE), weights)
    total = np.array([[2.0, 2.0 + np.log(3), -1e6]], dtype=np.float32)
    chance = found.predict(total, silent(total.shape))
    np.testing.assert_allclose(chance, [[0.5, 0.75, 0.0]], atol=1e-6)
    assert chance.dtype == np.float32


def test_fitted_weights_are_those_of_a_penalised_logistic_regression():
    rng = np.random.default_rng(0)
    total = rng.normal(size=(60, 40)).astype(np.float32)
    signals = {name: rng.normal(size=total.shape).astype(np.float32) for name in INPUTS}
    logit = total - 0.5 * signals["lead"] - 2
    booked = rng.random(total.shape) < 1 / (1 + np.exp(-logit))
    found = Calibration.fit(total, signals, booked)
    x = np.column_stack([total.ravel(), *(signals[name].ravel() for name in INPUTS)])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    peer = LogisticRegression(C=1.0, tol=1e-8).fit(x, booked.ravel())
    kept = [1, *range(3, SIZE)]  # whether a profile was used is the same for all here
    np.testing.assert_allclose(found.weights[kept], peer.coef_[0], atol=2e-3)
    assert found.weights[0] == pytest.approx(peer.intercept_[0], abs=2e-3)


def test_calibrated_chances_are_as_frequent_as_they_say():
    rng = np.random.default_rng(6)
    total = rng.normal(size=(400, 50)).astype(np.float32)
    signals = silent(total.shape)
    signals["activity"] = np.repeat(rng.uniform(0, 3, (400, 1)), 50, axis=1).astype(np.float32)
    truth = 1 / (1 + np.exp(-(1.2 * total + 0.8 * signals["activity"] - 4.0)))
    booked = rng.random(total.shape) < truth
    chance = Calibration.fit(total, signals, booked).predict(total, signals)
    for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 0.4), (0.4, 1.0)):
        some = (chance >= low) & (chance < high)
        assert some.sum() > 100
        assert chance[some].mean() == pytest.approx(truth[some].mean(), rel=0.15)


def test_what_is_missing_counts_as_average_and_a_constant_as_nothing():
    rng = np.random.default_rng(1)
    total = rng.normal(size=(50, 20)).astype(np.float32)
    signals = {name: rng.normal(size=total.shape).astype(np.float32) for name in INPUTS}
    signals["popularity"][:] = 7.0
    booked = rng.random(total.shape) < 0.3
    found = Calibration.fit(total, signals, booked)
    average = {name: np.full((1, 1), found.mean[3 + i]) for i, name in enumerate(INPUTS)}
    missing = average | {"lead": np.full((1, 1), np.nan)}
    other = average | {"popularity": np.full((1, 1), 3.0)}
    one = np.zeros((1, 1), dtype=np.float32)
    chances = [float(found.predict(one, some)[0, 0]) for some in (average, missing, other)]
    assert chances[1:] == [chances[0]] * 2


def test_where_nobody_booked_the_chance_is_small_but_there():
    total = np.zeros((10, 20), dtype=np.float32)
    nobody = np.zeros(total.shape, dtype=bool)
    chance = Calibration.fit(total, silent(total.shape), nobody).predict(total, silent(total.shape))
    assert 0 < chance.max() < 0.01
