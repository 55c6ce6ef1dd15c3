"""Factors on estimated demand before a plan counts on it."""

import numpy as np
from numpy.typing import NDArray

from recommender.demand.observations.saturation import DEFAULT_REPEAT_FACTOR


def repeat_factors(learned: NDArray[np.float64] | None, n_products: int) -> NDArray[np.float64]:
    """Geometric mean of the learnt and the default repeat factor (decision 0402).

    Parameters
    ----------
    learned
        By product; ``None``: nothing was found.
    n_products
        How many there are.

    Returns
    -------
    Shape (P,), in (0, 1].
    """
    assumed = np.full(n_products, DEFAULT_REPEAT_FACTOR)
    return assumed if learned is None else np.sqrt(assumed * learned)


def shrinkage_factors(
    expected: NDArray[np.float64], allowed: NDArray[np.bool_], shrinkage: float
) -> NDArray[np.float64]:
    """Factors that shrink each cell towards its street's geometric mean over what may be bought.

    A plan selects the largest estimates, which are too large on average (the winner's curse); so
    it counts on ``expected ** (1 - shrinkage)``, up to the street's scale.

    Parameters
    ----------
    expected, allowed
        Demand, and whether it may be bought, shape (S, P).
    shrinkage
        In [0, 1).

    Returns
    -------
    Shape (S, P), > 0.
    """
    known = allowed & (expected > 0)
    logs = np.where(known, np.log(np.where(known, expected, 1.0)), 0.0)
    centre = logs.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    with np.errstate(divide="ignore"):
        above = np.where(expected > 0, np.log(np.maximum(expected, 1e-300)) - centre[:, None], 0.0)
    return np.asarray(np.exp(-shrinkage * above), dtype=np.float64)
