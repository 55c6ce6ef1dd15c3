"""One contract for all scorers, and a known answer for each."""

from datetime import UTC, datetime

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.scorers.als import ALSScorer
from recommender.scorers.content import ContentScorer
from recommender.scorers.ease import EASEScorer
from recommender.scorers.fallback import fall_back, standardise_rows
from recommender.scorers.graph_filter import GraphFilterScorer
from recommender.scorers.popularity import PopularityScorer
from recommender.types import IdMap, Interactions

SCORERS = [
    PopularityScorer,
    lambda: ALSScorer(factors=4, iterations=20, threads=1),
    ContentScorer,
    lambda: EASEScorer(regularization=5.0),
    lambda: GraphFilterScorer(vectors=4),
]
NAMES = ["popularity", "als", "content", "ease", "graph"]


def blocks(rng, n_blocks=4, residents=30, products=10, density=0.5):
    """Residents of a block take products of that block only; the last of each stays cold."""
    rows, columns = [], []
    for block in range(n_blocks):
        taken = rng.random((residents - 1, products - 1)) < density
        r, c = np.nonzero(taken)
        rows.append(r + block * residents)
        columns.append(c + block * products)
    shape = (n_blocks * residents, n_blocks * products)
    r, c = np.concatenate(rows), np.concatenate(columns)
    confidence = sp.csr_matrix((np.ones(len(r), dtype=np.float32), (r, c)), shape=shape)
    features = sp.csr_matrix(np.repeat(np.eye(n_blocks, dtype=np.float32), products, axis=0))
    return (
        Interactions(
            confidence,
            IdMap(f"r{i}" for i in range(shape[0])),
            IdMap(f"p{i}" for i in range(shape[1])),
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
        features,
    )


@pytest.fixture
def planted():
    return blocks(np.random.default_rng(3))


@pytest.mark.parametrize("make", SCORERS, ids=NAMES)
def test_shape_type_and_unknown_residents(make, planted):
    data, features = planted
    scorer = make().fit(data, features, rng=np.random.default_rng(0))
    query, candidates = np.array([0, 5, -1, 29]), np.array([3, 0, 9])
    scores = scorer.score(query, candidates)
    assert scores.shape == (4, 3)
    assert scores.dtype == np.float32
    if make is PopularityScorer:
        assert np.isfinite(scores).all()
    else:
        assert np.isnan(scores[2]).all(), "an unknown resident"
        assert np.isnan(scores[3]).all(), "a resident without history"
        assert np.isfinite(scores[:2, :2]).all()


@pytest.mark.parametrize("make", SCORERS, ids=NAMES)
def test_the_same_seed_gives_the_same_scores(make, planted):
    data, features = planted
    query, candidates = np.arange(40), np.arange(40)
    one, two = (
        make().fit(data, features, rng=np.random.default_rng(7)).score(query, candidates)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("make", [SCORERS[0], SCORERS[2]], ids=["popularity", "content"])
def test_saved_and_loaded_scores_are_equal(make, planted):
    data, features = planted
    scorer = make().fit(data, features, rng=np.random.default_rng(0))
    again = type(scorer).from_arrays(scorer.to_arrays())
    query, candidates = np.arange(12), np.arange(40)
    np.testing.assert_array_equal(scorer.score(query, candidates), again.score(query, candidates))


@pytest.mark.parametrize("make", SCORERS[1:], ids=NAMES[1:])
def test_planted_blocks_are_found(make, planted):
    data, features = planted
    scores = (
        make()
        .fit(data, features, rng=np.random.default_rng(0))
        .score(np.array([0, 35, 70, 100]), np.arange(40))
    )
    for row, block in enumerate(range(4)):
        own = np.arange(block * 10, block * 10 + 9)
        other = np.setdiff1d(np.arange(40), np.arange(block * 10, block * 10 + 10))
        assert np.nanmin(scores[row, own]) > np.nanmax(scores[row, other])


def test_als_is_silent_on_a_product_nobody_took(planted):
    data, features = planted
    scores = (
        ALSScorer(factors=4, threads=1)
        .fit(data, features, rng=np.random.default_rng(0))
        .score(np.array([0]), np.array([9]))
    )
    assert np.isnan(scores).all()


def test_content_reaches_a_product_nobody_took(planted):
    data, features = planted
    scores = (
        ContentScorer()
        .fit(data, features, rng=np.random.default_rng(0))
        .score(np.array([0]), np.array([9, 19]))
    )
    assert scores[0] == pytest.approx([1.0, 0.0])


def test_als_folded_in_factors_equal_the_fitted_ones_at_convergence(planted):
    data, features = planted
    scorer = ALSScorer(factors=4, iterations=60, threads=1).fit(
        data, features, rng=np.random.default_rng(0)
    )
    loaded = ALSScorer.from_arrays(scorer.to_arrays())
    folded = loaded.fold_in(data.confidence)
    own = scorer.resident_factors_ @ scorer.product_factors_.T
    np.testing.assert_allclose(folded @ scorer.product_factors_.T, own, atol=0.02)


def test_popularity_counts(planted):
    data, features = planted
    scores = (
        PopularityScorer()
        .fit(data, features, rng=np.random.default_rng(0))
        .score(np.array([-1]), np.arange(40))
    )
    np.testing.assert_allclose(scores[0], np.asarray(data.confidence.sum(axis=0)).ravel())


def test_standardised_rows_have_mean_zero_and_deviation_one_and_keep_nan():
    rows = np.array([[1.0, 2.0, 3.0, np.nan], [5.0, 5.0, 5.0, 5.0]], dtype=np.float32)
    found = standardise_rows(rows)
    assert np.nanmean(found[0]) == pytest.approx(0.0, abs=1e-6)
    assert np.nanstd(found[0]) == pytest.approx(1.0, abs=1e-6)
    assert np.isnan(found[0, 3])
    np.testing.assert_array_equal(found[1], 0.0)


def test_the_chain_lets_the_first_that_can_speak():
    nan = np.nan
    first = np.array([[2.0, nan, 1.0], [nan, nan, nan]], dtype=np.float32)
    second = np.array([[9.0, 5.0, 1.0], [9.0, 5.0, nan]], dtype=np.float32)
    last = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]], dtype=np.float32)
    chained = fall_back([first, second, last])
    assert np.isfinite(chained).all()
    assert chained[0, 0] > chained[0, 2]
    assert chained[0, 1] == pytest.approx(0.0, abs=0.2)
    assert chained[1, 0] > chained[1, 1]
    assert chained[1, 2] == pytest.approx(standardise_rows(last)[1, 2])


