"""Reading tables at (resident, event) pairs, for common and for own lists of events alike."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def sparse_at(
    matrix: sp.csr_matrix, rows: Rows, columns: NDArray[np.integer], *, missing: float = 0.0
) -> NDArray[np.float32]:
    """Entries of a sparse matrix.

    Parameters
    ----------
    rows
        Shape (q,); -1 gives ``missing``.
    columns
        Shape (1, m) or (q, m); -1 gives ``missing``.

    Returns
    -------
    Shape (q, m), float32.
    """
    if matrix.shape[0] == 0 or matrix.shape[1] == 0:
        return np.full((len(rows), columns.shape[1]), missing, dtype=np.float32)
    unique, where = np.unique(columns, return_inverse=True)
    where = where.reshape(columns.shape)
    chosen = sp.csr_matrix(matrix[np.maximum(rows, 0)])[:, np.maximum(unique, 0)]
    dense = np.asarray(chosen.todense(), dtype=np.float32)
    dense[rows < 0] = missing
    dense[:, unique < 0] = missing
    if columns.shape[0] == 1:
        return np.asarray(dense[:, where[0]])
    return np.take_along_axis(dense, where, axis=1)


def dense_at(
    table: NDArray[np.float32],
    rows: Rows,
    columns: NDArray[np.integer],
    *,
    missing: float = np.nan,
) -> NDArray[np.float32]:
    """Entries of a dense table; arguments as in :func:`sparse_at`."""
    if table.size == 0:
        shape = (len(rows), columns.shape[1])
        return np.full(shape, missing, dtype=np.float32)
    found = table[np.maximum(rows, 0)[:, None], np.maximum(columns, 0)]
    return np.where((rows < 0)[:, None] | (columns < 0), np.float32(missing), found)


def one_at(
    values: NDArray[np.float32], columns: NDArray[np.integer], *, missing: float = np.nan
) -> NDArray[np.float32]:
    """Entries of a vector at columns of any shape; -1 gives ``missing``."""
    if len(values) == 0:
        return np.full(columns.shape, missing, dtype=np.float32)
    return np.where(columns < 0, np.float32(missing), values[np.maximum(columns, 0)]).astype(
        np.float32
    )


def products_of(
    left: NDArray[np.float32], right: NDArray[np.float32], rows: Rows, columns: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Inner products of ``left[rows]`` with ``right[columns]``; NaN where either is 0 or absent."""
    u = left[np.maximum(rows, 0)]
    silent = (rows < 0) | ~u.any(axis=1)
    empty = np.asarray(~right.any(axis=1))
    mute = (columns < 0) | empty[np.maximum(columns, 0)]
    if columns.shape[0] == 1:
        scores = u @ right[np.maximum(columns[0], 0)].T
    else:
        scores = np.einsum("qf,qmf->qm", u, right[np.maximum(columns, 0)])
    return np.where(silent[:, None] | mute, np.float32(np.nan), scores).astype(np.float32)
