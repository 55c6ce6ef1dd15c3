"""What every scorer promises: planted blocks, repeatable fits, the same scores after loading."""

import numpy as np
import pytest

from recommender.scorers.als import ALSScorer
from recommender.scorers.ease import EASEScorer
from recommender.scorers.graph_filter import GraphFilterScorer


def fit_als(data):
    scorer = ALSScorer(factors=4, iterations=20, threads=1)
    return scorer.fit(data, rng=np.random.default_rng(7))


def score(scorer, confidence):
    if isinstance(scorer, ALSScorer):
        return scorer.fold_in(confidence) @ scorer.product_factors_.T
    if isinstance(scorer, GraphFilterScorer):
        taken = confidence.copy()
        taken.data[:] = 1.0
        return scorer.score(taken)
    return np.asarray((confidence @ scorer.weights_).todense())


FITS = {
    "als": fit_als,
    "ease": lambda data: EASEScorer(regularization=5.0).fit(data),
    "graph_filter": lambda data: GraphFilterScorer(vectors=4).fit(data),
}


@pytest.fixture(params=FITS.values(), ids=FITS.keys())
def fit(request):
    return request.param


def test_planted_blocks_are_found(fit, planted, assert_blocks_found):
    assert_blocks_found(score(fit(planted), planted.confidence))


def test_the_same_data_and_seed_give_the_same_arrays(fit, planted):
    one, two = fit(planted).to_arrays(), fit(planted).to_arrays()
    assert one.keys() == two.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])


def test_loaded_scores_equal_those_before_saving(fit, planted):
    scorer = fit(planted)
    loaded = type(scorer).from_arrays(scorer.to_arrays())
    np.testing.assert_array_equal(
        score(loaded, planted.confidence), score(scorer, planted.confidence)
    )


def test_arrays_are_never_objects(fit, planted):
    assert all(values.dtype.kind in "biuf" for values in fit(planted).to_arrays().values())
