"""The benefit of sessions: concave steps, cut off at the seats."""

from typing import Any

import numpy as np
import pytest


def test_tiers_fall_and_seats_bound(problem_of: Any) -> None:
    problem = problem_of(
        [[100.0]], [100], [1000], seats=np.array([[90.0]]), repeat_factor=np.array([0.5])
    )
    assert problem.totals(problem.demand)[:, 0, 0].tolist() == [0.0, 90.0, 150.0]


def test_uncertain_demand_fills_fewer_seats(problem_of: Any) -> None:
    rng = np.random.default_rng(0)
    sd = 0.6
    drawn = 100 * np.exp(sd * rng.standard_normal(400_000) - sd**2 / 2)
    problem = problem_of(
        [[100.0]], [100], [1000], seats=np.array([[90.0]]), log_sd=np.array([[sd]])
    )
    assert problem.totals(problem.demand)[1, 0, 0] == pytest.approx(
        np.minimum(drawn, 90).mean(), rel=2e-3
    )
