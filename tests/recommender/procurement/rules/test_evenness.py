"""The Gini coefficient of attendance per resident is bounded."""

import numpy as np
import pytest


def test_the_coefficient_itself_is_what_is_verified(problem_of, broken_by) -> None:
    problem = problem_of([[30.0], [10.0]], [1], [9, 9], gini_max=0.2)
    ((_, _, _, found, bound),) = broken_by("evenness", problem, [[1], [1]])
    # Two streets of equal size with 30 and 10: |30 - 10| / (2 * 40).
    assert (found, bound) == (pytest.approx(0.25), 0.2)


def test_it_is_per_resident(problem_of, broken_by) -> None:
    residents = np.array([3000.0, 1000.0])
    problem = problem_of([[30.0], [10.0]], [1], [9, 9], gini_max=0.2, residents=residents)
    assert broken_by("evenness", problem, [[1], [1]]) == []


def test_without_a_bound_or_a_second_street_it_asks_nothing(problem_of, broken_by) -> None:
    assert broken_by("evenness", problem_of([[30.0], [10.0]], [1], [9, 9]), [[1], [0]]) == []
    alone = problem_of([[30.0]], [1], [9], gini_max=0.0)
    assert broken_by("evenness", alone, [[1]]) == []
