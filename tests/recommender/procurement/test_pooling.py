"""Who pays what: shares by audience, one buyer a cell, and nothing above any budget."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.procurement import plan_procurement
from recommender.procurement.pooling import (
    audience_of_buyers,
    one_buyer_a_cell,
    pool_leftovers,
    share_amount,
    share_by_need,
)
from recommender.procurement.verify import verify_sessions


def test_a_price_is_shared_in_proportion_to_the_audience() -> None:
    plenty = np.array([10_000, 10_000, 10_000])
    weights = np.array([500.0, 300.0, 200.0])
    assert share_amount(1_000, weights, plenty, 0).tolist() == [500, 300, 200]
    assert share_amount(1_001, weights, plenty, 0).tolist() == [501, 300, 200]
    # Who has no money left gives what it has; who orders pays the rest.
    assert share_amount(1_000, weights, np.array([0, 50, -5]), 0).tolist() == [950, 50, 0]
    assert share_amount(1_000, weights * 0, plenty, 2).tolist() == [0, 0, 1_000]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**9),
    st.lists(st.tuples(st.floats(0, 1e6), st.integers(-10, 10**9)), min_size=1, max_size=6),
)
def test_shares_add_up_and_nobody_gives_more_than_it_has(
    amount: int, buyers: list[tuple[float, int]]
) -> None:
    weights = np.array([each[0] for each in buyers])
    limits = np.array([each[1] for each in buyers], dtype=np.int64)
    found = share_amount(amount, weights, limits, 0)
    assert found.sum() == amount
    assert (found >= 0).all()
    assert (found[1:] <= np.maximum(limits[1:], 0)).all()


def test_two_buyers_of_a_cell_become_one_where_its_money_allows(problem_of) -> None:
    serves = np.array([[True, True], [True, False]])
    problem = problem_of([[9, 9], [9, 9]], [10, 10], [100, 25], serves=serves)
    sessions = np.zeros((2, 2, 2), dtype=np.int64)
    sessions[0, 0, 0] = sessions[1, 0, 0] = 1
    sessions[0, 1, 1] = 1
    found = one_buyer_a_cell(problem, sessions)
    assert found[:, 0, 0].tolist() == [2, 0]
    np.testing.assert_array_equal(found.sum(axis=0), sessions.sum(axis=0))
    poor = problem_of([[9, 9], [9, 9]], [10, 10], [20, 10], serves=serves)
    np.testing.assert_array_equal(one_buyer_a_cell(poor, sessions), sessions)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 2)), max_size=8))
def test_no_budget_is_exceeded_by_handing_over(
    problem_of, bought: list[tuple[int, int, int]]
) -> None:
    sessions = np.zeros((2, 2, 3), dtype=np.int64)
    for b, s, p in bought:
        sessions[b, s, p] += 1
    price = [7, 11, 13]
    spent = sessions.sum(axis=1) @ np.array(price)
    problem = problem_of(
        [[9.0] * 3] * 2, price, (spent + 12).tolist(), serves=np.ones((2, 2), dtype=np.bool_)
    )
    found = one_buyer_a_cell(problem, sessions)
    np.testing.assert_array_equal(found.sum(axis=0), sessions.sum(axis=0))
    assert (found.sum(axis=1) @ problem.price_fen <= problem.budget_fen).all()


def test_people_belong_to_the_buyer_that_is_nearest(problem_of) -> None:
    serves = np.array([[True, True], [False, True]])
    problem = problem_of(
        [[9.0], [9.0]], [1], [9, 9], serves=serves, residents=np.array([300.0, 200.0])
    )
    assert audience_of_buyers(problem).tolist() == [300.0, 200.0]


def pooling_problem(problem_of, **changes):
    """Both streets buy product 0 and, required, product 2; 3 fen are left where product 1 costs 6.

    Alone neither can have product 1 besides: 9 fen buy 5 + 1.
    """
    required = np.array([[0, 0, 1], [0, 0, 1]])
    given = {"required": required, "sessions_per_cell": 1, **changes}
    return problem_of([[40.0, 30.0, 0.5]] * 2, [5, 6, 1], [9, 9], **given)


NEAR = np.array([[False, True], [True, False]])
LOCAL = np.ones(3, dtype=np.bool_)


def test_neighbours_leftovers_buy_what_neither_could(problem_of) -> None:
    problem = pooling_problem(problem_of, residents=np.array([2000.0, 1000.0]))
    plan = plan_procurement(problem)
    assert plan.sessions[:, :, 1].sum() == 0
    moved, sessions, pools = pool_leftovers(problem, plan, NEAR, LOCAL)
    assert [(pool.street, pool.product, pool.lead) for pool in pools] == [(0, 1, 0)]
    # By people 4 : 2, but the larger has 3 left.
    assert pools[0].shares_fen.tolist() == [3, 3]
    assert moved.budget_fen.tolist() == [12, 6]
    assert (sessions - plan.sessions)[0, 0].tolist() == [0, 1, 0]
    assert not verify_sessions(moved, sessions)
    assert verify_sessions(problem, sessions)  # nobody's own money


def test_nothing_is_pooled_beyond_reach_price_or_rules(problem_of) -> None:
    problem = pooling_problem(problem_of)
    plan = plan_procurement(problem)
    nobody = np.zeros((2, 2), dtype=np.bool_)
    assert pool_leftovers(problem, plan, nobody, LOCAL)[2] == ()
    assert pool_leftovers(problem, plan, NEAR, ~LOCAL)[2] == ()
    # Without the dear required product the dearest attendance costs 5 / 40, less than 6 / 30.
    cheap = pooling_problem(problem_of, required=np.zeros((2, 3), dtype=np.int64))
    cheap = replace(cheap, allowed=np.array([[True, True, False]] * 2))
    assert pool_leftovers(cheap, plan_procurement(cheap), NEAR, LOCAL)[2] == ()
    # One more session would be uneven.
    even = replace(problem, gini_max=0.01)
    assert pool_leftovers(even, plan_procurement(even), NEAR, LOCAL)[2] == ()
    assert len(pool_leftovers(problem, plan, NEAR, LOCAL)[2]) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**9),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**9)), min_size=1, max_size=6),
)
def test_what_is_pooled_adds_up_within_the_limits(
    amount: int, buyers: list[tuple[int, int]]
) -> None:
    weights = np.array([float(each[0]) for each in buyers])
    limits = np.array([each[1] for each in buyers], dtype=np.int64)
    found = share_by_need(amount, weights, limits)
    able = int(limits[weights > 0].sum()) >= amount
    assert (found is not None) == able
    if found is not None:
        assert found.sum() == amount
        assert (found >= 0).all()
        assert (found <= limits).all()
        assert not found[weights == 0].any()


def test_who_has_enough_pays_by_its_people() -> None:
    plenty = np.array([100, 100, 100])
    found = share_by_need(60, np.array([3.0, 2.0, 1.0]), plenty)
    assert found is not None
    assert found.tolist() == [30, 20, 10]
    found = share_by_need(60, np.array([3.0, 2.0, 1.0]), np.array([6, 100, 100]))
    assert found is not None
    assert found.tolist() == [6, 36, 18]
