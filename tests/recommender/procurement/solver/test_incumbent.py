"""What is told of a search while it goes on."""

from typing import Any

import numpy as np
import pytest

from recommender.procurement import plan_procurement


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
        problem(problem_of), mip_gap=0.0, told=lambda value, bound: heard.append((value, bound))
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
        plan_procurement(problem(problem_of), told=enough)
