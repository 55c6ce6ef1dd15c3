"""Weights and errors of what was seen of late, learnt from past periods."""

import numpy as np
import pytest

from recommender.demand.count_intervals import count_interval
from recommender.demand.recency import LEVELS, Origin, Window, combine, prior_combination
from recommender.demand.recency_learning import learn_combination

STREETS, PRODUCTS = 4, 6
GROUPS = {
    "product": np.arange(PRODUCTS),
    "supplier": np.array([0, 0, 1, 1, 2, 2]),
    "category": np.array([0, 0, 0, 1, 1, 1]),
    "all": np.zeros(PRODUCTS, dtype=np.intp),
}


@pytest.mark.parametrize("returns", [True, False])
def test_past_periods_teach_whether_last_period_comes_again(returns: bool) -> None:
    rng = np.random.default_rng(0)
    told = np.full((STREETS, PRODUCTS), 200.0)
    past = []
    for _ in range(4):
        level = rng.lognormal(0, 0.6, told.shape)
        seen = rng.poisson(told * level)
        came = rng.poisson(told * level) if returns else rng.poisson(told)
        past.append(Origin(told, [Window(seen, told), *3 * [None]], came.astype(float)))
    learnt = learn_combination(past, GROUPS)
    weights = learnt.weights["street x product"]
    assert weights[0] > 0.7 if returns else weights[0] < 0.2
    assert weights[:-1].sum() <= 1.0 + 1e-9


def test_without_past_periods_the_prior_stands() -> None:
    learnt, prior = learn_combination([], GROUPS), prior_combination()
    assert learnt.widths == prior.widths
    assert all(np.array_equal(learnt.weights[x], prior.weights[x]) for x in LEVELS)
    assert all(np.array_equal(learnt.variances[x], prior.variances[x]) for x in LEVELS)


@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_intervals_learn_from_past_periods_how_wide_they_must_be(spread: float) -> None:
    rng = np.random.default_rng(2)
    told = np.full((STREETS, PRODUCTS), 60.0)

    def period() -> Origin:
        mean = told * rng.lognormal(-0.5 * spread**2, spread, told.shape)
        return Origin(told, [None] * 4, rng.poisson(mean).astype(float))

    learnt = learn_combination([period() for _ in range(6)], GROUPS)
    inside = []
    for _ in range(20):
        later = period()
        forecast, variance = combine(later, GROUPS, learnt)["street x product"]
        low, high = count_interval(forecast, np.sqrt(variance))
        inside.append(((low <= later.attended) & (later.attended <= high)).mean())
    assert 0.76 <= np.mean(inside) <= 0.88
