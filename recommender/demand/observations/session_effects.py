"""Place and hour of a session: factors that lift or lower the demand it meets.

``E[demand_j] = opportunity_j · θ_p · Π_k f_k[level of session j in factor k]``; factors are
venue, time of week, season and the like. They are fitted by turns; each level's factor is its
observed demand over the expected, and each factor's mean over sessions is 1. Sessions are weighed
by ``r / (r + expected)``, which the negative binomial asks for: one crowded night is one night.
Weighed so, the sums vary like Poisson counts, and how far a factor's levels are shrunk to 1 follows
from the marginal likelihood of a Gamma prior.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

STRENGTHS: Floats = np.geomspace(3.0, 3000.0, 13)
"""Grid of Gamma shapes: factors differ by 58 % to 2 %."""


def fit_session_effects(
    demand: Floats,
    expected: Floats,
    levels: Sequence[NDArray[np.intp]],
    sizes: Sequence[int],
    *,
    size: Floats | float = 5.0,
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
    size
        r, the negative-binomial size of each session's demand, scalar or shape (n,).
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
    for _ in range(rounds):
        for k, of in enumerate(levels):
            known = of >= 0
            if not known.any():
                continue
            others = base * combine_effects(
                [f for j, f in enumerate(factors) if j != k],
                [x for j, x in enumerate(levels) if j != k],
                len(base),
            )
            weight = (size / (size + others))[known]
            seen = np.bincount(of[known], weight * demand[known], sizes[k]).astype(np.float64)
            reference = np.bincount(of[known], weights=weight * others[known], minlength=sizes[k])
            reference = reference * (seen.sum() / max(reference.sum(), 1e-12))
            strength = _strength(seen, reference)
            factor = (seen + strength) / (reference + strength)
            count = np.bincount(of[known], minlength=sizes[k])
            factors[k] = factor / max((factor * count).sum() / max(count.sum(), 1), 1e-12)
    return factors


def _strength(seen: Floats, reference: Floats) -> float:
    """Gamma shape of greatest marginal likelihood, held back a little from "all differ"."""
    if seen.sum() <= 0:
        return float(STRENGTHS[-1])
    fit = [
        (
            gammaln(seen + shape)
            - gammaln(shape)
            + shape * np.log(shape)
            - (seen + shape) * np.log(reference + shape)
        ).sum()
        + 0.5 * np.log(shape)
        for shape in STRENGTHS
    ]
    return float(STRENGTHS[int(np.argmax(fit))])


def combine_effects(
    factors: Sequence[Floats], levels: Sequence[NDArray[np.intp]], n: int
) -> Floats:
    """Product of the factors at each session, shape (n,); a level of -1 counts 1.

    Parameters
    ----------
    factors
        One array of factors a kind of effect, shape (levels,) each.
    levels
        Level of each session in each kind, shape (n,) each.
    n
        Number of sessions.

    Returns
    -------
    Factors, > 0.
    """
    total = np.ones(n)
    for factor, of in zip(factors, levels, strict=True):
        if len(factor):
            total = total * np.where(of >= 0, factor[of], 1.0)
    return total
