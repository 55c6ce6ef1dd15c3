"""From scores to a list: boosts, capacity prices, variety, exploration."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.capacity import best_columns
from recommender.ranking.diversity import Likeness, Variety, varied_columns
from recommender.ranking.exploration import RateTable, explore

RANKED, EXPLORE, PROMOTED = "ranked", "explore", "promoted"
"""The slots of the contract."""


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """How lists are put together.

    Attributes
    ----------
    variety
        How varied they are.
    explore_slots
        Places at the end of a list that exploration fills, 0 for none.
    explore_from
        Lists shorter than this are not explored.
    pool
        How many of the least known events an exploration slot draws from.
    shortlist
        How many of the best scored events the variety is picked from, at the least.
    """

    variety: Variety = field(default_factory=Variety)
    explore_slots: int = 1
    explore_from: int = 5
    pool: int = 12
    shortlist: int = 60


@dataclass(frozen=True, slots=True)
class Placed:
    """One list; arrays have one entry a place.

    Attributes
    ----------
    columns
        Which candidate, intp.
    score
        float32; the candidate's total, plus its boost, less its price, less what variety cost.
    variety
        What variety took, float32, ≤ 0.
    slot
        ``ranked``, ``explore`` or ``promoted``.
    propensity
        Probability that the candidate stood in this place, in (0, 1].
    """

    columns: NDArray[np.intp]
    score: NDArray[np.float32]
    variety: NDArray[np.float32]
    slot: list[str]
    propensity: NDArray[np.float64]


def place(
    value: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    likeness: Likeness,
    n: int,
    *,
    policy: ListPolicy,
    rates: RateTable | None,
    rng: np.random.Generator,
    boost: NDArray[np.float32] | None = None,
) -> Placed:
    """Put one list together.

    Parameters
    ----------
    value
        Total score plus boost less capacity price of each candidate, shape (m,).
    allowed
        Who is eligible, shape (m,).
    likeness, rates
        Of the same candidates; no ``rates``, no exploration.
    n
        Length wanted. The list is shorter only when fewer candidates are eligible.
    policy
        How lists are put together.
    rng
        Draws the exploration.
    boost
        The part of ``value`` that policy added; marks what stands in the list thanks to it.
    """
    open_columns = np.flatnonzero(allowed)
    n = min(n, len(open_columns))
    # When everything eligible fits in, there is nothing to draw.
    slots = policy.explore_slots if rates is not None and n >= policy.explore_from else 0
    slots = min(slots, len(open_columns) - n)
    best = best_columns(value[open_columns][None, :], max(policy.shortlist, 3 * n))[0]
    short = open_columns[best]
    picks, scores = varied_columns(
        short[None, :], value[short][None, :], likeness, n - slots, policy.variety
    )
    columns = short[picks[0]]
    slot = _named(columns, value, boost, open_columns, n)
    propensity = np.ones(n)
    score = np.concatenate([scores[0], np.empty(slots, dtype=np.float32)])
    if slots:
        assert rates is not None
        rest = np.setdiff1d(open_columns, columns, assume_unique=True)
        least_known = rest[np.argsort(rates.trials[rest], kind="stable")[: policy.pool * slots]]
        drawn = explore(rates, least_known, slots, rng=rng)
        columns = np.concatenate([columns, [column for column, _ in drawn]]).astype(np.intp)
        score[n - slots :] = value[columns[n - slots :]]
        propensity[n - slots :] = [chance for _, chance in drawn]
        slot += [EXPLORE] * slots
    return Placed(columns, score, score - value[columns], slot, propensity)


def _named(
    columns: NDArray[np.intp],
    value: NDArray[np.float32],
    boost: NDArray[np.float32] | None,
    open_columns: NDArray[np.intp],
    n: int,
) -> list[str]:
    if boost is None or not (boost[columns] > 0).any():
        return [RANKED] * len(columns)
    plain = (value - boost)[open_columns]
    anyway = set(open_columns[np.argsort(-plain, kind="stable")[:n]].tolist())
    return [
        PROMOTED if boost[column] > 0 and int(column) not in anyway else RANKED
        for column in columns
    ]
