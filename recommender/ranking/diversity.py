"""Lists that are not more of the same: maximal marginal relevance with quotas."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_PRODUCT, SAME_SUPPLIER, SAME_CATEGORY = 1.0, 0.4, 0.2
"""How alike two events are that share this; the largest that applies counts."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What makes two events alike; arrays of codes, shape (n_events,), -1 = unlike all."""

    product: NDArray[np.int32]
    supplier: NDArray[np.int32]
    category: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Variety:
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
    product_most: int = 2


def varied_columns(
    events: NDArray[np.intp],
    value: NDArray[np.float32],
    likeness: Likeness,
    n: int,
    variety: Variety,
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
    variety
        How varied.

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
    rows = np.arange(rows_n)
    same_product, same_supplier, same_category = (
        _sameness(codes[events])
        for codes in (likeness.product, likeness.supplier, likeness.category)
    )
    allowed = np.isfinite(value)
    count = np.maximum(allowed.sum(axis=1), 1)
    filled = np.where(allowed, value, 0.0)
    mean = filled.sum(axis=1) / count
    spread = np.sqrt(np.where(allowed, (filled - mean[:, None]) ** 2, 0.0).sum(axis=1) / count)
    cost = (variety.weight * spread)[:, None].astype(np.float32)
    # Any quota is a smaller evil than an empty place, and any value a smaller one than a quota.
    demotion = np.float32(4 * (np.abs(filled).max(initial=0.0) + cost.max(initial=0.0)) + 1)
    category_most = max(1, math.ceil(variety.category_share * n))
    picks = np.full((rows_n, n), -1, dtype=np.intp)
    scores = np.full((rows_n, n), -np.inf, dtype=np.float32)
    before = np.full(rows_n, np.inf, dtype=np.float32)
    left = np.where(allowed, value, -np.inf).astype(np.float32)
    alike = np.zeros_like(left)
    in_category = np.zeros(events.shape, dtype=np.int8)
    in_product = np.zeros(events.shape, dtype=np.int8)
    quotas = variety.product_most > 0 or variety.category_share < 1
    for place in range(n):
        net = left - cost * alike if variety.weight else left
        over = net
        if quotas and place:
            full = in_category >= category_most
            if variety.product_most:
                full |= in_product >= variety.product_most
            over = net - demotion * full
        pick = np.argmax(over, axis=1)
        before = np.minimum(before, net[rows, pick])
        scores[:, place] = before
        picks[:, place] = np.where(np.isfinite(before), pick, -1)
        left[rows, pick] = -np.inf
        by_product, by_category = same_product(rows, pick), same_category(rows, pick)
        if variety.weight:
            # The largest likeness that applies: from the weakest to the strongest.
            np.maximum(alike, np.float32(SAME_CATEGORY) * by_category, out=alike)
            np.maximum(alike, np.float32(SAME_SUPPLIER) * same_supplier(rows, pick), out=alike)
            np.maximum(alike, np.float32(SAME_PRODUCT) * by_product, out=alike)
        in_category += by_category
        in_product += by_product
    return picks, scores


def _sameness(
    codes: NDArray[np.int32],
) -> Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.bool_]]:
    """What answers which candidates share a code with the picks of rows."""
    # -1 is unlike everything, itself included: compare with a code that nothing has.
    wanted = np.where(codes >= 0, codes, -2)
    if len(codes) == 1:  # a single list is to be quick: compare all with all at once
        table = wanted[0][:, None] == codes
        return lambda _, pick: table[pick]
    return lambda rows, pick: np.asarray(codes == wanted[rows, pick][:, None])
