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
