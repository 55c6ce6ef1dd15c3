"""一街一品, one street one speciality: where a street departs from the district beyond noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LocationQuotients:
    """Location quotients of every street and category.

    Attributes
    ----------
    ratio
        Share of the category in the street's demand over its share in the district's,
        shape (streets, categories).
    strength
        Logarithm of ``ratio`` in standard errors, same shape.
    best
        Category of greatest strength, or -1 where none is above ``least``; shape (streets,).
    """

    ratio: Floats
    strength: Floats
    best: NDArray[np.intp]


def location_quotients(
    expected: Floats, log_sd: Floats, group: NDArray[np.intp], *, least: float = 2.0
) -> LocationQuotients:
    """Specialities from the figures of one period.

    Parameters
    ----------
    expected, log_sd
        Figures and the standard deviations of their logarithms, shape (streets, products).
    group
        Category of each product, shape (products,).
    least
        Standard errors that a speciality must stand out by.

    Returns
    -------
    Ratios with their strength, and the speciality of each street.
    """
    member = np.eye(int(group.max(initial=0)) + 1)[group]
    total = expected @ member
    variance = (expected * log_sd) ** 2 @ member
    error = np.sqrt(variance) / np.maximum(total, 1e-12)
    share = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-12)
    whole = total.sum(axis=0) / max(total.sum(), 1e-12)
    ratio = np.where(whole > 0, share / np.maximum(whole, 1e-12), 1.0)
    strength = np.log(np.maximum(ratio, 1e-12)) / np.maximum(error, 0.01)
    strength = np.where(total > 0, strength, 0.0)
    top = strength.argmax(axis=1)
    stands_out = strength[np.arange(len(top)), top] >= least
    return LocationQuotients(ratio, strength, np.where(stands_out, top, -1).astype(np.intp))
