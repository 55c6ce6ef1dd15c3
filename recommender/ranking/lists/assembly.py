"""From scores to lists: diversity, exploration, slots. One resident is a block of one row."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.lists.exploration import RateTable, sample_slot
from recommender.ranking.lists.reranking import DiversityPolicy, SimilarityKeys, mmr_rerank
from recommender.ranking.model.first_stage import WIDE

RANKED, EXPLORE, PROMOTED = range(3)
SLOTS = ("ranked", "explore", "promoted")
"""The slots of the contract, by code."""


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """How lists are put together.

    Attributes
    ----------
    diversity
        How similar the events of one list may be.
    explore_slots
        Places at the end of a list that exploration fills, 0 for none.
    explore_from
        Lists shorter than this are not explored.
    pool
        How many of the least known events an exploration slot draws from.
    shortlist
        How many of the best scored events the list is re-ranked from, at the least.
    full_up_to
        With more candidates than this, a first stage chooses who meets the full ranker
        (:class:`recommender.ranking.model.two_stage.TwoStageRanking`).
    """

    diversity: DiversityPolicy = field(default_factory=DiversityPolicy)
    explore_slots: int = 1
    explore_from: int = 5
    pool: int = 12
    shortlist: int = 48
    full_up_to: int = WIDE


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of a block of residents, by rank; arrays have shape (q, n).

    Attributes
    ----------
    columns
        Which candidate, intp; -1 where a list is shorter.
    score
        float32: total plus boost less the diversity penalty; never rises along a list.
    diversity
        The diversity penalty, float32, ≤ 0.
    slot
        Codes of :data:`SLOTS`, int8.
    propensity
        Probability that the candidate stood in this place, in (0, 1].
    """

    columns: NDArray[np.intp]
    score: NDArray[np.float32]
    diversity: NDArray[np.float32]
    slot: NDArray[np.int8]
    propensity: NDArray[np.float64]

    def filled(self) -> "Lists":
        """A block of one row without its empty places; arrays of shape (1, k)."""
        kept = self.columns[0] >= 0
        return Lists(
            self.columns[:, kept],
            self.score[:, kept],
            self.diversity[:, kept],
            self.slot[:, kept],
            self.propensity[:, kept],
        )

    def row(self, resident: int) -> "Lists":
        """One row of a block, without its empty places; arrays of shape (1, k)."""
        at = slice(resident, resident + 1)
        return Lists(
            self.columns[at],
            self.score[at],
            self.diversity[at],
            self.slot[at],
            self.propensity[at],
        ).filled()


def fill_lists(
    columns: NDArray[np.intp],
    value: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    similarity: SimilarityKeys,
    n: int,
    *,
    policy: ListPolicy,
    rates: RateTable | None = None,
    chance: NDArray[np.float64] | None = None,
    boost: NDArray[np.float32] | None = None,
    price: NDArray[np.float32] | None = None,
) -> Lists:
    """Put a block of lists together.

    What seats cost decides whose lists an event stands in, not where: a list's own order costs
    nobody a seat.

    Parameters
    ----------
    columns
        Candidates scored for each resident, shape (q, c).
    value
        Total plus boost of each, shape (q, c); ``-inf`` where not eligible.
    allowed
        Who may be shown what, shape (q, m).
    similarity, rates
        Of all m candidates.
    n
        Length of the lists. One is shorter only when fewer of its columns are eligible.
    policy
        How lists are put together.
    chance
        Uniform draws in [0, 1) that decide the exploration, shape (q, explore_slots); neither
        these nor ``rates``, no exploration.
    boost
        The part of ``value`` that policy added, shape (q, c); marks what stands in the list
        thanks to it.
    price
        What a place in a list costs, shape (q, c); nothing when left out.

    Returns
    -------
    Lists of shape (q, at most n).
    """
    net = value if price is None else value - price
    picks, score = mmr_rerank(columns, net, similarity, n, policy.diversity)
    if price is not None:
        picks, score = _in_own_order(picks, score, price)
    found = picks >= 0
    rows = np.arange(len(columns))[:, None]
    listed = np.where(found, columns[rows, picks], -1)
    plain = np.where(found, value[rows, picks], 0).astype(np.float32)
    score = np.where(found, score, 0).astype(np.float32)
    lists = Lists(
        listed,
        score,
        score - plain,
        _slots(net, boost, picks, n),
        np.ones(listed.shape),
    )
    slots = policy.explore_slots
    if rates is None or chance is None or not slots or n < policy.explore_from:
        return lists
    if columns.shape[1] == 0:
        return lists
    # When everything eligible fits in, there is nothing to draw.
    open_rows = np.flatnonzero((allowed.sum(axis=1) > n) & found[:, -1] & (listed.shape[1] == n))
    if len(open_rows):
        _explore(lists, open_rows, columns, value, allowed, policy, rates, chance)
    return lists


