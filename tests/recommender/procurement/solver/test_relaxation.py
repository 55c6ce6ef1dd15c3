"""The relaxation by column generation equals the linear programme solved at once."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from recommender.procurement import plan_procurement
from recommender.procurement.problem import Quota
from recommender.procurement.solver import relaxation
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.linear_model import build_model
from recommender.procurement.solver.relaxation import relax


def test_the_bound_equals_the_whole_linear_programme(
    problem_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaxation, "_FIRST", 20)  # so that columns have to be generated
    monkeypatch.setattr(relaxation, "_STEP", 20)
    rng = np.random.default_rng(2)
    problem = problem_of(
        rng.gamma(2.0, 40.0, (3, 60)).tolist(),
        rng.integers(5, 20, 60).tolist(),
        [150] * 3,
        groups={"g": np.arange(60) < 10},
        quotas=(Quota("g", "g", min_share=0.3),),
        settings={"supplier.share_max": 0.1},
    )
    model = build_model(problem)
    found = relax(model, deadline=Deadline.within(60))
    matrix = model.matrix.toarray()
    upper, lower = np.isfinite(model.high), np.isfinite(model.low)
    whole = linprog(
        -model.value,
        A_ub=np.vstack([matrix[upper], -matrix[lower]]),
        b_ub=np.concatenate([model.high[upper], -model.low[lower]]),
        bounds=np.column_stack([np.zeros(len(model.value)), model.upper]),
    )
    assert found.feasible
    assert found.bound >= -whole.fun - 1e-6
    assert found.bound == pytest.approx(-whole.fun, rel=1e-3)
    assert plan_procurement(problem).value <= found.bound + 1e-6
    # Weak duality: the duals alone give a bound.
    slack = np.where(found.duals > 0, model.high, np.where(found.duals < 0, model.low, 0.0))
    bound = found.duals @ slack + np.maximum(model.value - matrix.T @ found.duals, 0) @ model.upper
    assert bound >= -whole.fun - 1e-6


def test_without_time_nothing_is_claimed(problem_of: Any) -> None:
    found = relax(build_model(problem_of([[10.0]], [1], [1])), deadline=Deadline.within(0.0))
    assert found.feasible is None
    assert found.bound == np.inf
