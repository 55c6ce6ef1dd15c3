"""Sessions tour only between neighbours, and only those that are bought."""

import numpy as np

from recommender.procurement.plan import Tour
from recommender.procurement.verify import verify_sessions

TOUR = Tour(0, (0, 0), (1, 1), 1)


def found(problem, cells, tours) -> list[str]:
    sessions = np.zeros((2, 2, 1), dtype=np.int64)
    sessions[0, 0, 0], sessions[1, 1, 0] = cells
    return [
        str(each) for each in verify_sessions(problem, sessions, tours) if each.rule == "touring"
    ]


def test_a_tour_needs_a_session_on_both_sides(problem_of) -> None:
    problem = problem_of([[9], [9]], [10], [99, 99], neighbours=((0, 1),), touring_discount=0.1)
    assert found(problem, (1, 1), (TOUR,)) == []
    assert found(problem, (1, 0), (TOUR,)) != []


def test_far_streets_do_not_tour(problem_of) -> None:
    problem = problem_of([[9], [9]], [10], [99, 99], touring_discount=0.1)
    assert found(problem, (1, 1), (TOUR,)) != []
