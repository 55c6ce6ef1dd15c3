"""What the catalogue offers, what is excluded, what is required."""

import numpy as np

from recommender.procurement import plan_procurement
from recommender.procurement.rules.registry import explain_rule
from recommender.procurement.rules.values import RuleKey


def test_a_product_can_be_had_so_often_in_all_streets_together(problem_of, broken_by) -> None:
    problem = problem_of([[9, 9], [9, 9]], [1, 1], [99, 99], sessions_max=np.array([2, 9]))
    assert broken_by("sessions_max", problem, [[1, 2], [1, 2]]) == []
    assert broken_by("sessions_max", problem, [[2, 0], [1, 0]]) == [
        ("sessions_max", "", "product0", 3, 2)
    ]
    assert explain_rule(problem, RuleKey("sessions_max", subject="product0")).amounts == {
        "sessions": 2
    }


def test_one_product_comes_to_one_street_so_often(problem_of, broken_by) -> None:
    problem = problem_of([[9, 9]], [1, 1], [99], sessions_per_cell=2)
    assert broken_by("sessions_per_cell", problem, [[2, 3]]) == [
        ("sessions_per_cell", "street0", "product1", 3, 2)
    ]


def test_what_is_not_allowed_is_not_bought(problem_of, broken_by) -> None:
    problem = problem_of([[9, 9]], [1, 1], [99], allowed=np.array([[True, False]]))
    assert broken_by("allowed", problem, [[1, 1]]) == [("allowed", "street0", "product1", 1, 0)]


def test_what_is_required_is_bought(problem_of, broken_by) -> None:
    problem = problem_of([[9, 9]], [1, 1], [99], required=np.array([[0, 2]]))
    assert broken_by("required", problem, [[0, 1]]) == [("required", "street0", "product1", 1, 2)]
    assert broken_by("required", problem, [[0, 2]]) == []
    key = RuleKey("required", "street0", "product1")
    assert explain_rule(problem, key).amounts == {"sessions": 2, "most": 2}
    closed = problem_of([[9, 9]], [1, 1], [99], required=np.array([[0, 2]]),
                        allowed=np.array([[True, False]]))  # fmt: skip
    assert explain_rule(closed, key).amounts == {"sessions": 2, "most": 0}


def test_an_exhibition_comes_to_a_street_once(problem_of, broken_by) -> None:
    problem = problem_of([[9, 9]], [1, 1], [99], once=np.array([True, False]))
    assert broken_by("sessions_per_cell", problem, [[1, 2]]) == []
    assert broken_by("sessions_per_cell", problem, [[2, 2]]) == [
        ("sessions_per_cell", "street0", "product0", 2, 1)
    ]
    assert plan_procurement(problem).sessions[0, 0].tolist() == [1, 2]
