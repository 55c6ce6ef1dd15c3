"""An adversary who knows every shown cell and every total works out no hidden one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.linalg import null_space

from recommender.demand.disclosure import (
    MIN_RESIDENTS,
    ROUNDING,
    disclosed_count,
    disclosed_counts,
    disclosed_mean,
    disclosure_control,
)


def recoverable(hidden: NDArray[np.bool_]) -> int:
    """Hidden cells that all totals of rows and columns determine together."""
    rows, columns = hidden.nonzero()
    if len(rows) == 0:
        return 0
    totals = np.zeros((sum(hidden.shape), len(rows)))
    totals[rows, np.arange(len(rows))] = 1.0
    totals[len(hidden) + columns, np.arange(len(rows))] = 1.0
    free = null_space(totals)
    return int((np.abs(free).max(axis=1, initial=0.0) < 1e-9).sum())


@settings(max_examples=150, deadline=None)
@given(
    arrays(
        np.int64,
        st.tuples(st.integers(2, 7), st.integers(2, 9)),
        elements=st.sampled_from([0, 5, 9, 10, 12, 40, 400]),
    )
)
def test_no_hidden_cell_follows_from_totals(contributors: NDArray[np.int64]) -> None:
    hidden = disclosure_control(contributors)
    assert hidden[contributors < MIN_RESIDENTS].all()
    assert recoverable(hidden) == 0


def test_a_bridge_between_two_rings_is_closed() -> None:
    contributors = np.full((4, 5), 50)
    contributors[:2, :2] = 3
    contributors[2:, 3:] = 3
    contributors[1, 3] = 3
    # Every row and column has two hidden cells, and yet one cell follows from the totals.
    assert recoverable(contributors < MIN_RESIDENTS) == 1
    assert recoverable(disclosure_control(contributors)) == 0


def test_products_of_one_category_hide_together_and_nothing_more() -> None:
    contributors = np.full((10, 300), 80)
    contributors[2, :40] = 4
    contributors[7, :40] = 9
    hidden = disclosure_control(contributors)
    np.testing.assert_array_equal(hidden, contributors < MIN_RESIDENTS)
    assert disclosure_control(np.full((3, 4), 10)).sum() == 0


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (1, 1)])
def test_a_single_row_or_column_hides_what_is_few(shape: tuple[int, int]) -> None:
    assert disclosure_control(np.full(shape, 2)).all()
    assert not disclosure_control(np.full(shape, 20)).any()


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 10**6))
def test_no_hidden_cell_can_be_worked_out_from_totals(rows: int, cols: int, seed: int) -> None:
    contributors = np.random.default_rng(seed).integers(0, 40, (rows, cols)).astype(np.int64)
    hidden = disclosure_control(contributors)
    assert hidden[contributors < 10].all()
    assert not (hidden.sum(axis=0) == 1).any()
    assert not (hidden.sum(axis=1) == 1).any()


def test_nothing_is_hidden_where_enough_stand_behind() -> None:
    assert not disclosure_control(np.full((3, 4), 10, dtype=np.int64)).any()


def test_counts_are_multiples_of_five_and_hidden_below_ten_residents() -> None:
    counts = np.array([0, 3, 9, 12, 13, 480])
    residents = np.array([0, 3, 9, 12, 9, 200])
    shown = disclosed_counts(counts, residents)
    np.testing.assert_array_equal(shown, [np.nan, np.nan, np.nan, 10, np.nan, 480])
    assert disclosed_count(0, 0) is None
    assert disclosed_count(47, 40) == 45


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(-1, 1))
def test_what_one_resident_did_is_no_difference(count: int, residents: int, change: int) -> None:
    before, after = (
        disclosed_count(each, who)
        for each, who in ((count, residents), (count + change, residents + change))
    )
    if before is not None and after is not None:
        assert abs(after - before) in (0, ROUNDING)


def test_a_mean_of_marks_is_coarse() -> None:
    assert disclosed_mean(36.0, 9, 9) is None
    assert disclosed_mean(48.0, 12, 5) is None
    assert disclosed_mean(50.0, 12, 12) == 4.25
    assert disclosed_mean(4_120.0, 1_000, 700) == pytest.approx(4.1)
    # One mark more, of any kind, of thirty: the same mean, or the next.
    for mark in (1, 3, 5):
        assert abs(disclosed_mean(120 + mark, 31, 31) - disclosed_mean(120, 30, 30)) in (0, 0.25)
