"""EASE against least squares of each column on the other products."""

import numpy as np
import pytest

from recommender.scorers.ease import EASEScorer


def test_each_column_is_the_ridge_regression_on_the_other_products(make_interactions):
    x = (np.random.default_rng(2).random((25, 6)) < 0.4).astype(np.float64)
    weights = EASEScorer(regularization=1.5).fit(make_interactions(x)).weights_.toarray()
    for column in range(6):
        others = np.delete(np.arange(6), column)
        a = x[:, others]
        expected = np.linalg.solve(a.T @ a + 1.5 * np.eye(5), a.T @ x[:, column])
        np.testing.assert_allclose(weights[others, column], expected, atol=1e-5)
        assert weights[column, column] == 0.0


def test_two_products_have_the_weight_known_in_closed_form(make_interactions):
    # Three residents took both, a fourth the first alone: 3 / (4 + reg) and 3 / (3 + reg).
    x = np.array([[1, 1], [1, 1], [1, 1], [1, 0]])
    weights = EASEScorer(regularization=2.0).fit(make_interactions(x)).weights_.toarray()
    assert weights[0, 1] == pytest.approx(3 / 6)
    assert weights[1, 0] == pytest.approx(3 / 5)