def test_a_chain_in_which_nobody_speaks_is_zero():
    np.testing.assert_array_equal(fall_back([np.full((2, 3), np.nan, np.float32)]), 0.0)


def test_ease_equals_its_closed_form_and_its_diagonal_is_zero(planted):
    data, features = planted
    scorer = EASEScorer(regularization=5.0).fit(data, features, rng=np.random.default_rng(0))
    x = data.confidence.toarray()[:, scorer.part_]
    inverse = np.linalg.inv(x.T @ x + 5.0 * np.eye(x.shape[1]))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)
    found = scorer.weights_.toarray()[np.ix_(scorer.part_, scorer.part_)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_neighbours_answer_the_same_after_saving(planted):
    data, features = planted
    for make in SCORERS[3:]:
        scorer = make().fit(data, features, rng=np.random.default_rng(0))
        again = type(scorer).from_arrays(scorer.to_arrays())
        one, two = (s.answer(data.confidence).toarray() for s in (scorer, again))
        np.testing.assert_array_equal(one, two)


def test_only_the_most_taken_products_take_part(planted):
    data, features = planted
    scorer = EASEScorer(products_max=7).fit(data, features, rng=np.random.default_rng(0))
    count = data.confidence.getnnz(axis=0)
    assert scorer.part_.sum() == 7
    assert count[scorer.part_].min() >= np.sort(count)[-7]
