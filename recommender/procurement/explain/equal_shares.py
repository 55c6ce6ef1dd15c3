"""A second opinion: the Method of Equal Shares.

Every resident holds an equal share of the budget. A project is bought when the residents who gain
from it can pay for it out of their shares, each paying in proportion to what they gain (no more
than they have left); the project with the lowest price per unit of gain, rho, goes first (Peters,
Pierczynski & Skowron, "Proportional Participatory Budgeting with Additive Utilities", NeurIPS
2021). What is left over is spent by benefit per yuan.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class SharesResult:
    """What Equal Shares buys.

    Attributes
    ----------
    bought
        Positions of projects in the order in which they were bought.
    by_shares
        How many of them the shares paid for; the rest completes the budget.
    price_per_gain
        rho of each project that shares paid for, in fen per unit of gain.
    """

    bought: tuple[int, ...]
    by_shares: int
    price_per_gain: tuple[float, ...]


def equal_shares(
    gain: Floats,
    cost: Floats,
    members: Floats,
    budget: float,
    *,
    after: NDArray[np.intp] | None = None,
    complete: bool = True,
) -> SharesResult:
    """Buy by equal shares.

    Parameters
    ----------
    gain
        Gain of each group of residents (all its members together) from each project, >= 0, shape
        (groups, projects). Members of a group gain alike, so a group pays as one.
    cost
        Of each project, > 0, shape (projects,).
    members
        Residents of each group, shape (groups,): the group's part of the budget.
    budget
        In the unit of ``cost``.
    after
        Position of the project that must be bought before this one (an earlier session of the
        same product), -1 for none, shape (projects,).
    complete
        Whether to spend what is left over by gain per cost.

    Returns
    -------
    What is bought and at which price.

    Raises
    ------
    ValueError
        If shapes differ or a cost is not positive.
    """
    groups, projects = gain.shape
    if cost.shape != (projects,) or members.shape != (groups,):
        raise ValueError("gain, cost and members do not fit together")
    if not (cost > 0).all():
        raise ValueError("every project needs a cost")
    if after is None:
        after = np.full(projects, -1, dtype=np.intp)
    left = budget * members / members.sum()
    bought: list[int] = []
    prices: list[float] = []
    done = np.zeros(projects, dtype=np.bool_)
    # rho only rises as shares are used up, so a stale rho is a lower bound: look again when it
    # comes to the top.
    total = gain.sum(axis=0)
    heap = [(float(cost[p] / total[p]), p) for p in range(projects) if total[p] > 0]
    heapq.heapify(heap)
    waiting: dict[int, list[int]] = {}
    while heap:
        known, p = heapq.heappop(heap)
        before = int(after[p])
        if before >= 0 and not done[before]:
            waiting.setdefault(before, []).append(p)
            continue
        rho = _price_per_gain(gain[:, p], left, float(cost[p]))
        if rho is None:
            continue
        if rho > known * (1 + 1e-12) and heap and rho > heap[0][0]:
            heapq.heappush(heap, (rho, p))
            continue
        left -= np.minimum(left, rho * gain[:, p])
        done[p] = True
        bought.append(p)
        prices.append(rho)
        for later in waiting.pop(p, []):
            heapq.heappush(heap, (float(cost[later] / total[later]), later))
    by_shares = len(bought)
    if complete:
        rest = budget - float(cost[bought].sum())
        for p in np.argsort(-total / cost, kind="stable"):
            ready = after[p] < 0 or done[after[p]]
            if not done[p] and ready and total[p] > 0 and cost[p] <= rest + _SLACK:
                done[p] = True
                bought.append(int(p))
                rest -= float(cost[p])
    return SharesResult(tuple(bought), by_shares, tuple(prices))


def _price_per_gain(gain: Floats, left: Floats, cost: float) -> float | None:
    """Lowest rho with sum min(left, rho * gain) = cost; ``None`` if the shares do not suffice."""
    payers = np.flatnonzero(gain > 0)
    money, worth = left[payers], gain[payers]
    if money.sum() < cost * (1 - 1e-12) - _SLACK:
        return None
    order = np.argsort(money / worth)  # these run out of money first
    money, worth = money[order], worth[order]
    spent = np.concatenate([[0.0], np.cumsum(money)[:-1]])
    still = worth.sum() - np.concatenate([[0.0], np.cumsum(worth)[:-1]])
    rho = (cost - spent) / np.maximum(still, 1e-300)
    enough = np.flatnonzero(rho * worth <= money * (1 + 1e-12) + _SLACK)
    return float(rho[enough[0]]) if len(enough) else float((money / worth).max())
