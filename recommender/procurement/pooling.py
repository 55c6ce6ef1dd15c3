"""Who pays: one buyer a cell where its money allows, several together where it does not (团购)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.plan import ProcurementPlan, Tour, plan_margins
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.verify import verify_sessions


@dataclass(frozen=True, slots=True)
class Pool:
    """One session that neighbouring buyers pay together, since none of them could alone.

    Attributes
    ----------
    lead
        Position of the buyer who orders.
    street, product
        Positions.
    shares_fen
        What each buyer pays, shape (B,); they add up to the price.
    """

    lead: int
    street: int
    product: int
    shares_fen: NDArray[np.int64]


def one_buyer_a_cell(
    problem: ProcurementProblem, sessions: NDArray[np.int64], tours: Sequence[Tour] = ()
) -> NDArray[np.int64]:
    """Sessions of a cell that several buyers pay are handed to one of them who has the money.

    Parameters
    ----------
    problem
        The planning problem.
    sessions
        Shape (B, S, P).
    tours
        Cells that tour stay as they are: both sides name their buyers.

    Returns
    -------
    The same sessions by cell, shape (B, S, P); no budget is exceeded that was not before.
    """
    found = sessions.copy()
    touring = {(s, tour.product) for tour in tours for _, s in (tour.first, tour.second)}
    left = _left_fen(problem, sessions, tours)
    for s, p in zip(*np.nonzero((sessions > 0).sum(axis=0) > 1), strict=True):
        if (int(s), int(p)) in touring:
            continue
        price, total = int(problem.price_fen[p]), int(found[:, s, p].sum())
        payers = np.flatnonzero(found[:, s, p])
        # The one that pays most of it already, else any who can.
        for b in payers[np.argsort(-found[payers, s, p], kind="stable")]:
            if (total - int(found[b, s, p])) * price <= left[b]:
                left[payers] += found[payers, s, p] * price
                left[b] -= total * price
                found[:, s, p] = 0
                found[b, s, p] = total
                break
    return found


def share_amount(
    amount_fen: int, weights: NDArray[np.float64], limits_fen: NDArray[np.int64], lead: int
) -> NDArray[np.int64]:
    """Divide a price between buyers in proportion to the audience that each brings.

    Parameters
    ----------
    amount_fen
        The price, >= 0.
    weights
        Expected audience of each buyer's people, >= 0, shape (B,).
    limits_fen
        What each buyer has left, shape (B,); the lead's is not asked.
    lead
        Position of the buyer who orders: it pays what others cannot, and what is not divided.

    Returns
    -------
    Whole fen, shape (B,); they add up to the price.
    """
    total = float(weights.sum())
    if total <= 0:
        shares = np.zeros(len(weights), dtype=np.int64)
    else:
        shares = np.floor(amount_fen * weights / total).astype(np.int64)
    shares = np.minimum(shares, np.maximum(limits_fen, 0))
    shares[lead] = 0
    shares[lead] = amount_fen - shares.sum()
    return np.asarray(shares, dtype=np.int64)


def audience_of_buyers(problem: ProcurementProblem) -> NDArray[np.float64]:
    """People whose street each buyer is the nearest one for, shape (B,).

    The nearest buyer of a street is the one that serves fewest streets.
    """
    reach = np.where(problem.serves, problem.serves.sum(axis=1)[:, None], np.inf)
    nearest = reach.argmin(axis=0)
    own = np.where(np.isfinite(reach.min(axis=0)), problem.residents, 0.0)
    people = np.bincount(nearest, weights=own, minlength=len(problem.buyers))
    return people.astype(np.float64)


def pool_leftovers(
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    near: NDArray[np.bool_],
    local: NDArray[np.bool_],
) -> tuple[ProcurementProblem, NDArray[np.int64], tuple[Pool, ...]]:
    """Let what neighbouring buyers have left pay together for sessions that none could alone.

    A session is bought when an attendance costs no more than the last one of the plan's dearest
    line, cheapest first, and only when every rule still holds (
    :mod:`recommender.procurement.verify`).

    Parameters
    ----------
    problem
        The planning problem.
    plan
        A plan that keeps its rules.
    near
        Whether two streets are within reach of each other, shape (S, S).
    local
        Products that are bought for one street, shape (P,).

    Returns
    -------
    The problem with the shares moved between budgets, which hold in all what they held; sessions,
    shape (B, S, P); and who pays what.
    """
    sessions, pools = plan.sessions.copy(), list[Pool]()
    paid = [line.marginal_fen_per_attendance for line in plan.lines]
    dearest = max((each for each in paid if np.isfinite(each)), default=0.0)
    open_ = problem.allowed & local
    for _ in range(_TRIED):
        pool = _next_pool(problem, plan, sessions, near, np.where(open_, dearest, -1.0))
        if pool is None:
            break
        more = sessions.copy()
        more[pool.lead, pool.street, pool.product] += 1
        moved = with_pools(problem, [pool])
        open_[pool.street, pool.product] = False
        if not verify_sessions(moved, more, plan.tours):
            problem, sessions = moved, more
            pools.append(pool)
    return problem, sessions, tuple(pools)


_TRIED = 20
"""Sessions that are tried at most; each is verified against every rule."""


def with_pools(problem: ProcurementProblem, pools: Sequence[Pool]) -> ProcurementProblem:
    """The problem with every share moved to the budget of who orders.

    Parameters
    ----------
    problem
        The planning problem.
    pools
        Who pays what.

    Returns
    -------
    The budgets hold in all what they held.
    """
    budget = problem.budget_fen.copy()
    for pool in pools:
        budget -= pool.shares_fen
        budget[pool.lead] += pool.shares_fen.sum()
    return replace(problem, budget_fen=budget)


def _next_pool(
    problem: ProcurementProblem,
    plan: ProcurementPlan,
    sessions: NDArray[np.int64],
    near: NDArray[np.bool_],
    dearest: NDArray[np.float64],
) -> Pool | None:
    """The cheapest session that leftovers pay together and no single one does.

    ``dearest`` is what an attendance may cost in each cell, shape (S, P).
    """
    counts = sessions.sum(axis=0)
    gained = problem.totals(problem.demand)[1] * plan_margins(problem, counts)
    open_ = (counts == 0) & (counts.sum(axis=0) < problem.sessions_max)
    each = np.divide(problem.price_fen, gained, out=np.full(gained.shape, np.inf), where=gained > 0)
    each = np.where(open_ & (each <= dearest), each, np.inf)
    reach = np.where(problem.serves, problem.serves.sum(axis=1)[:, None], np.inf)
    nearest = reach.argmin(axis=0)
    served: NDArray[np.bool_] = np.isfinite(reach.min(axis=0))
    left = np.maximum(_left_fen(problem, sessions, plan.tours), 0)
    for cell in np.argsort(each, axis=None, kind="stable").tolist():
        s, p = divmod(cell, counts.shape[1])
        if not np.isfinite(each[s, p]):
            return None
        price, lead = int(problem.price_fen[p]), int(nearest[s])
        if not served[s] or (left[problem.serves[:, s]] >= price).any():
            continue
        within = (near[s] | (np.arange(len(near)) == s)) & served
        weights = np.bincount(
            nearest[within], weights=problem.residents[within], minlength=len(left)
        ).astype(np.float64)
        shares = share_by_need(price, weights, left)
        if shares is not None and (shares > 0).sum() > 1:
            return Pool(lead, s, p, shares)
    return None


def share_by_need(
    amount_fen: int, weights: NDArray[np.float64], limits_fen: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """Divide a price in proportion to weights; who has too little gives all, others the more.

    Parameters
    ----------
    amount_fen
        The price, >= 0.
    weights
        Audience of each buyer, >= 0, shape (B,); 0: takes no part.
    limits_fen
        What each buyer has left, >= 0, shape (B,).

    Returns
    -------
    Whole fen, shape (B,), that add up to the price and are within the limits; ``None`` where all
    together have too little.
    """
    part = np.flatnonzero(weights > 0)
    if int(limits_fen[part].sum()) < amount_fen:
        return None
    shares = np.zeros(len(weights), dtype=np.int64)
    rest, of = amount_fen, float(weights[part].sum())
    poorest = part[np.argsort(limits_fen[part] / weights[part], kind="stable")].tolist()
    for b in poorest:
        fair = rest if b == poorest[-1] else int(np.ceil(rest * (weights[b] / of)))
        shares[b] = min(fair, int(limits_fen[b]), rest)
        rest -= int(shares[b])
        of -= float(weights[b])
    return shares if rest == 0 else None


def _left_fen(
    problem: ProcurementProblem, sessions: NDArray[np.int64], tours: Sequence[Tour]
) -> NDArray[np.int64]:
    """Money that each buyer has left, touring discounts counted, shape (B,)."""
    left = problem.budget_fen - (sessions.sum(axis=1) @ problem.price_fen)
    for tour in tours:
        saving = int(problem.touring_discount * int(problem.price_fen[tour.product]))
        for b, _ in (tour.first, tour.second):
            left[b] += tour.sessions * saving
    return np.asarray(left, dtype=np.int64)
