"""Place and hour of a session: factors that lift or lower the demand it meets.

``E[demand_j] = opportunity_j · θ_p · Π_k f_k[level of session j in factor k]``; factors are
venue, time of week and season. They are fitted by turns; each level's factor is its observed demand
over the expected, shrunk to 1 as if a few sessions had met it exactly, and each factor's mean over
sessions is 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def learn_factors(
    demand: Floats,
    expected: Floats,
    levels: Sequence[NDArray[np.intp]],
    sizes: Sequence[int],
    *,
    sessions: float = 8.0,
    rounds: int = 5,
) -> list[Floats]:
    """Multiplicative factors of each level.

    Parameters
    ----------
    demand, expected
        Of each session, shape (n,); ``expected`` before any factor, > 0.
    levels
        For each factor the level of every session, shape (n,); -1 where it has none.
    sizes
        Number of levels of each factor.
    sessions
        How many average sessions' worth of evidence the shrinkage has.
    rounds
        Turns over all factors.

    Returns
    -------
    One array of shape (size,) a factor, > 0.
    """
    factors = [np.ones(size) for size in sizes]
    if len(demand) == 0:
        return factors
    level = demand.sum() / max(expected.sum(), 1e-12)
    base = expected * level
    weight = sessions * float(base.mean())
    for _ in range(rounds):
        for k, of in enumerate(levels):
            others = base * combine(
                [f for j, f in enumerate(factors) if j != k],
                [x for j, x in enumerate(levels) if j != k],
                len(base),
            )
            known = of >= 0
            seen = np.bincount(of[known], weights=demand[known], minlength=sizes[k])
            usual = np.bincount(of[known], weights=others[known], minlength=sizes[k])
            factor = (seen + weight) / (usual + weight)
            count = np.bincount(of[known], minlength=sizes[k])
            factors[k] = factor / max((factor * count).sum() / max(count.sum(), 1), 1e-12)
    return factors


def combine(factors: Sequence[Floats], levels: Sequence[NDArray[np.intp]], n: int) -> Floats:
    """Product of the factors at each session, shape (n,); a level of -1 counts 1."""
    total = np.ones(n)
    for factor, of in zip(factors, levels, strict=True):
        if len(factor):
            total = total * np.where(of >= 0, factor[of], 1.0)
    return total
