"""A street holds no more sessions than it can grow to."""

import numpy as np

from recommender.procurement import plan_procurement
from recommender.procurement.rules.registry import explain_rule, file_names
from recommender.procurement.rules.values import RuleKey


def test_sessions_above_the_streets_cap_break_it(problem_of, broken_by) -> None:
    problem = problem_of([[9, 9], [9, 9]], [1, 1], [99, 99], most_sessions=np.array([2, 9]))
    assert broken_by("most_sessions", problem, [[1, 1], [2, 2]]) == []
    assert broken_by("most_sessions", problem, [[1, 2], [0, 0]]) == [
        ("most_sessions", "street0", "", 3, 2)
    ]
    key = RuleKey("most_sessions", "street0")
    assert explain_rule(problem, key).amounts == {"sessions": 2}
    assert file_names(key) == ("plan.growth_max",)


def test_a_plan_keeps_to_it_and_none_is_no_cap(problem_of) -> None:
    args = [[9.0, 8.0], [9.0, 8.0]], [1, 1], [99, 99]
    capped = plan_procurement(problem_of(*args, most_sessions=np.array([1, 9])))
    assert capped.sessions.sum(axis=(0, 2)).tolist() == [1, 4]
    assert plan_procurement(problem_of(*args)).sessions.sum() == 8


def test_a_series_counts_with_all_its_lessons(problem_of, broken_by) -> None:
    args = [[90.0, 8.0], [9.0, 8.0]], [1, 1], [99, 99]
    problem = problem_of(*args, most_sessions=np.array([7, 9]), series=np.array([6, 1]))
    assert broken_by("most_sessions", problem, [[1, 1], [0, 0]]) == []
    assert broken_by("most_sessions", problem, [[1, 2], [0, 0]]) == [
        ("most_sessions", "street0", "", 8, 7)
    ]
    plan = plan_procurement(problem)
    assert (plan.sessions[:, 0].sum(axis=0) * [6, 1]).sum() <= 7
    assert plan.sessions[0, 0].tolist() == [1, 1]
