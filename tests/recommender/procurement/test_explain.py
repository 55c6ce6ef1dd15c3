"""Why not, what if, frontiers and the second opinion on cases that can be worked out."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.procurement.explain import (
    budget_frontier,
    compare,
    evenness_frontier,
    opinion_value,
    price_in_attendances,
    second_opinion,
    why_not,
)
from recommender.procurement.solve import plan_procurement


def test_forcing_a_product_in_costs_what_it_displaces(problem_of: Any) -> None:
    problem = problem_of([[100.0, 60.0]], [1000, 1000], [1000], sessions_per_cell=1)
    plan = plan_procurement(problem)
    answer = why_not(problem, plan, "product1", "street0")
    assert answer.possible
    assert answer.cost == pytest.approx(40.0)
    assert answer.displaced == (("street0", "product0", -1),)
    assert why_not(problem, plan, "product0", "street0").reasons == ("it is in the plan",)


def test_what_cannot_be_bought_says_why(problem_of: Any) -> None:
    dear = problem_of([[100.0, 60.0]], [1000, 5000], [1000])
    answer = why_not(dear, plan_procurement(dear), "product1", "street0")
    assert not answer.possible
    assert any("required: product product1" in words for words in answer.reasons)
    closed = problem_of([[100.0, 60.0]], [1000, 500], [1000], allowed=np.array([[True, False]]))
    answer = why_not(closed, plan_procurement(closed), "product1", "street0")
    assert "may not be held there" in answer.reasons[0]


def test_a_what_if_is_the_difference_of_two_plans(problem_of: Any) -> None:
    problem = problem_of([[100.0, 60.0]], [1000, 1000], [1000], sessions_per_cell=1)
    richer = replace(problem, budget_fen=np.array([2000]))
    change = compare(problem, plan_procurement(problem), plan_procurement(richer))
    assert change.value == pytest.approx(60.0)
    assert change.amount_fen == 1000
    assert change.sessions == (("street0", "product1", 1),)


def test_frontiers_rise(problem_of: Any) -> None:
    rng = np.random.default_rng(1)
    demand = rng.gamma(2, 40, (3, 10)) * np.array([[1.0], [2.0], [4.0]])
    problem = problem_of(demand.tolist(), rng.integers(5, 20, 10).tolist(), [60] * 3)
    budget = [point.value for point in budget_frontier(problem, [0.5, 1.0, 2.0], time_limit_s=2)]
    assert budget == sorted(budget)
    assert len(budget) == 3
    even = evenness_frontier(problem, [0.1, 0.3], time_limit_s=2)
    assert all(point.gini <= point.asked + 1e-9 for point in even)
    assert even[0].value <= even[1].value * 1.02


def test_equal_shares_gives_each_street_its_part(problem_of: Any) -> None:
    problem = problem_of([[100.0, 90.0], [30.0, 20.0]], [1000, 1000], [4000], sessions_per_cell=1)
    sessions = second_opinion(problem)
    assert sessions.sum(axis=1).tolist() == [2, 2]
    assert opinion_value(problem, sessions) == pytest.approx(240.0)


def test_a_session_is_priced_against_what_its_money_gains_elsewhere(problem_of: Any) -> None:
    # Money for two and a half sessions: the half would go to the third, 60 for each 1,000.
    problem = problem_of([[100.0, 80.0, 60.0, 10.0]], [1000] * 4, [2500], sessions_per_cell=1)
    found = [price_in_attendances(problem, f"product{i}", "street0") for i in range(4)]
    assert found == pytest.approx([40.0, 20.0, 0.0, -50.0])
    closed = problem_of([[100.0]], [1000], [500])
    assert np.isnan(price_in_attendances(closed, "product0", "street0"))
