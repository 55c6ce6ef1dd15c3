"""What a tenth more of a bound is said to gain is what it gains."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.procurement import plan_procurement
from recommender.procurement.explain.binding import gains_of_easing, shadow_prices
from recommender.procurement.problem import ProcurementProblem, Quota
from recommender.procurement.rules.values import RuleKey
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.relaxation import relax


def relaxed_value(problem: ProcurementProblem) -> float:
    return relax(build_model(problem), deadline=Deadline.within(20)).bound


def many(problem_of: Any, **changes: Any) -> ProcurementProblem:
    rng = np.random.default_rng(8)
    problem: ProcurementProblem = problem_of(
        rng.uniform(20, 90, (2, 300)).tolist(),
        (rng.integers(100, 900, 300) * 100).tolist(),
        [1_000_000, 2_000_000],
        residents=np.array([1000.0, 3000.0]),
        sessions_per_cell=1,
        **changes,
    )
    return problem


def test_budgets_and_sessions(problem_of: Any) -> None:
    problem = many(problem_of, most_sessions=np.array([200, 60]))
    model = build_model(problem)
    relaxed = relax(model, deadline=Deadline.within(20))
    gains = gains_of_easing(problem, model, relaxed)
    assert list(gains.values()) == sorted(gains.values(), reverse=True)
    assert set(gains) >= {RuleKey("budget", "buyer0"), RuleKey("most_sessions", "street1")}
    eased = replace(problem, budget_fen=np.array([1_010_000, 2_000_000]))
    gained = relaxed_value(eased) - relaxed.bound
    assert gains[RuleKey("budget", "buyer0")] == pytest.approx(10 * gained, rel=0.05)
    eased = replace(problem, most_sessions=np.array([200, 61]))
    gained = relaxed_value(eased) - relaxed.bound
    assert gains[RuleKey("most_sessions", "street1")] == pytest.approx(6 * gained, rel=0.05)
    assert shadow_prices(model, relaxed)[RuleKey("most_sessions", "street1")] == pytest.approx(
        gained, rel=0.05
    )


def test_evenness_and_minimum_shares(problem_of: Any) -> None:
    problem = many(
        problem_of,
        gini_max=0.02,
        groups={"g": np.arange(300) < 60},
        quotas=(Quota("g", "g", min_share=0.6),),
    )
    model = build_model(problem)
    relaxed = relax(model, deadline=Deadline.within(20))
    gains = gains_of_easing(problem, model, relaxed)
    gained = relaxed_value(replace(problem, gini_max=0.0202)) - relaxed.bound
    assert gains[RuleKey("evenness")] == pytest.approx(10 * gained, rel=0.1)
    loose = (Quota("g", "g", min_share=0.594),)
    gained = relaxed_value(replace(problem, quotas=loose)) - relaxed.bound
    assert gains[RuleKey("quota.min_share", subject="g")] == pytest.approx(10 * gained, rel=0.1)


def test_a_plan_carries_them(problem_of: Any) -> None:
    problem = many(problem_of, most_sessions=np.array([20, 20]))
    rich = replace(problem, budget_fen=np.array([9_000_000, 9_000_000]))
    plan = plan_procurement(rich, mip_gap=0.01)
    assert {key.rule for key in plan.easing} == {"most_sessions"}
