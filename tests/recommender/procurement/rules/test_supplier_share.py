"""No supplier gets more than a share of the budget."""

import numpy as np


def test_all_products_of_a_supplier_count(problem_of, broken_by) -> None:
    problem = problem_of(
        [[9, 9, 9]], [10, 20, 30], [100],
        supplier=np.array([0, 0, 1]), settings={"supplier.share_max": 0.3},
    )  # fmt: skip
    assert broken_by("supplier_share", problem, [[1, 1, 1]]) == []
    assert broken_by("supplier_share", problem, [[2, 1, 1]]) == [
        ("supplier_share", "", "supplier0", 40, 30.0)
    ]


def test_products_without_a_supplier_belong_to_nobody(problem_of, broken_by) -> None:
    problem = problem_of(
        [[9, 9]], [50, 50], [100],
        supplier=np.array([-1, -1]), settings={"supplier.share_max": 0.1},
    )  # fmt: skip
    assert broken_by("supplier_share", problem, [[1, 1]]) == []
