"""The verifier finds every kind of broken rule."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.procurement import plan_procurement
from recommender.procurement.plan import Tour
from recommender.procurement.problem import Quota, SlotLimit
from recommender.procurement.rules.values import Violation
from recommender.procurement.verify import verify_plan, verify_sessions

TWO_EACH = np.array([[[2, 0], [0, 0]], [[0, 0], [0, 2]]], dtype=np.int64)


def problem_for(problem_of: Any, **changes: Any) -> Any:
    return problem_of([[100.0, 50.0], [40.0, 90.0]], [1000, 500], [3000, 3000], **changes)


@pytest.mark.parametrize(
    ("changes", "violation"),
    [
        ({"budget_fen": np.array([1999, 3000])}, Violation("budget", "buyer0", "", 2000, 1999)),
        ({"serves": np.zeros((2, 2), dtype=np.bool_)}, Violation("serves", "street0", "buyer0", 2)),
        ({"allowed": np.zeros((2, 2), np.bool_)}, Violation("allowed", "street0", "product0", 2)),
        ({"sessions_max": np.array([1, 9])}, Violation("sessions_max", "", "product0", 2, 1)),
        ({"sessions_per_cell": 1}, Violation("sessions_per_cell", "street0", "product0", 2, 1)),
        (
            {"required": np.array([[0, 1], [0, 0]])},
            Violation("required", "street0", "product1", 0, 1),
        ),
        ({"floor_sessions": np.array([3, 0])}, Violation("floor_sessions", "street0", "", 2, 3)),
        (
            {"settings": {"floor.attendance_per_1000": 500.0}},
            Violation("floor_attendance", "street0", "", 170.0, 500.0),
        ),
        (
            {"settings": {"supplier.share_max": 0.3}},
            Violation("supplier_share", "", "supplier0", 2000, 1800.0),
        ),
        ({"slot_limits": (SlotLimit(0, "g", 1),)}, Violation("venue_slots", "street0", "g", 2, 1)),
        (
            {"quotas": (Quota("q", "g", max_share=0.1),)},
            Violation("quota.max_share", "", "q", 2000, 600.0),
        ),
        (
            {"quotas": (Quota("q", "g", min_share=0.9),)},
            Violation("quota.min_share", "", "q", 2000, 2700.0),
        ),
        (
            {"quotas": (Quota("q", "g", min_sessions=3),)},
            Violation("quota.min_sessions", "", "q", 2, 3),
        ),
        (
            {"quotas": (Quota("q", "g", max_sessions=1),)},
            Violation("quota.max_sessions", "", "q", 2, 1),
        ),
    ],
)  # fmt: skip
def test_what_is_broken_is_found(
    problem_of: Any, changes: dict[str, Any], violation: Violation
) -> None:
    group = {"g": np.array([True, False])}
    assert verify_sessions(problem_for(problem_of, groups=group), TWO_EACH) == ()
    broken = verify_sessions(problem_for(problem_of, groups=group, **changes), TWO_EACH)
    assert violation in broken
    assert violation.rule in str(violation)


def test_unevenness_is_found(problem_of: Any) -> None:
    broken = verify_sessions(problem_for(problem_of, gini_max=0.01, sessions_per_cell=2), TWO_EACH)
    assert [violation.rule for violation in broken] == ["evenness"]
    assert broken[0].found > broken[0].bound == 0.01


def test_tours_need_neighbours_and_sessions(problem_of: Any) -> None:
    both = np.array([[[1, 0], [0, 0]], [[0, 0], [1, 0]]], dtype=np.int64)
    tour = (Tour(0, (0, 0), (1, 1), 1),)
    neighbouring = problem_for(problem_of, neighbours=((0, 1),), touring_discount=0.2)
    assert verify_sessions(neighbouring, both, tour) == ()
    far = verify_sessions(problem_for(problem_of), both, tour)
    assert far == (Violation("touring", "street0", "product0", 1, 0),)
    twice = (Tour(0, (0, 0), (1, 1), 2),)
    found = verify_sessions(neighbouring, both, twice)
    assert found[0] == Violation("touring", "street0", "product0", 2, 1)


def test_lines_must_be_the_sessions(problem_of: Any) -> None:
    problem = problem_for(problem_of)
    plan = plan_procurement(problem)
    assert verify_plan(problem, plan) == ()
    assert verify_plan(problem, replace(plan, lines=plan.lines[1:]))
    dearer = replace(plan.lines[0], amount_fen=plan.lines[0].amount_fen + 1)
    assert any(
        violation.rule == "lines.amount_fen"
        for violation in verify_plan(problem, replace(plan, lines=(dearer, *plan.lines[1:])))
    )
