"""Gains are differences of the objective, and come in greedy order."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.procurement.benefit import plan_value
from recommender.procurement.plan import cell_attendance
from recommender.procurement.solver.gains import Gains
from recommender.procurement.solver.linear_model import build_model


@pytest.mark.parametrize("matching", [0.0, 0.6])
def test_gains_are_differences_of_the_value(competing_problem, matching):
    problem = replace(competing_problem, matching=matching)
    model = build_model(problem)
    gains = Gains(problem, model)
    rng = np.random.default_rng(1)
    taken = np.zeros(model.n_sessions)

    def value(columns):
        sessions = model.sessions(columns, (2, 2, 6))
        cells = cell_attendance(problem, sessions.sum(axis=0), problem.demand)
        return plan_value(problem, cells)

    # First sessions, then second ones: a cell's counts say which steps are taken.
    for column in np.lexsort((rng.random(model.n_sessions), model.tier)):
        more = taken.copy()
        more[column] = 1
        assert gains.of(int(column)) == pytest.approx(value(more) - value(taken))
        gains.change(int(column), 1.0)
        taken = more
    assert gains.value(taken) == pytest.approx(value(taken))
    gains.reset(np.zeros(model.n_sessions))
    assert gains.of(0) == pytest.approx(Gains(problem, model).of(0))


def test_best_first_is_greedy(competing_problem):
    problem = competing_problem
    model = build_model(problem)
    price = problem.price_fen[model.product].astype(float)
    gains = Gains(problem, model)
    left = set(range(model.n_sessions))
    for column in gains.best_first(np.argsort(-model.worth / price), price):
        best = max(gains.of(c) / price[c] for c in left)
        assert gains.of(column) / price[column] == pytest.approx(best)
        gains.change(column, 1.0)
        left.discard(column)
    assert not left
