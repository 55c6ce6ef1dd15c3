"""Without buyers the relaxation is worth the same, and whole sessions find their purses again."""

from typing import Any

import numpy as np
import pytest

from recommender.procurement import plan_procurement
from recommender.procurement.plan import Status
from recommender.procurement.problem import ProcurementProblem, Quota
from recommender.procurement.solver import payers
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.payers import merge_buyers
from recommender.procurement.solver.relaxation import relax
from recommender.procurement.verify import verify_plan


@pytest.fixture
def shared(problem_of: Any, monkeypatch: pytest.MonkeyPatch) -> ProcurementProblem:
    """A district that buys for both streets, which buy for themselves too."""
    monkeypatch.setattr(payers, "_FEW", 0)
    rng = np.random.default_rng(4)
    problem: ProcurementProblem = problem_of(
        rng.gamma(2.0, 40.0, (2, 30)).tolist(),
        (rng.integers(5, 20, 30) * 100_000).tolist(),
        [3_000_000, 2_000_000, 4_000_000],
        serves=np.array([[True, False], [False, True], [True, True]]),
        groups={"g": np.arange(30) < 8},
        quotas=(Quota("g", "g", min_share=0.3),),
        settings={"supplier.share_max": 0.4},
        gini_max=0.1,
    )
    return problem


def test_the_relaxation_is_worth_the_same(shared: ProcurementProblem) -> None:
    merged = merge_buyers(shared, build_model(shared))
    assert merged.model.n_sessions == 2 * 30 * 2
    assert merged.full.n_sessions == 2 * merged.model.n_sessions
    both = [relax(m, deadline=Deadline.within(20)).bound for m in (merged.full, merged.model)]
    assert both[0] == pytest.approx(both[1], rel=1e-6)


def test_plans_keep_every_purse(
    shared: ProcurementProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_procurement(shared, mip_gap=0.002)
    assert verify_plan(shared, plan) == ()
    assert plan.value <= plan.bound
    monkeypatch.setattr(payers, "_FEW", 10_000)
    by_buyer = plan_procurement(shared, mip_gap=0.002)
    assert plan.value == pytest.approx(by_buyer.value, rel=0.02)
    assert plan.bound >= by_buyer.value


def test_the_dearest_sessions_go_to_purses_of_one_street_first(
    problem_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payers, "_FEW", 0)
    problem = problem_of(
        [[10.0, 10.0, 10.0]],
        [500, 300, 200],
        [700, 400],
        serves=np.array([[True], [True]]),
        sessions_per_cell=1,
    )
    merged = merge_buyers(problem, build_model(problem))
    x = np.zeros(len(merged.model.value))
    x[: merged.model.n_sessions] = 1.0
    paid = merged.with_buyers(problem, x)
    sessions = merged.full.sessions(paid, (2, 1, 3))
    assert sessions[:, 0].tolist() == [[1, 0, 1], [0, 1, 0]]


def test_what_only_all_purses_together_could_pay_is_a_conflict(
    problem_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payers, "_FEW", 0)
    plan = plan_procurement(
        problem_of(
            [[10.0, 10.0, 10.0]],
            [600, 600, 600],
            [1000, 1000],
            serves=np.array([[True], [True]]),
            floor_sessions=np.array([3]),
        )
    )
    assert plan.status is Status.INFEASIBLE
    assert {conflict.rule for conflict in plan.conflicts} == {"budget", "floor_sessions"}


def test_tours_keep_their_buyers(problem_of: Any) -> None:
    problem = problem_of(
        [[10.0], [10.0]],
        [500],
        [700, 400],
        serves=np.ones((2, 2), dtype=np.bool_),
        neighbours=((0, 1),),
        touring_discount=0.1,
    )
    model = build_model(problem)
    assert merge_buyers(problem, model).model is model
