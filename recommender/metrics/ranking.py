"""Measures of ranked lists against what was then chosen.

All take ``hits``: shape (q, k), True where the item at that rank was relevant, best rank first,
and ``relevant``: shape (q,), the number of relevant items of each query, at least 1.
"""

import numpy as np
from numpy.typing import NDArray

Hits = NDArray[np.bool_]
Counts = NDArray[np.int64]


def ndcg_at_k(hits: Hits, relevant: Counts, k: int) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain with binary gains (Järvelin & Kekäläinen 2002).

    Parameters
    ----------
    hits
        Whether the item at each rank was relevant, shape (q, length of list), best rank first.
    relevant
        Number of relevant items of each query, shape (q,), at least 1.
    k
        Cutoff, at least 1.

    Returns
    -------
    One value a query in [0, 1]; the ideal list holds ``min(relevant, k)`` hits first.
    """
    top = hits[:, :k]
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    gained = top @ discounts[: top.shape[1]]
    ideal = np.cumsum(discounts)[np.minimum(relevant, k) - 1]
    return np.asarray(gained / ideal, dtype=np.float64)


def recall_at_k(hits: Hits, relevant: Counts, k: int) -> NDArray[np.float64]:
    """Share of a query's relevant items among the first k, in [0, 1].

    Parameters
    ----------
    hits
        Whether the item at each rank was relevant, shape (q, length of list), best rank first.
    relevant
        Number of relevant items of each query, shape (q,), at least 1.
    k
        Cutoff, at least 1.

    Returns
    -------
    One value a query, shape (q,), in [0, 1].
    """
    return np.asarray(hits[:, :k].sum(axis=1) / relevant, dtype=np.float64)


def reciprocal_rank(hits: Hits) -> NDArray[np.float64]:
    """One over the rank of the first hit; 0 where there is none."""
    first = hits.argmax(axis=1)
    return np.where(hits.any(axis=1), 1.0 / (first + 1.0), 0.0)


def gini(exposure: NDArray[np.float64]) -> float:
    """Gini index of non-negative amounts: 0 all the same, towards 1 all on one.

    Parameters
    ----------
    exposure
        One amount an item, zeros included; shape (n,).
    """
    ordered = np.sort(exposure.astype(np.float64))
    total = ordered.sum()
    if total == 0:
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def top_k(scores: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Columns of the k best finite scores of each row, best first; -1 pads short rows.

    Ties go to the lower column, so that a list does not depend on the sorting method.

    Parameters
    ----------
    scores
        Shape (q, c), float32; what is not finite is never chosen.
    k
        How many, at least 1.

    Returns
    -------
    Columns, shape (q, min(k, c)), intp, best first.
    """
    q, c = scores.shape
    k = min(k, c)
    values = np.where(np.isfinite(scores), scores, -np.inf)
    if c > 4 * k:
        # argpartition breaks ties arbitrarily; keep everything that ties with the k-th best.
        kth = -np.partition(-values, k - 1, axis=1)[:, k - 1 : k]
        order = np.full((q, k), -1, dtype=np.intp)
        for row in range(q):
            columns = np.flatnonzero(values[row] >= kth[row])
            best = np.argsort(-values[row, columns], kind="stable")[:k]
            order[row, : len(best)] = columns[best]
    else:
        order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    taken = np.take_along_axis(values, np.maximum(order, 0), axis=1)
    order[np.isneginf(taken)] = -1
    return order
