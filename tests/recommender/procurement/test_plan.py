"""Lines, attendances and evenness of known sessions."""

import numpy as np
import pytest

from recommender.procurement.plan import (
    Tour,
    attendance_by_street,
    cell_attendance,
    evenness_of,
    make_lines,
    toured_sessions,
)


def test_repeats_draw_less_and_seats_bound_each_session(problem_of) -> None:
    problem = problem_of([[100.0, 50.0]], [10, 10], [99], seats=np.array([[80.0, np.inf]]))
    found = cell_attendance(problem, np.array([[2, 2]]), problem.demand)
    # 100 and 70 would come and whom one session cannot seat takes the other: 2 * 80 seats.
    # The other product draws 50 and 35.
    np.testing.assert_allclose(found, [[160.0, 85.0]])


def test_evenness_is_of_attendance_per_resident(problem_of) -> None:
    problem = problem_of([[30.0], [10.0]], [1], [9, 9], residents=np.array([1000.0, 1000.0]))
    sessions = np.zeros((2, 2, 1), dtype=np.int64)
    sessions[0, 0, 0] = sessions[1, 1, 0] = 1
    np.testing.assert_allclose(attendance_by_street(problem, sessions, problem.demand), [30, 10])
    assert evenness_of(problem, sessions) == pytest.approx(0.25)


def test_tours_count_on_both_sides() -> None:
    tour = Tour(0, (0, 0), (1, 1), 2)
    toured = toured_sessions((2, 2, 1), (tour, tour))
    assert toured[0, 0, 0] == toured[1, 1, 0] == 4
    assert toured.sum() == 8


def test_a_line_is_one_buyers_order_for_one_street(problem_of) -> None:
    problem = problem_of([[100.0, 50.0]], [1_000, 2_000], [9_999])
    sessions = np.array([[[2, 1]]])
    lines = {line.product: line for line in make_lines(problem, sessions)}
    first = lines["product0"]
    assert (first.buyer, first.street, first.sessions, first.amount_fen) == (
        "buyer0", "street0", 2, 2_000,
    )  # fmt: skip
    assert first.expected == pytest.approx(170.0)
    # The second session adds 70 attendances for 1,000 fen.
    assert first.marginal_fen_per_attendance == pytest.approx(1_000 / 70)
    assert lines["product1"].amount_fen == 2_000