def join_lists(first: Lists, second: Lists, n: int) -> Lists:
    """Fill up lists that are too short.

    Parameters
    ----------
    first, second
        Lists of the same q queries without an event in common.
    n
        Length of the lists.

    Returns
    -------
    Shape (q, at most n): the first lists, then the second; scores never rise along a list.
    """
    columns = np.concatenate([first.columns, second.columns], axis=1)
    order = np.argsort(columns < 0, axis=1, kind="stable")[:, :n]
    parts = (
        np.concatenate([getattr(first, name), getattr(second, name)], axis=1)
        for name in ("columns", "score", "diversity", "slot", "propensity")
    )
    columns, score, diversity, slot, propensity = (
        np.take_along_axis(part, order, axis=1) for part in parts
    )
    # What was put behind scores no higher than what stands before it.
    lowest = np.minimum.accumulate(np.where(columns >= 0, score, np.inf), axis=1)
    lowered = np.where(columns >= 0, lowest, 0).astype(np.float32)
    return Lists(columns, lowered, diversity + lowered - score, slot, propensity)


def _explore(
    lists: Lists,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    value: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    policy: ListPolicy,
    rates: RateTable,
    chance: NDArray[np.float64],
) -> None:
    slots = policy.explore_slots
    size = policy.pool * slots
    kept = lists.columns[rows, : lists.columns.shape[1] - slots]
    order = rates.order
    pool = _pool(allowed[rows], kept, order[: 4 * size + kept.shape[1]], size)
    short = np.flatnonzero(pool[:, -1] < 0)
    if len(short):  # too few of the least known are eligible: look at all
        pool[short] = _pool(allowed[rows[short]], kept[short], order, size)
    for slot in range(slots):
        winner, propensity = sample_slot(rates, pool[:, slot::slots], chance[rows, slot])
        at = lists.columns.shape[1] - slots + slot
        place = (rows, np.full(len(rows), at))
        # An event drawn from outside the scored ones has no score of its own: it stands last.
        scored = (columns[rows] == winner[:, None]) & np.isfinite(value[rows])
        own = np.where(scored, value[rows], -np.inf).max(axis=1)
        lists.columns[place] = winner
        lists.score[place] = np.where(np.isfinite(own), own, lists.score[rows, at])
        lists.diversity[place] = 0
        lists.slot[place] = EXPLORE
        lists.propensity[place] = propensity


def _in_own_order(
    picks: NDArray[np.intp], score: NDArray[np.float32], price: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The places of each list in the order of what they score without prices."""
    own = np.where(picks >= 0, score + np.take_along_axis(price, picks, axis=1), -np.inf)
    order = np.argsort(-own, axis=1, kind="stable")
    return np.take_along_axis(picks, order, axis=1), np.take_along_axis(own, order, axis=1)


def _pool(
    allowed: NDArray[np.bool_],
    kept: NDArray[np.intp],
    order: NDArray[np.intp],
    size: int,
) -> NDArray[np.intp]:
    """The first ``size`` of ``order`` that are eligible and not listed; -1 fills up."""
    open_ = allowed[:, order]
    place = np.full(allowed.shape[1], -1, dtype=np.intp)
    place[order] = np.arange(len(order))
    at = place[kept]
    who, which = np.nonzero(at >= 0)
    open_[who, at[who, which]] = False
    count = np.cumsum(open_, axis=1, dtype=np.int32)
    pool = np.full((len(allowed), size), -1, dtype=np.intp)
    who, which = np.nonzero(open_ & (count <= size))
    pool[who, count[who, which] - 1] = order[which]
    return pool


def _slots(
    value: NDArray[np.float32],
    boost: NDArray[np.float32] | None,
    picks: NDArray[np.intp],
    n: int,
) -> NDArray[np.int8]:
    codes = np.full(picks.shape, RANKED, dtype=np.int8)
    if boost is None or not boost.any():
        return codes
    rows = np.arange(len(picks))[:, None]
    place = np.argsort(np.argsort(boost - value, axis=1, kind="stable"), axis=1)
    lifted = (boost[rows, picks] > 0) & (place[rows, picks] >= n)
    codes[lifted & (picks >= 0)] = PROMOTED
    return codes
