"""The heuristic keeps every rule."""

from typing import Any

import numpy as np

from recommender.procurement.problem import Quota
from recommender.procurement.solver.heuristic import fill
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.verify import verify_sessions


def test_the_heuristic_begins_although_shares_of_nothing_are_nothing(problem_of: Any) -> None:
    # Each first session alone would break the other's share of the spending.
    problem = problem_of(
        [[100.0, 80.0, 60.0]],
        [1000, 1000, 1000],
        [6000],
        groups={"a": np.array([True, False, False]), "b": np.array([False, True, False])},
        quotas=(Quota("a", "a", min_share=0.3), Quota("b", "b", min_share=0.3)),
    )
    model = build_model(problem)
    heuristic = fill(problem, model)
    assert heuristic is not None
    assert verify_sessions(problem, model.sessions(heuristic, (1, 1, 3))) == ()
    assert heuristic.sum() == 6


def test_what_makes_a_full_plan_uneven_is_given_back(problem_of: Any) -> None:
    # The second street has no more money; the first has far more than evenness lets it use.
    rng = np.random.default_rng(8)
    demand = rng.uniform(50, 100, (2, 40))
    problem = problem_of(
        demand.tolist(), [100] * 40, [3_000, 600], gini_max=0.1, groups={}, sessions_per_cell=1
    )
    model = build_model(problem)
    start = np.zeros(len(model.value))
    own = np.flatnonzero(model.street == 0)
    start[own[:30]] = 1.0
    filled = fill(problem, model, start)
    assert filled is not None
    sessions = model.sessions(filled, (2, 2, 40))
    assert verify_sessions(problem, sessions) == ()
    assert sessions[1].sum() == 6  # all that the poorer street can pay
    assert 6 <= sessions[0].sum() < 30
