"""The linear stage finds planted weights; the mix and the trees keep theirs."""

import numpy as np
import pytest

from recommender.ranking.features.registry import NAMES
from recommender.ranking.model.ranker import LinearRanker, Ranker, Rows, fit_trees, spread_within


def choices(rng, weights, questions=1500, candidates=12):
    """Every question ends with one booking, drawn by the conditional logit of ``weights``."""
    x = rng.normal(size=(questions, candidates, len(weights))).astype(np.float32)
    utility = x @ weights + rng.gumbel(size=(questions, candidates))
    booked = np.zeros((questions, candidates), dtype=bool)
    booked[np.arange(questions), utility.argmax(axis=1)] = True
    return Rows(
        x.reshape(-1, len(weights)),
        booked.ravel(),
        np.full(questions, candidates),
        np.repeat(np.arange(5), questions // 5),
    )


def test_linear_ranker_finds_the_weights_choices_were_made_with():
    truth = np.array([1.5, -0.7, 0.0])
    found = LinearRanker.fit(choices(np.random.default_rng(0), truth), ridge=1e-3)
    np.testing.assert_allclose(found.weights / found.scale, truth, atol=0.12)


def test_linear_ranker_takes_missing_signals_as_average_and_ignores_constants():
    rows = choices(np.random.default_rng(1), np.array([1.0, 0.0]))
    x = rows.x.copy()
    x[:, 1] = 7.0
    x[::5, 0] = np.nan
    found = LinearRanker.fit(Rows(x, rows.booked, rows.sizes, rows.window))
    scores = found.predict(np.array([[np.nan, 7.0], [found.mean[0], 3.0]], dtype=np.float32))
    np.testing.assert_allclose(scores, 0.0, atol=1e-5)


def test_parts_of_the_linear_score_sum_to_it():
    found = LinearRanker.fit(choices(np.random.default_rng(2), np.array([1.0, 0.5, -1.0])))
    x = np.random.default_rng(3).normal(size=(20, 3)).astype(np.float32)
    np.testing.assert_allclose(found.contributions(x).sum(axis=1), found.predict(x), atol=1e-4)


@pytest.mark.parametrize("objective", ["lambdarank", "binary"])
def test_trees_learn_what_no_line_can_and_repeat_themselves(objective):
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, size=(600, 10, len(NAMES))).astype(np.float32)
    best = np.abs(x[:, :, 3]).argmax(axis=1)
    booked = np.zeros((600, 10), dtype=bool)
    booked[np.arange(600), best] = True
    rows = Rows(x.reshape(-1, len(NAMES)), booked.ravel(), np.full(600, 10), np.zeros(600, int))
    one, two = (fit_trees(rows, objective, seed=5, rounds=40).model_to_string() for _ in range(2))
    assert one == two
    ranker = Ranker(
        LinearRanker(np.zeros(len(NAMES)), np.ones(len(NAMES)), np.zeros(len(NAMES))),
        {objective: one},
        {objective: 1.0},
        {objective: 1.0},
    )
    found = ranker.predict(rows.x).reshape(600, 10).argmax(axis=1)
    assert (found == best).mean() > 0.7
    contributions = ranker.contributions(rows.x[:50])
    assert np.abs(contributions).sum(axis=0).argmax() == 3
    again = Ranker.from_arrays(ranker.to_arrays())
    np.testing.assert_array_equal(again.predict(rows.x), ranker.predict(rows.x))


def test_spread_is_the_deviation_within_questions_only():
    score = np.array([0.0, 2.0, 100.0, 102.0], dtype=np.float32)
    assert spread_within(score, np.array([2, 2])) == pytest.approx(1.0)
