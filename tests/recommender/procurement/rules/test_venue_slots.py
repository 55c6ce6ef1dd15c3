"""Sessions fit into the free slots of a street's venues."""

import numpy as np

from recommender.procurement.problem import SlotLimit
from recommender.procurement.rules.registry import explain_rule
from recommender.procurement.rules.values import RuleKey


def test_limits_count_the_products_that_need_the_seats(problem_of, broken_by) -> None:
    problem = problem_of(
        [[9, 9], [9, 9]], [1, 1], [99, 99],
        groups={"large": np.array([True, False])}, slot_limits=(SlotLimit(0, "large", 1, 300.0),),
    )  # fmt: skip
    assert broken_by("venue_slots", problem, [[1, 5], [2, 0]]) == []
    assert broken_by("venue_slots", problem, [[2, 0], [0, 0]]) == [
        ("venue_slots", "street0", "large", 2, 1)
    ]
    key = RuleKey("venue_slots", "street0", "large")
    assert explain_rule(problem, key).amounts == {"sessions": 1, "seats": 300.0}
