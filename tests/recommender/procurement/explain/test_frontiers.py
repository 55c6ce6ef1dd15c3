"""Frontiers rise with money and with unevenness."""

from typing import Any

import numpy as np

from recommender.procurement.explain.frontiers import (
    budget_frontier,
    evenness_frontier,
    matching_frontier,
)


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


def test_the_dial_trades_attendance_for_matching(competing_problem: Any) -> None:
    points = matching_frontier(competing_problem, [0.0, 0.5, 1.0], time_limit_s=2)
    assert [point.asked for point in points] == [0.0, 0.5, 1.0]
    assert points[0].value >= points[2].value - 1e-6
    assert points[2].matching >= points[0].matching - 1e-6
    assert points[2].matching > 0.7
