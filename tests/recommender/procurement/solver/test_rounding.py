"""Rounded relaxations keep the rules and come close to the bound."""

from typing import Any

import numpy as np

from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.incumbent import Incumbent
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.payers import merge_buyers
from recommender.procurement.solver.relaxation import relax
from recommender.procurement.solver.rounding import round_relaxation


def test_where_sessions_are_short_the_dear_ones_are_bought(problem_of: Any) -> None:
    """By attendance a yuan the cheap ones come first; sixty sessions are all that is allowed."""
    rng = np.random.default_rng(6)
    price = np.linspace(1_000, 20_000, 120).astype(int)
    problem = problem_of(
        (price * 0.005 * rng.uniform(0.9, 1.1, (2, 120)) + 20).tolist(),
        price.tolist(),
        [900_000] * 2,
        most_sessions=np.array([30, 30]),
        gini_max=0.05,
    )
    model = build_model(problem)
    best = Incumbent(problem, model)
    relaxed = relax(model, deadline=Deadline.within(20))
    round_relaxation(merge_buyers(problem, model), model, relaxed, best, Deadline.within(20))
    assert best.found
    assert best.value > 0.98 * relaxed.bound
    spent = best.sessions.sum(axis=(0, 1)) @ problem.price_fen
    assert spent > 0.5 * problem.budget_fen.sum()
