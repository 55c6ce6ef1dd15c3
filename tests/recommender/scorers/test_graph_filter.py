"""The graph filter against dense linear algebra, over the whole catalogue."""

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.scorers.graph_filter import GraphFilterScorer


def normalised(x):
    return x / np.sqrt(x.sum(axis=1, keepdims=True)) / np.sqrt(x.sum(axis=0, keepdims=True))


def weights_of(scorer):
    return scorer.score(sp.csr_matrix(np.eye(len(scorer.part_), dtype=np.float32)))


def test_scores_equal_the_formula_with_an_exact_decomposition(make_interactions):
    x = (np.random.default_rng(4).random((30, 8)) < 0.5).astype(np.float64)
    x[:, 0] = x[0, :] = 1.0
    scorer = GraphFilterScorer(vectors=3, alpha=0.4).fit(make_interactions(x))
    normal = normalised(x)
    v = np.linalg.svd(normal)[2][:3].T
    root = np.sqrt(x.sum(axis=0))
    expected = normal.T @ normal + 0.4 * np.diag(1 / root) @ v @ v.T @ np.diag(root)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(weights_of(scorer), expected, atol=1e-3)


def test_without_low_pass_two_products_share_by_degree(make_interactions):
    # Both residents took both products: each normalised entry is 1/2.
    scorer = GraphFilterScorer(alpha=0.0).fit(make_interactions(np.ones((2, 2))))
    assert weights_of(scorer) == pytest.approx(np.array([[0.0, 0.5], [0.5, 0.0]]))


def test_one_product_alone_needs_no_vectors(make_interactions):
    scorer = GraphFilterScorer().fit(make_interactions(np.ones((3, 1))))
    assert scorer.sparse_.nnz == 0
    assert scorer.left_.shape == (1, 0)
    assert scorer.part_.tolist() == [True]


def test_no_interactions_say_nothing(make_interactions):
    scorer = GraphFilterScorer().fit(make_interactions(np.zeros((2, 3))))
    assert not scorer.part_.any()
    assert (weights_of(scorer) == 0).all()


def test_a_product_outside_the_3000_most_popular_can_be_recommended(make_interactions):
    n = 3200
    x = np.zeros((n + 4, n), dtype=np.float32)
    # Every product is taken with its neighbour; the last two by fewer people than all others.
    for i in range(n - 2):
        x[i, [i, (i + 1) % (n - 2)]] = 1.0
    x[n, [n - 2, n - 1]] = 1.0
    scorer = GraphFilterScorer(vectors=8).fit(make_interactions(x))
    order = np.argsort(-np.asarray(x.sum(axis=0)), kind="stable")
    assert n - 1 in order[3000:]
    history = sp.csr_matrix(([1.0], ([0], [n - 2])), shape=(1, n), dtype=np.float32)
    assert scorer.score(history)[0].argmax() == n - 1
