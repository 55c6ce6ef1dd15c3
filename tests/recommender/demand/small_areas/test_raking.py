"""Raking meets its margins."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.demand.small_areas.raking import rake


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
def test_raking_meets_both_margins(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.gamma(1, 1, (rows, columns)) + 0.01
    wanted = rng.gamma(2, 1, (rows, columns)) + 0.1
    found = rake(cells, wanted.sum(axis=1), wanted.sum(axis=0), iterations=300)
    np.testing.assert_allclose(found.sum(axis=0), wanted.sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), wanted.sum(axis=1), rtol=1e-3)


def test_a_row_and_a_column_of_nothing_leave_the_others_their_sums() -> None:
    cells = np.ones((3, 3))
    found = rake(cells, np.array([0.0, 2.0, 4.0]), np.array([0.0, 3.0, 3.0]))
    np.testing.assert_allclose(found, [[0, 0, 0], [0, 1, 1], [0, 2, 2]])
    np.testing.assert_array_equal(rake(cells, np.zeros(3), np.zeros(3)), np.zeros((3, 3)))
