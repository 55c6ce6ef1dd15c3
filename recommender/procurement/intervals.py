"""Intervals of a plan's attendances: of each cell, and of the whole plan.

A cell's attendance is ``min(room, D * (1 + q + ... + q**(n-1)))`` with a lognormal D, so its
quantile is the smaller of the demand's quantile and the room. Errors of cells are correlated: their
standardised logarithms share a term of the whole level, of the category and of the product, so the
ends of a total are quantiles of the joint distribution and not sums of ends.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.demand.competition import saturate
from recommender.demand.model import HALF_WIDTH
from recommender.procurement.problem import ProcurementProblem

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ErrorShares:
    """Shares of the variance of demand's logarithmic error that cells have in common.

    What is left is each cell's own. The defaults are rounded from errors of the fitted demand, and
    of plans' totals, on simulated districts of the preset ``demo`` (docs/plans.md, *Intervals*).

    Attributes
    ----------
    level, category, product
        Common to all cells, to those of a category, to those of a product; in [0, 1], their sum
        at most 1.
    """

    level: float = 0.02
    category: float = 0.05
    product: float = 0.65


def cell_bounds(
    problem: ProcurementProblem, counts: NDArray[np.int64], kept: Floats | float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the 80 % interval of each cell's attendances: of its demand, and of one period.

    Demand's interval is widened by what sessions of the same demand differ among themselves, and
    by the chance of counts.

    Parameters
    ----------
    problem
        The problem; ``low`` and ``high`` are the ends of demand's interval.
    counts
        Sessions of each cell, shape (S, P).
    kept
        What competition leaves of each cell's demand, in (0, 1], shape (S, P).

    Returns
    -------
    Low and high ends, attendances, both of shape (S, P).
    """
    ends = []
    mean = problem.totals(problem.expected * kept, certain=True)[1]
    spread = (_SESSION_SD**2 + 1 / np.maximum(mean, 1.0)) / np.maximum(counts, 1)
    by_chance = HALF_WIDTH**2 * spread
    for demand, sign in ((problem.low, -1.0), (problem.high, 1.0)):
        off = np.log(np.maximum(demand, 1e-9) / np.maximum(problem.expected, 1e-9))
        off = sign * np.sqrt(np.maximum(sign * off, 0.0) ** 2 + by_chance)
        widened = np.where(problem.expected > 0, problem.expected * np.exp(off), demand)
        totals = problem.totals(widened * kept, certain=True)
        ends.append(np.take_along_axis(totals, counts[None], axis=0)[0])
    return ends[0], ends[1]


_SESSION_SD = 0.35
"""How far one session differs from another of its kind, by weather, hour and luck: standard
deviation of the logarithm."""


def total_interval(
    problem: ProcurementProblem,
    counts: NDArray[np.int64],
    categories: NDArray[np.intp],
    *,
    shares: ErrorShares | None = None,
    draws: int = 4000,
    seed: int = 0,
) -> tuple[float, float]:
    """Ends of the 80 % interval of all attendances together, by simulation.

    Parameters
    ----------
    problem
        The problem.
    counts
        Sessions of each cell, shape (S, P).
    categories
        Category of each product, 0 and up, shape (P,).
    shares
        How much of the cells' errors is common.
    draws
        Simulated outcomes, >= 1; 4,000 leave an error of about 1 % of the interval's width.
    seed
        Of the simulation.

    Returns
    -------
    The 10 % and the 90 % quantile, attendances.
    """
    street, product = np.nonzero(counts)
    if not len(street):
        return 0.0, 0.0
    n = counts[street, product]
    factor = problem.repeat_factor[product]
    drawn = np.where(
        factor < 1, (1 - factor**n) / np.maximum(1 - factor, 1e-12), n.astype(np.float64)
    )
    totals = outcomes(
        problem.expected[street, product] * drawn,
        problem.log_sd[street, product],
        n * problem.seats[street, product],
        product,
        categories[product],
        shares=shares or ErrorShares(),
        draws=draws,
        seed=seed,
    )
    evenings = np.exp(_CAPS_SD * np.random.default_rng(seed + 1).standard_normal(draws))
    totals = _compete(problem, totals, street, product, evenings)
    low, high = np.quantile(totals, [0.1, 0.9])
    return float(low), float(high)


_CAPS_SD = 0.12
"""How far the caps of competition may be off, all together: standard deviation of the logarithm."""


def _compete(
    problem: ProcurementProblem,
    outcomes: Floats,
    street: NDArray[np.intp],
    product: NDArray[np.intp],
    evenings: Floats,
) -> Floats:
    """Total of each outcome, shape (draws,), once its sessions have taken from each other."""
    competition = problem.competition
    if competition is None:
        return np.asarray(outcomes.sum(axis=1))
    mass = np.zeros((*competition.category_caps.shape, len(outcomes)))
    np.add.at(mass, (street, problem.category[product]), outcomes.T)
    within = saturate(mass, competition.category_caps[:, :, None] * evenings).sum(axis=1)
    return np.asarray(saturate(within, competition.street_caps[:, None] * evenings).sum(axis=0))


def outcomes(
    mean: Floats,
    log_sd: Floats,
    room: Floats,
    product: NDArray[np.intp],
    category: NDArray[np.intp],
    *,
    shares: ErrorShares,
    draws: int,
    seed: int,
) -> Floats:
    """Simulated attendances of cells with correlated errors.

    Parameters
    ----------
    mean, log_sd
        Demand of each cell for all its sessions and the standard deviation of its logarithm,
        shape (n,).
    room
        Seats of all sessions together, shape (n,); inf without a limit.
    product, category
        Of each cell, positions, shape (n,).
    shares
        How much of the errors is common.
    draws, seed
        Number of outcomes, and the seed they are drawn from.

    Returns
    -------
    Shape (draws, n).
    """
    rng = np.random.default_rng(seed)
    own = max(0.0, 1.0 - shares.level - shares.category - shares.product)
    error = np.sqrt(own) * rng.standard_normal((draws, len(mean)))
    error += np.sqrt(shares.level) * rng.standard_normal((draws, 1))
    for share, group in ((shares.category, category), (shares.product, product)):
        _, position = np.unique(group, return_inverse=True)
        common = rng.standard_normal((draws, int(position.max()) + 1))
        error += np.sqrt(share) * common[:, position]
    return np.asarray(np.minimum(mean * np.exp(log_sd * error - log_sd**2 / 2), room))
