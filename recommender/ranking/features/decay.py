"""Decayed counts over the booking log, at any level an event belongs to."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.snapshot import RankingSnapshot


def decay(snapshot: RankingSnapshot, half_life_days: float | None) -> NDArray[np.float32]:
    """Weight of every log entry at the snapshot's moment.

    Parameters
    ----------
    snapshot
        Whose log is weighed.
    half_life_days
        Days in which a weight halves; ``None``: all weigh 1.

    Returns
    -------
    In [0, 1], shape (n,), float32; 0 for cancelled bookings.
    """
    weight = (snapshot.log_outcome != CANCELLED).astype(np.float32)
    if half_life_days is not None:
        age = (snapshot.as_of - snapshot.log_time) / np.timedelta64(1, "D")
        weight *= np.exp2(-age / half_life_days).astype(np.float32)
    return np.asarray(weight, dtype=np.float32)


def by_position(
    positions: NDArray[np.int32], weight: NDArray[np.float32], size: int
) -> NDArray[np.float32]:
    """Sum of weights by position.

    Parameters
    ----------
    positions, weight
        Shape (n,); entries at -1 are left out.
    size
        Number of positions.

    Returns
    -------
    Shape (size,), float32.
    """
    known = positions >= 0
    total = np.bincount(positions[known], weights=weight[known], minlength=size)
    return total.astype(np.float32)


def cross_counts(
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    weight: NDArray[np.float32],
    shape: tuple[int, int],
) -> sp.csr_matrix:
    """Sum of weights by pair of positions.

    Parameters
    ----------
    rows, columns, weight
        Shape (n,); pairs with a -1 and those that weigh 0 are left out.
    shape
        Number of rows and of columns.

    Returns
    -------
    CSR, float32, without duplicates.
    """
    known = (rows >= 0) & (columns >= 0) & (weight > 0)
    matrix = sp.csr_matrix(
        (weight[known], (rows[known], columns[known])), shape=shape, dtype=np.float32
    )
    matrix.sum_duplicates()
    return matrix
