"""Who gets shown: exposure of suppliers over all lists."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SupplierExposure:
    """Shares of exposure; arrays have shape (n_suppliers,).

    Attributes
    ----------
    slots
        How often events of the supplier stand in a list, each weighted by its place, float64.
    share, supply_share
        Share of that exposure, and share of the bookable events; each sums to 1 or is all 0.
    gini
        Inequality of exposure over the suppliers that offer something, in [0, 1).
    concentration
        Herfindahl index, sum of squared shares, in (0, 1].
    unseen
        Share of offering suppliers that nobody was shown.
    """

    slots: NDArray[np.float64]
    share: NDArray[np.float64]
    supply_share: NDArray[np.float64]
    gini: float
    concentration: float
    unseen: float


def supplier_exposure(
    lists: NDArray[np.intp], supplier: NDArray[np.int32], n_suppliers: int
) -> SupplierExposure:
    """Sum up lists by supplier.

    Parameters
    ----------
    lists
        Event positions by rank, shape (r, n); -1 where a list is shorter.
    supplier
        Supplier of every bookable event, shape (n_events,); -1 where unknown (left out).
    n_suppliers
        Number of suppliers.

    Returns
    -------
    Exposure and supply by supplier, and how unevenly exposure is spread.

    Notes
    -----
    A place at rank k counts 1 / log2(k + 1), as attention does in NDCG.
    """
    discount = np.broadcast_to(1 / np.log2(np.arange(lists.shape[1]) + 2), lists.shape)
    shown = lists >= 0
    owner = supplier[lists[shown]]
    known = owner >= 0
    slots = np.bincount(owner[known], weights=discount[shown][known], minlength=n_suppliers).astype(
        np.float64
    )
    supply = np.bincount(supplier[supplier >= 0], minlength=n_suppliers).astype(np.float64)
    offering = slots[supply > 0]
    share = slots / max(slots.sum(), 1e-300)
    return SupplierExposure(
        slots=slots,
        share=share,
        supply_share=supply / max(supply.sum(), 1.0),
        gini=_gini(offering),
        concentration=float((share**2).sum()),
        unseen=float((offering == 0).mean()) if len(offering) else 0.0,
    )


def _gini(values: NDArray[np.float64]) -> float:
    total = values.sum()
    if total <= 0:
        return 0.0
    ordered = np.sort(values)
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * total))
