"""Decayed counts: half-lives by hand, and sums against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.ranking.features.decay import by_position, cross_counts, decay

PAIRS = st.lists(
    st.tuples(st.integers(-1, 3), st.integers(-1, 4), st.sampled_from([0.0, 0.5, 1.0, 3.0])),
    max_size=30,
)


def test_a_booking_loses_half_its_weight_every_half_life(snapshot):
    # In the order of the log: two of 15 February, one of the 16th, two of the 28th.
    cancelled = snapshot.log_outcome == 2
    assert decay(snapshot, None).tolist() == (~cancelled).astype(float).tolist()
    found = decay(snapshot, 14.0)
    assert found.dtype == np.float32
    assert found[:2] == pytest.approx([0.5, 0.5])
    assert found[2] == pytest.approx(2 ** (-13 / 14))
    assert sorted(found[3:]) == pytest.approx([0.0, 2 ** (-1 / 14)])


@given(pairs=PAIRS)
@settings(max_examples=60)
def test_sums_are_those_of_a_loop_and_unknown_positions_are_left_out(pairs):
    rows = np.array([row for row, _, _ in pairs], dtype=np.int32)
    columns = np.array([column for _, column, _ in pairs], dtype=np.int32)
    weight = np.array([value for _, _, value in pairs], dtype=np.float32)
    expected = np.zeros((4, 5))
    for row, column, value in pairs:
        if row >= 0 and column >= 0:
            expected[row, column] += value
    crossed = cross_counts(rows, columns, weight, (4, 5))
    np.testing.assert_allclose(crossed.toarray(), expected)
    assert crossed.nnz == np.count_nonzero(expected)  # pairs without weight take no room
    by_row = [sum(value for row, _, value in pairs if row == each) for each in range(4)]
    np.testing.assert_allclose(by_position(rows, weight, 4), by_row)
