"""Lists that are not more of the same: maximal marginal relevance with quotas."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_PRODUCT, SAME_SUPPLIER, SAME_CATEGORY = 1.0, 0.4, 0.2
"""How alike two events are that share this; the largest that applies counts."""


Floats = NDArray[np.float32]
Codes = tuple[NDArray[np.int32], ...]
Picks = Iterator[tuple[NDArray[np.intp], Floats]]


@dataclass(frozen=True, slots=True)
class SimilarityKeys:
    """What makes two events alike; arrays of codes, shape (n_events,), -1 = unlike all."""

    product: NDArray[np.int32]
    supplier: NDArray[np.int32]
    category: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class DiversityPolicy:
    """How varied a list is to be.

    Attributes
    ----------
    weight
        What full likeness to something above costs, in standard deviations of the row's values;
        0 keeps the order.
    category_share
        No category takes more than this share of a list while another is to be had, in (0, 1].
    product_most
        Sittings of one product in a list, while something else is to be had; 0 = no limit.
    """

    weight: float = 0.25
    category_share: float = 0.6
    product_most: int = 1


def mmr_rerank(
    events: NDArray[np.intp],
    value: NDArray[np.float32],
    similarity: SimilarityKeys,
    n: int,
    diversity: DiversityPolicy,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Pick lists one by one, each time the best that is unlike what is there already.

    Maximal marginal relevance (Carbonell & Goldstein 1998): the next pick maximises
    ``value − weight · spread · max likeness to the picks so far``. Quotas put a candidate behind
    all that are within theirs; they never shorten a list.

    Parameters
    ----------
    events
        Candidates of each resident, shape (r, c).
    value
        Their scores, shape (r, c); ``-inf`` marks what may not be shown.
    likeness
        Of the events.
    n
        Length of the lists.
    diversity
        Weight and quotas.

    Returns
    -------
    columns
        In the order of the list, shape (r, min(n, c)), intp; -1 once a row has no more.
    scores
        Values less what likeness cost them, float32, same shape, never rising along a row; what a
        quota put back scores as what stands before it.
    """
    rows_n, width = events.shape
    n = min(n, width)
    codes = tuple(
        of[events] for of in (similarity.product, similarity.supplier, similarity.category)
    )
    allowed = np.isfinite(value)
    count = np.maximum(allowed.sum(axis=1), 1)
    filled = np.where(allowed, value, 0.0)
    mean = filled.sum(axis=1) / count
    spread = np.sqrt(np.where(allowed, (filled - mean[:, None]) ** 2, 0.0).sum(axis=1) / count)
    cost = (diversity.weight * spread)[:, None].astype(np.float32)
    # Any quota is a smaller evil than an empty place, and any value a smaller one than a quota.
    largest = np.abs(filled).max(axis=1, initial=0.0)[:, None]
    demotion = (4 * (largest + cost) + 1).astype(np.float32)
    category_most = max(1, math.ceil(diversity.category_share * n))
    picks = np.full((rows_n, n), -1, dtype=np.intp)
    scores = np.full((rows_n, n), -np.inf, dtype=np.float32)
    before = np.full(rows_n, np.inf, dtype=np.float32)
    left = np.where(allowed, value, -np.inf).astype(np.float32)
    most = (diversity.product_most, category_most)
    picker = _single if rows_n == 1 else _block
    for place, (pick, net) in zip(
        range(n), picker(codes, left, cost, demotion, most), strict=False
    ):
        before = np.minimum(before, net)
        scores[:, place] = before
        picks[:, place] = np.where(np.isfinite(before), pick, -1)
    return picks, scores


def _block(
    codes: Codes, left: Floats, cost: Floats, demotion: Floats, most: tuple[int, int]
) -> Picks:
    """Columns picked next and their values, of a block of rows; ``left`` is used up."""
    rows = np.arange(len(left))
    # -1 is unlike everything, itself included: compare with a code that nothing has.
    wanted = [np.where(code >= 0, code, -2) for code in codes]
    alike = np.zeros_like(left)
    taken = [np.zeros(left.shape, dtype=np.int32) for _ in most]  # lists may be of any length
    while True:
        net = left - cost * alike
        full = taken[1] >= most[1]
        if most[0]:
            full |= taken[0] >= most[0]
        pick = np.argmax(net - demotion * full, axis=1)
        yield pick, net[rows, pick]
        left[rows, pick] = -np.inf
        product, category, supplier = (
            codes[kind] == wanted[kind][rows, pick][:, None] for kind in (0, 2, 1)
        )
        for weight, same in (
            (SAME_CATEGORY, category),
            (SAME_SUPPLIER, supplier),
            (SAME_PRODUCT, product),
        ):
            np.maximum(alike, np.float32(weight) * same, out=alike)
        taken[0] += product
        taken[1] += category


def _single(
    codes: Codes, left: Floats, cost: Floats, demotion: Floats, most: tuple[int, int]
) -> Picks:
    """The same of one row, all compared with all at once: a single list is to be quick."""
    row, price = left[0], cost[0, 0]
    product, supplier, category = ((code[0][:, None] == code[0]) & (code[0] >= 0) for code in codes)
    table = np.float32(SAME_CATEGORY) * category
    np.maximum(table, np.float32(SAME_SUPPLIER) * supplier, out=table)
    np.maximum(table, np.float32(SAME_PRODUCT) * product, out=table)
    alike, penalty = np.zeros_like(row), np.zeros_like(row)
    counted = {kind: dict.fromkeys(np.unique(codes[kind][0]).tolist(), 0) for kind in (0, 2)}
    while True:
        net = row - price * alike
        pick = int(np.argmax(net - penalty))
        yield np.array([pick]), net[pick : pick + 1]
        row[pick] = -np.inf
        np.maximum(alike, table[pick], out=alike)
        for kind, limit in ((0, most[0]), (2, most[1])):
            code = int(codes[kind][0, pick])
            counted[kind][code] += 1
            if limit and code >= 0 and counted[kind][code] == limit:
                penalty[codes[kind][0] == code] = demotion[0, 0]
