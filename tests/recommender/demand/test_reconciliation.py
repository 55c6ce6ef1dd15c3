"""Reconciliation: against the normal equations of minimum trace, and its limits."""

import numpy as np
import pytest

from recommender.demand.reconciliation import reconcile, sums_of


def test_sums_are_rows_columns_and_the_whole() -> None:
    table = np.arange(6.0).reshape(2, 3)
    assert (sums_of(2, 3) @ table.ravel()).tolist() == [3.0, 12.0, 3.0, 5.0, 7.0, 15.0]


def test_two_cells_share_the_gap_to_their_sum_by_their_variances() -> None:
    # b = y + d (a - sum y) / (sum d + v): variances 1 and 3, sum foretold 16 with variance 2.
    found = reconcile(
        np.array([4.0, 6.0]),
        np.array([1.0, 3.0]),
        sums_of(1, 2)[:1],
        np.array([16.0]),
        np.array([2.0]),
    )
    assert found == pytest.approx([4.0 + 1.0, 6.0 + 3.0])


def test_it_is_the_least_squares_solution_of_all_levels() -> None:
    rng = np.random.default_rng(1)
    cells, variance = rng.uniform(5, 20, 12), rng.uniform(0.5, 3, 12)
    sums = sums_of(3, 4)
    totals, of_totals = sums @ cells + rng.normal(0, 2, 8), rng.uniform(0.5, 3, 8)
    stacked = np.vstack([np.eye(12), sums.toarray()])
    precision = 1.0 / np.concatenate([variance, of_totals])
    wanted = np.linalg.solve(
        stacked.T @ (precision[:, None] * stacked),
        stacked.T @ (precision * np.concatenate([cells, totals])),
    )
    assert reconcile(cells, variance, sums, totals, of_totals) == pytest.approx(wanted)


def test_certain_sums_are_met_and_no_cell_vanishes() -> None:
    cells = np.array([1.0, 9.0])
    totals = np.array([2.0, 0.5, 1.5, 2.0])
    certain = np.full(4, 1e-9)
    found = reconcile(cells, np.ones(2), sums_of(1, 2), totals, certain)
    assert found == pytest.approx([0.5, 1.5], abs=1e-6)
    nothing = reconcile(cells, np.ones(2), sums_of(1, 2)[3:], np.array([0.0]), np.array([1e-9]))
    assert (nothing >= 0.1 * cells).all()
