"""Only a better plan that keeps the rules is taken; what is told of a search while it goes on."""

from typing import Any

import numpy as np
import pytest

from recommender.procurement import plan_procurement
from recommender.procurement.solver.incumbent import Incumbent
from recommender.procurement.solver.linear_model import build_model


def problem(problem_of: Any) -> Any:
    rng = np.random.default_rng(3)
    return problem_of(
        rng.integers(20, 200, (3, 12)).astype(np.float64),
        (rng.integers(1, 9, 12) * 1_000).tolist(),
        [30_000],
    )


def test_values_rise_bounds_fall_and_the_last_ones_are_the_plans(problem_of: Any) -> None:
    heard: list[tuple[float, float]] = []
    plan = plan_procurement(
        problem(problem_of),
        mip_gap=0.0,
        on_progress=lambda value, bound: heard.append((value, bound)),
    )
    values, bounds = zip(*heard, strict=True)
    assert list(values) == sorted(values)
    assert list(bounds) == sorted(bounds, reverse=True)
    assert values[-1] == pytest.approx(plan.value)
    assert bounds[-1] == pytest.approx(plan.bound)
    assert len(set(heard)) == len(heard) >= 2


def test_who_is_told_may_end_the_search(problem_of: Any) -> None:
    def enough(value: float, bound: float) -> None:
        raise InterruptedError(f"{value} {bound}")

    with pytest.raises(InterruptedError, match="inf"):
        plan_procurement(problem(problem_of), on_progress=enough)


def test_a_better_plan_that_keeps_the_rules_is_taken(problem_of: Any) -> None:
    problem = problem_of([[100.0, 60.0]], [1000, 1000], [2000])
    best = Incumbent(problem, build_model(problem))

    def offer(*sessions: int) -> bool:
        return best.offer_plan(np.array([[sessions]], dtype=np.int64), (), "test")

    assert offer(0, 1)
    assert best.value == 60
    assert offer(1, 1)
    assert best.value == 160
    assert not offer(2, 1)  # above the budget
    assert not offer(0, 3)  # more than a cell may hold
    assert offer(1, 0)  # keeps the rules, is worth less
    assert best.sessions[0, 0].tolist() == [1, 1]
    assert not best.offer(None, "test")


def test_the_plan_on_the_table_is_where_a_search_without_time_begins(problem_of: Any) -> None:
    rng = np.random.default_rng(3)
    problem = problem_of(
        rng.gamma(2.0, 40.0, (3, 60)).tolist(), rng.integers(5, 20, 60).tolist(), [200] * 3
    )
    kept = plan_procurement(problem, mip_gap=0.001)
    again = plan_procurement(problem, time_limit_s=0.0, start=kept.sessions)
    assert (again.sessions == kept.sessions).all()
    assert again.value == kept.value
