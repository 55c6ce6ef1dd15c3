"""Forecasts of cells and of their sums made to agree, each moved as far as its error allows.

With forecasts ŷ of all levels, S the matrix that makes all levels from the cells, and W the
covariance of the forecasts' errors, the cells

    b = (Sᵀ W⁻¹ S)⁻¹ Sᵀ W⁻¹ ŷ

are unbiased where ŷ is, and of all such cells have the smallest total error variance (minimum
trace; Wickramasuriya, Athanasopoulos & Hyndman 2019, equation 10; W diagonal as in their variance
scaling). Here S stacks the sums A on the cells' identity and W is diagonal, with D for the cells
and V for the sums. By the Woodbury identity

    b = ŷ_cells + D Aᵀ (A D Aᵀ + V)⁻¹ (ŷ_sums - A ŷ_cells),

so that the system to solve has one row a sum, not one a cell.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

Floats = NDArray[np.float64]


def reconcile(
    cells: Floats, cell_variance: Floats, sums: csr_array, totals: Floats, total_variance: Floats
) -> Floats:
    """Cells that agree best with their own forecasts and with those of their sums.

    Parameters
    ----------
    cells, cell_variance
        Forecasts of the cells, >= 0, and the variances of their errors, > 0; shape (n,).
    sums
        A: which cells each sum adds up, shape (m, n), of zeros and ones.
    totals, total_variance
        Forecasts of the sums and the variances of their errors, > 0; shape (m,).

    Returns
    -------
    Shape (n,), >= 0: a cell is lowered by nine tenths of itself at most, so that none vanishes
    for the error of a sum.
    """
    spread = sums.multiply(cell_variance[None, :]).tocsr()
    system = np.asarray((spread @ sums.T).todense(), dtype=np.float64)
    system[np.diag_indices_from(system)] += total_variance
    solved = cho_solve(cho_factor(system, lower=True), totals - sums @ cells)
    return np.asarray(np.maximum(cells + spread.T @ solved, 0.1 * cells))


def sums_of(rows: int, columns: int) -> csr_array:
    """A of a table: its row sums, its column sums and its total.

    Parameters
    ----------
    rows, columns
        Shape of the table whose cells are numbered row by row.

    Returns
    -------
    Shape (rows + columns + 1, rows * columns).
    """
    cell = np.arange(rows * columns)
    line = np.concatenate(
        [cell // columns, rows + cell % columns, np.full(len(cell), rows + columns)]
    )
    return csr_array(
        (np.ones(3 * len(cell)), (line, np.tile(cell, 3))),
        shape=(rows + columns + 1, rows * columns),
    )
