"""The model's value of a plan is the objective's, within the distance of the tangents."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.procurement.benefit import plan_value
from recommender.procurement.plan import cell_attendance
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.milp import solve_with_fixed


@pytest.mark.parametrize("matching", [0.0, 0.5, 1.0])
def test_fixed_sessions_are_worth_what_the_objective_says(competing_problem, matching):
    problem = replace(competing_problem, matching=matching)
    model = build_model(problem)
    n = model.n_sessions
    rng = np.random.default_rng(3)
    for _ in range(4):
        taken = np.zeros(len(model.value))
        taken[:n] = (model.tier == 0) & (rng.random(n) < 0.4)
        budget = model.rows_of("budget")
        if (model.matrix[budget] @ taken > model.high[budget]).any():
            continue
        fixed = np.arange(len(taken)) < n
        x, bound, _ = solve_with_fixed(model, fixed, taken, time_limit_s=9, mip_gap=0)
        sessions = model.sessions(x, (2, 2, 6))
        cells = cell_attendance(problem, sessions.sum(axis=0), problem.demand)
        value = plan_value(problem, cells)
        assert value - 1e-6 <= model.value @ x <= value * 1.004 + 1e-6
        assert bound == pytest.approx(model.value @ x)


def test_without_competition_there_is_nothing(competing_problem):
    plain = build_model(replace(competing_problem, competition=None))
    assert len(plain.value) == plain.n_sessions
    assert plain.value == pytest.approx(plain.worth)
    assert not plain.has("competition")
