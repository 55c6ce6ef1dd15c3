"""A second opinion: what the Method of Equal Shares would buy with the whole budget."""

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.explain.equal_shares import equal_shares
from recommender.procurement.problem import ProcurementProblem


def second_opinion(problem: ProcurementProblem) -> NDArray[np.int64]:
    """What Equal Shares would buy with the whole budget, sessions of shape (S, P).

    Each street's residents are a group that gains from the sessions held there. It knows budget,
    catalogue and where a product may be held, and none of the officer's other rules.
    """
    steps = np.diff(problem.totals(problem.demand), axis=0)
    most = np.arange(len(steps))[:, None, None] < problem.sessions_max[None, None, :]
    tier, street, product = np.nonzero((steps > 0) & problem.allowed[None] & most)
    n = len(tier)
    gain = np.zeros((len(problem.streets), n))
    gain[street, np.arange(n)] = steps[tier, street, product]
    at = {key: i for i, key in enumerate(zip(tier, street, product, strict=True))}
    before = np.array([at.get((k - 1, s, p), -1) if k else -1 for k, s, p in at], dtype=np.intp)
    price = np.maximum(problem.price_fen[product], 1).astype(np.float64)
    shares = equal_shares(
        gain, price, problem.residents, float(problem.budget_fen.sum()), after=before
    )
    sessions = np.zeros(problem.allowed.shape, dtype=np.int64)
    for i in shares.bought:
        if sessions[:, product[i]].sum() < problem.sessions_max[product[i]]:
            sessions[street[i], product[i]] += 1
    return sessions
