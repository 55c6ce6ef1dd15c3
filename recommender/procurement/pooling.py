"""Who pays: one buyer a cell where its money allows, several for what serves all (团购)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.plan import Tour
from recommender.procurement.problem import ProcurementProblem


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
    saved = np.zeros(len(problem.buyers), dtype=np.int64)
    touring = {(s, tour.product) for tour in tours for _, s in (tour.first, tour.second)}
    for tour in tours:
        saving = int(problem.touring_discount * int(problem.price_fen[tour.product]))
        for b, _ in (tour.first, tour.second):
            saved[b] += tour.sessions * saving
    left = problem.budget_fen - (sessions.sum(axis=1) @ problem.price_fen) + saved
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
