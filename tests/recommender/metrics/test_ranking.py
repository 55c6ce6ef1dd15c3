"""Ranking measures against hand-made answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.metrics.ranking import gini, ndcg_at_k, recall_at_k, reciprocal_rank, top_k


def test_ndcg_of_a_perfect_list_is_one_and_discounts_by_log_of_rank():
    hits = np.array([[True, True, False], [False, True, False]])
    assert ndcg_at_k(hits, np.array([2, 1]), 3) == pytest.approx([1.0, 1 / np.log2(3)])


def test_ndcg_ideal_is_bounded_by_the_list_length():
    hits = np.array([[True, True]])
    assert ndcg_at_k(hits, np.array([50]), 2) == pytest.approx([1.0])


def test_recall_and_reciprocal_rank():
    hits = np.array([[False, True, True], [False, False, False]])
    assert recall_at_k(hits, np.array([4, 1]), 3) == pytest.approx([0.5, 0.0])
    assert reciprocal_rank(hits) == pytest.approx([0.5, 0.0])


def test_gini_of_equal_and_of_concentrated_exposure():
    assert gini(np.full(10, 3.0)) == pytest.approx(0.0)
    assert gini(np.array([0.0] * 9 + [5.0])) == pytest.approx(0.9)


@given(
    st.integers(1, 40).flatmap(
        lambda c: st.tuples(
            st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), min_size=c, max_size=c),
            st.integers(1, 45),
        )
    )
)
def test_top_k_equals_a_stable_sort(case):
    row, k = case
    scores = np.array([row], dtype=np.float32)
    expected = [
        c
        for c in sorted(range(len(row)), key=lambda c: (-np.nan_to_num(row[c], nan=-9), c))
        if np.isfinite(row[c])
    ][:k]
    found = [int(c) for c in top_k(scores, k)[0] if c >= 0]
    assert found == expected
