"""Standardised rows and the order of the fallback chain."""

import numpy as np
import pytest

from recommender.scorers.fallback import fall_back, standardise_rows

NAN = np.nan


def test_standardised_rows_have_mean_zero_and_deviation_one_and_keep_nan():
    rows = np.array([[1.0, 2.0, 3.0, NAN], [5.0, 5.0, 5.0, 5.0]], dtype=np.float32)
    found = standardise_rows(rows)
    np.testing.assert_allclose(found[0], [-np.sqrt(1.5), 0.0, np.sqrt(1.5), NAN], atol=1e-6)
    np.testing.assert_array_equal(found[1], 0.0)
    assert found.dtype == np.float32


def test_gaps_are_filled_by_the_next_scorer_in_its_standardised_scores():
    first = np.array([[2.0, NAN, 1.0], [NAN, NAN, NAN]], dtype=np.float32)
    second = np.array([[9.0, 5.0, 1.0], [9.0, 5.0, NAN]], dtype=np.float32)
    last = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]], dtype=np.float32)
    found = fall_back([first, second, last])
    np.testing.assert_allclose(found, [[1, 0, -1], [1, -1, np.sqrt(2)]], atol=1e-6)


def test_the_order_decides_not_the_size_of_scores():
    small = np.array([[0.001, 0.002]], dtype=np.float32)
    large = np.array([[900.0, 100.0]], dtype=np.float32)
    np.testing.assert_allclose(fall_back([small, large]), [[-1.0, 1.0]], atol=1e-6)


@pytest.mark.parametrize("empty", [0.0, -1e9])
def test_where_no_scorer_is_finite_the_given_value_stands(empty):
    found = fall_back([np.full((2, 3), NAN, np.float32)], empty=empty)
    np.testing.assert_array_equal(found, np.float32(empty))
