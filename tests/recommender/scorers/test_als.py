"""Alternating least squares against the ridge regression that each half-step solves."""

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.scorers.als import ALSScorer


@pytest.fixture
def fitted(planted):
    return ALSScorer(factors=4, regularization=0.3, alpha=8.0, iterations=40, threads=1).fit(
        planted, rng=np.random.default_rng(0)
    )


def test_folded_in_factors_solve_the_weighted_ridge_regression(fitted):
    rng = np.random.default_rng(1)
    confidence = np.where(rng.random((6, 40)) < 0.2, rng.uniform(0.5, 2.0, (6, 40)), 0.0)
    found = fitted.fold_in(sp.csr_matrix(confidence, dtype=np.float32))
    v = fitted.product_factors_.astype(np.float64)
    for row, c in zip(found, 8.0 * confidence, strict=True):
        # implicit weighs what was not taken by 1 and what was taken by its confidence.
        weight = np.where(c > 0, c, 1.0)
        normal = v.T @ (weight[:, None] * v) + 0.3 * np.eye(4)
        exact = np.linalg.solve(normal, v.T @ c)
        np.testing.assert_allclose(row, exact, rtol=0.02, atol=0.02)


def test_a_product_without_interactions_has_factors_zero(fitted, planted):
    cold = planted.confidence.getnnz(axis=0) == 0
    assert cold.sum() == 4
    np.testing.assert_array_equal(fitted.product_factors_[cold], 0.0)
    assert np.abs(fitted.product_factors_[~cold]).max(axis=1).min() > 0


def test_an_empty_history_folds_in_as_zero(fitted):
    np.testing.assert_array_equal(fitted.fold_in(sp.csr_matrix((2, 40), dtype=np.float32)), 0.0)


def test_folding_in_accepts_read_only_arrays(fitted, planted):
    arrays = {name: values.copy() for name, values in fitted.to_arrays().items()}
    for values in arrays.values():
        values.flags.writeable = False
    loaded = ALSScorer.from_arrays(arrays)
    np.testing.assert_array_equal(
        loaded.fold_in(planted.confidence), fitted.fold_in(planted.confidence)
    )


def test_folding_in_does_not_change_the_history(fitted, planted):
    before = planted.confidence.copy()
    fitted.fold_in(planted.confidence)
    np.testing.assert_array_equal(planted.confidence.data, before.data)
