"""The graph filter against dense linear algebra."""

import numpy as np
import pytest

from recommender.scorers.graph_filter import GraphFilterScorer


def normalised(x):
    return x / np.sqrt(x.sum(axis=1, keepdims=True)) / np.sqrt(x.sum(axis=0, keepdims=True))


def test_weights_equal_the_formula_with_an_exact_decomposition(make_interactions):
    x = (np.random.default_rng(4).random((30, 8)) < 0.5).astype(np.float64)
    x[:, 0] = x[0, :] = 1.0
    weights = GraphFilterScorer(vectors=3, alpha=0.4).fit(make_interactions(x)).weights_.toarray()
    normal = normalised(x)
    v = np.linalg.svd(normal)[2][:3].T
    root = np.sqrt(x.sum(axis=0))
    expected = normal.T @ normal + 0.4 * np.diag(1 / root) @ v @ v.T @ np.diag(root)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(weights, expected, atol=1e-3)


def test_without_low_pass_two_products_share_by_degree(make_interactions):
    # Both residents took both products: each normalised entry is 1/2.
    scorer = GraphFilterScorer(alpha=0.0).fit(make_interactions(np.ones((2, 2))))
    assert scorer.weights_.toarray() == pytest.approx(np.array([[0.0, 0.5], [0.5, 0.0]]))


def test_one_product_alone_needs_no_vectors(make_interactions):
    scorer = GraphFilterScorer().fit(make_interactions(np.ones((3, 1))))
    assert scorer.weights_.nnz == 0
    assert scorer.part_.tolist() == [True]
