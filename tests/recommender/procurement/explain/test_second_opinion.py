"""The second opinion gives each street its part of the money."""

from typing import Any

import numpy as np

from recommender.procurement.explain.second_opinion import second_opinion


def test_equal_shares_gives_each_street_its_part(problem_of: Any) -> None:
    problem = problem_of([[100.0, 90.0], [30.0, 20.0]], [1000, 1000], [4000], sessions_per_cell=1)
    sessions = second_opinion(problem)
    assert sessions.sum(axis=1).tolist() == [2, 2]
    np.testing.assert_array_equal(sessions, [[1, 1], [1, 1]])
