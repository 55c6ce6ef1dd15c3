"""The verifier finds every kind of broken rule."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.procurement.plan import Tour
from recommender.procurement.problem import Quota, SlotLimit
from recommender.procurement.solver.milp import plan_procurement
from recommender.procurement.verify import verify_plan, verify_sessions

TWO_EACH = np.array([[[2, 0], [0, 0]], [[0, 0], [0, 2]]], dtype=np.int64)


def problem_for(problem_of: Any, **changes: Any) -> Any:
    return problem_of([[100.0, 50.0], [40.0, 90.0]], [1000, 500], [3000, 3000], **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget_fen": np.array([1999, 3000])}, "buyer0 spends 2000 of 1999 fen"),
        ({"serves": np.zeros((2, 2), dtype=np.bool_)}, "may not buy for street0"),
        ({"allowed": np.zeros((2, 2), dtype=np.bool_)}, "may not be held in street0"),
        ({"sessions_max": np.array([1, 9])}, "product0: 2 of 1 sessions"),
        ({"sessions_per_cell": 1}, "takes product0 2 times"),
        ({"required": np.array([[0, 1], [0, 0]])}, "street0 lacks required product1"),
        ({"floor_sessions": np.array([3, 0])}, "street0: 2 sessions, below its floor"),
        ({"floor_attendance": 500.0}, "attendances, below its floor"),
        ({"supplier_share_max": 0.3}, "supplier supplier0 gets 2000 of 6000 fen"),
        ({"gini_max": 0.01}, "evenness: Gini"),
        ({"slot_limits": (SlotLimit(0, "g", 1),)}, "2 sessions in venues"),
        ({"quotas": (Quota("q", "g", max_share=0.1),)}, "q: 2000 fen is above 10%"),
        ({"quotas": (Quota("q", "g", min_share=0.9),)}, "q: 2000 fen is below 90%"),
        ({"quotas": (Quota("q", "g", min_sessions=3),)}, "q: 2 sessions, at least 3"),
        ({"quotas": (Quota("q", "g", max_sessions=1),)}, "q: 2 sessions, at most 1"),
    ],
)
def test_what_is_broken_is_said(problem_of: Any, changes: dict[str, Any], words: str) -> None:
    group = {"g": np.array([True, False])}
    assert verify_sessions(problem_for(problem_of, groups=group), TWO_EACH) == ()
    broken = verify_sessions(problem_for(problem_of, groups=group, **changes), TWO_EACH)
    assert any(words in sentence for sentence in broken), broken


def test_tours_need_neighbours_and_sessions(problem_of: Any) -> None:
    both = np.array([[[1, 0], [0, 0]], [[0, 0], [1, 0]]], dtype=np.int64)
    tour = (Tour(0, (0, 0), (1, 1), 1),)
    neighbouring = problem_for(problem_of, neighbours=((0, 1),), touring_discount=0.2)
    assert verify_sessions(neighbouring, both, tour) == ()
    assert "far streets" in verify_sessions(problem_for(problem_of), both, tour)[0]
    twice = (Tour(0, (0, 0), (1, 1), 2),)
    assert "more touring sessions than sessions" in verify_sessions(neighbouring, both, twice)


def test_lines_must_be_the_sessions(problem_of: Any) -> None:
    problem = problem_for(problem_of)
    plan = plan_procurement(problem)
    assert verify_plan(problem, plan) == ()
    assert verify_plan(problem, replace(plan, lines=plan.lines[1:]))
    dearer = replace(plan.lines[0], amount_fen=plan.lines[0].amount_fen + 1)
    assert any(
        "the lines cost" in words
        for words in verify_plan(problem, replace(plan, lines=(dearer, *plan.lines[1:])))
    )
