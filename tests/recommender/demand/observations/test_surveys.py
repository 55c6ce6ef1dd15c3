"""Surveys move expectations as far as past ones were right."""

import numpy as np
import pytest

from recommender.demand.observations.surveys import (
    DEFAULT_RELIABILITY,
    adjust_products,
    reliability,
    survey_score,
)


def planted(rho: float, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 0.5, 300)
    predicted = np.full(300, 0.01)
    truth = predicted * np.exp(rho * score + rng.normal(0, 0.1, 300))
    weight = np.where(np.arange(300) < 150, 50.0, 0.0)
    return predicted, truth, weight, score


@pytest.mark.parametrize("rho", [0.0, 0.6, 1.0])
def test_planted_reliability_is_found_and_used_on_new_products(rho: float) -> None:
    predicted, truth, weight, score = planted(rho)
    asked = np.ones(300, dtype=bool)
    found, slope, explained = adjust_products(predicted, truth, weight, score, asked)
    assert slope == pytest.approx(rho, abs=0.08)
    new = weight == 0
    error = np.abs(np.log(found[new] / truth[new])).mean()
    assert error < 0.12
    assert explained > (0.7 if rho > 0.5 else -1)


def test_without_any_past_a_survey_still_moves_demand() -> None:
    predicted, truth, _, score = planted(1.0)
    asked = np.arange(300) < 20
    found, slope, _ = adjust_products(predicted, truth, np.zeros(300), score, asked)
    assert slope == pytest.approx(DEFAULT_RELIABILITY)
    assert found[score[:20].argmax()] > predicted[0]
    np.testing.assert_array_equal(found[20:], predicted[20:])


def test_no_survey_changes_nothing() -> None:
    predicted, truth, weight, score = planted(1.0)
    found, slope, _ = adjust_products(predicted, truth, weight, score, np.zeros(300, dtype=bool))
    assert found is predicted
    assert slope == 0.0


def test_street_reliability_is_learnt_from_counts() -> None:
    rng = np.random.default_rng(1)
    log_ratio_prior = rng.normal(0, 0.5, (8, 60))
    expected = np.full((8, 60), 20.0)
    follows = rng.poisson(expected * np.exp(0.8 * log_ratio_prior)).astype(float)
    assert reliability(follows, expected, log_ratio_prior) == pytest.approx(0.8, abs=0.11)
    assert reliability(rng.poisson(expected).astype(float), expected, log_ratio_prior) <= 0.1
    assert reliability(0 * expected, 0 * expected, log_ratio_prior) == pytest.approx(
        DEFAULT_RELIABILITY
    )


def test_few_answers_say_little() -> None:
    scores = survey_score(np.array([2.0, 200.0, 0.0]), np.array([1.0, 100.0, 0.0]))
    assert 0 < scores[0] < 0.2 < 0.6 < scores[1]
    assert scores[2] == 0.0
