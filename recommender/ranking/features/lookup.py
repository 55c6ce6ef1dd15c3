"""Reading tables at (resident, event) pairs, for common and for own lists of events alike."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Rows = NDArray[np.intp]

DENSE_UP_TO = 32
"""Rows that are so many times as long as what is read of them are looked up entry by entry."""


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
    if len(rows) == 1:
        return _row_at(matrix, int(rows[0]), columns, missing)
    if columns.shape[0] > 1:
        return _pairs_at(matrix, rows, columns, missing)
    unique, where = np.unique(columns[0], return_inverse=True)
    chosen = sp.csr_matrix(matrix[np.maximum(rows, 0)])[:, np.maximum(unique, 0)]
    dense = np.asarray(chosen.todense(), dtype=np.float32)
    dense[rows < 0] = missing
    dense[:, unique < 0] = missing
    return np.asarray(dense[:, where])


def _row_at(
    matrix: sp.csr_matrix, row: int, columns: NDArray[np.integer], missing: float
) -> NDArray[np.float32]:
    """One row: its entries are spread out, which costs far less than slicing a matrix."""
    if row < 0:
        return np.full(columns.shape, missing, dtype=np.float32)
    spread = np.zeros(matrix.shape[1] + 1, dtype=np.float32)
    entries = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
    spread[matrix.indices[entries]] = matrix.data[entries]
    spread[-1] = missing  # where column -1 looks
    return np.asarray(spread[columns])


def _pairs_at(
    matrix: sp.csr_matrix, rows: Rows, columns: NDArray[np.integer], missing: float
) -> NDArray[np.float32]:
    """Columns of each row's own."""
    if matrix.shape[1] <= DENSE_UP_TO * columns.shape[1]:
        dense = np.asarray(sp.csr_matrix(matrix[np.maximum(rows, 0)]).todense(), dtype=np.float32)
        found = np.take_along_axis(dense, np.maximum(columns, 0).astype(np.intp), axis=1)
        found[(rows < 0)[:, None] | (columns < 0)] = missing
        return found
    pairs = np.repeat(np.maximum(rows, 0), columns.shape[1])
    found = np.asarray(matrix[pairs, np.maximum(columns, 0).ravel()], dtype=np.float32)
    found = found.reshape(columns.shape)
    found[(rows < 0)[:, None] | (columns < 0)] = missing
    return found


def product_at(
    left: sp.csr_matrix,
    right: sp.csr_matrix,
    rows: Rows,
    columns: NDArray[np.integer],
    *,
    missing: float = 0.0,
) -> NDArray[np.float32]:
    """Entries of a product of two sparse matrices, without computing the whole product.

    Parameters
    ----------
    left, right
        Shapes (n, k) and (k, c).
    rows, columns, missing
        As in :func:`sparse_at`; rows of ``left``, columns of ``right``.

    Returns
    -------
    Entries of ``left @ right``, shape (q, m), float32.
    """
    if len(rows) != 1:
        chosen = sp.csr_matrix(left[np.maximum(rows, 0)]) @ right
        return sparse_at(
            chosen, np.where(rows < 0, -1, np.arange(len(rows))), columns, missing=missing
        )
    row = int(rows[0])
    if row < 0:
        return np.full(columns.shape, missing, dtype=np.float32)
    # The rows of ``right`` that this one names, end to end: two short matrices would take longer.
    entries = slice(int(left.indptr[row]), int(left.indptr[row + 1]))
    named = left.indices[entries]
    length = right.indptr[named + 1] - right.indptr[named]
    before = np.cumsum(length) - length
    place = np.repeat(right.indptr[named] - before, length) + np.arange(int(length.sum()))
    weight = np.repeat(left.data[entries], length) * right.data[place]
    spread = np.empty(right.shape[1] + 1, dtype=np.float32)
    spread[:-1] = np.bincount(right.indices[place], weights=weight, minlength=right.shape[1])
    spread[-1] = missing  # where column -1 looks
    return np.asarray(spread[columns])


def dense_at(
    table: NDArray[np.float32],
    rows: Rows,
    columns: NDArray[np.integer],
    *,
    missing: float = np.nan,
) -> NDArray[np.float32]:
    """Entries of a dense table.

    Parameters
    ----------
    table
        Shape (n, c).
    rows, columns, missing
        As in :func:`sparse_at`.

    Returns
    -------
    Shape (q, m), float32.
    """
    if table.size == 0:
        shape = (len(rows), columns.shape[1])
        return np.full(shape, missing, dtype=np.float32)
    found = table[np.maximum(rows, 0)[:, None], np.maximum(columns, 0)]
    return np.where((rows < 0)[:, None] | (columns < 0), np.float32(missing), found)


def one_at(
    values: NDArray[np.float32], columns: NDArray[np.integer], *, missing: float = np.nan
) -> NDArray[np.float32]:
    """Entries of a vector.

    Parameters
    ----------
    values
        Shape (n,).
    columns
        Positions, any shape; -1 gives ``missing``.
    missing
        What stands for an unknown position.

    Returns
    -------
    Of the shape of ``columns``, float32.
    """
    if len(values) == 0:
        return np.full(columns.shape, missing, dtype=np.float32)
    return np.where(columns < 0, np.float32(missing), values[np.maximum(columns, 0)]).astype(
        np.float32
    )


def products_of(
    left: NDArray[np.float32], right: NDArray[np.float32], rows: Rows, columns: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Inner products of two sides' factors.

    Parameters
    ----------
    left, right
        Factors, shapes (n, f) and (c, f).
    rows, columns
        As in :func:`sparse_at`; rows of ``left`` and of ``right``.

    Returns
    -------
    Shape (q, m), float32; NaN where a position is -1 or either side is all 0.
    """
    u = left[np.maximum(rows, 0)]
    v = right[np.maximum(columns, 0)]
    silent = (rows < 0) | ~u.any(axis=1)
    mute = (columns < 0) | ~v.any(axis=2)
    scores = u @ v[0].T if columns.shape[0] == 1 else np.einsum("qf,qmf->qm", u, v)
    return np.where(silent[:, None] | mute, np.float32(np.nan), scores).astype(np.float32)
