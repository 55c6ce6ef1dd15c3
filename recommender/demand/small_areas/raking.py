"""Margins are known better than cells: fit the cells to them (Deming & Stephan 1940).

A street's total over all products, and a product's total over all streets, rest on far more
people than one cell of the two. Scaling the cells to both keeps their pattern and removes the
drift that comes of estimating each product on its own.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rake(cells: Floats, rows: Floats, columns: Floats, *, iterations: int = 20) -> Floats:
    """Cells whose row and column sums are the given ones.

    Parameters
    ----------
    cells
        Shape (r, c), >= 0.
    rows, columns
        Wanted sums, shapes (r,) and (c,); rows are scaled to the columns' total when the two
        totals differ.
    iterations
        Rounds over rows and columns; the last one is over columns.

    Returns
    -------
    Shape (r, c); columns meet their sums exactly, rows after enough rounds. A row or column whose
    wanted sum is 0 is 0.
    """
    fitted = np.maximum(cells, 1e-12)
    scale = columns.sum() / rows.sum() if rows.sum() > 0 else 1.0
    for _ in range(iterations):
        fitted = fitted * _ratio(rows * scale, fitted.sum(axis=1))[:, None]
        fitted = fitted * _ratio(columns, fitted.sum(axis=0))
    return np.asarray(fitted)


def _ratio(wanted: Floats, found: Floats) -> Floats:
    """``wanted / found``, and 0 where nothing is left to scale."""
    return np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)
