"""Around one cell the best change is found, and nothing elsewhere moves."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.procurement import plan_procurement
from recommender.procurement.solver.deadline import Deadline
from recommender.procurement.solver.local_reoptimisation import reoptimise_around


def test_a_forced_session_displaces_the_least_valuable(problem_of: Any) -> None:
    problem = problem_of(
        [[100.0, 80.0, 30.0], [50.0, 20.0, 10.0]],
        [1000] * 3,
        [2000, 2000],
        sessions_per_cell=1,
    )
    plan = plan_procurement(problem)
    assert plan.value == pytest.approx(250.0)
    required = np.zeros((2, 3), dtype=np.int64)
    required[0, 2] = 1
    found = reoptimise_around(
        replace(problem, required=required), plan, 0, 2, deadline=Deadline.within(20)
    )
    assert found is not None
    assert found[0] == pytest.approx(200.0)
    np.testing.assert_array_equal(found[1].sum(axis=0), [[1, 0, 1], [1, 1, 0]])


def test_what_no_change_nearby_allows_is_none(problem_of: Any) -> None:
    problem = problem_of([[100.0, 80.0]], [1000, 5000], [2000], sessions_per_cell=1)
    plan = plan_procurement(problem)
    required = np.array([[0, 1]], dtype=np.int64)
    posed = replace(problem, required=required)
    assert reoptimise_around(posed, plan, 0, 1, deadline=Deadline.within(5)) is None
