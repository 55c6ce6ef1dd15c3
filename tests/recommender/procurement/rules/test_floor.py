"""What every street gets at least."""

import numpy as np

from recommender.procurement.rules.registry import explain_rule
from recommender.procurement.rules.values import RuleKey


def test_sessions_of_all_products_count(problem_of, broken_by) -> None:
    problem = problem_of([[9, 9], [9, 9]], [1, 1], [99, 99], floor_sessions=np.array([2, 0]))
    assert broken_by("floor_sessions", problem, [[1, 1], [0, 0]]) == []
    assert broken_by("floor_sessions", problem, [[1, 0], [5, 0]]) == [
        ("floor_sessions", "street0", "", 1, 2)
    ]


def test_attendances_per_thousand_residents(problem_of, broken_by) -> None:
    problem = problem_of(
        [[30.0], [30.0]], [1], [99, 99],
        residents=np.array([1000.0, 2000.0]), settings={"floor.attendance_per_1000": 20.0},
    )  # fmt: skip
    assert broken_by("floor_attendance", problem, [[1], [1]]) == [
        ("floor_attendance", "street1", "", 30.0, 40.0)
    ]
    key = RuleKey("floor_attendance", "street1")
    assert explain_rule(problem, key).amounts == {"attendances": 20.0}
