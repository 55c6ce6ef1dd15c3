"""Equal Shares on small elections whose outcome can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.procurement.explain.equal_shares import equal_shares


def test_a_majority_cannot_take_all() -> None:
    # 60 people gain from projects 0 and 1, 40 from project 2; each project costs 40, budget 100.
    gain = np.array([[60.0, 60.0, 0.0], [0.0, 0.0, 40.0]])
    result = equal_shares(gain, np.full(3, 40.0), np.array([60.0, 40.0]), 100.0)
    # The majority's 60 buys one of its two, the minority's 40 buys its own.
    assert sorted(result.bought) == [0, 2]
    assert result.by_shares == 2
    assert result.price_per_gain == (pytest.approx(40 / 60), pytest.approx(1.0))


def test_poor_supporters_pay_what_they_have_left() -> None:
    gain = np.array([[10.0, 10.0], [0.0, 10.0]])
    result = equal_shares(gain, np.array([4.0, 12.0]), np.array([1.0, 1.0]), 20.0)
    # Project 0 takes 4 from group 0 (6 left); project 1 then takes 6 from each: 12.
    assert result.bought == (0, 1)
    assert result.price_per_gain == (pytest.approx(0.4), pytest.approx(0.6))


def test_what_is_left_is_spent_by_gain_per_cost() -> None:
    gain = np.array([[5.0, 9.0], [5.0, 0.0]])
    members, cost = np.array([1.0, 1.0]), np.array([4.0, 9.0])
    assert equal_shares(gain, cost, members, 14.0, complete=False).bought == (0,)
    assert equal_shares(gain, cost, members, 14.0).bought == (0, 1)


def test_later_sessions_wait_for_earlier_ones() -> None:
    gain = np.array([[3.0, 9.0]])
    after = np.array([-1, 0])
    result = equal_shares(gain, np.ones(2), np.ones(1), 2.0, after=after)
    assert result.bought == (0, 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_nobody_pays_more_than_their_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gain = rng.integers(0, 4, (3, 8)).astype(float)
    cost = rng.integers(1, 9, 8).astype(float)
    members = rng.integers(1, 5, 3).astype(float)
    result = equal_shares(gain, cost, members, 20.0)
    assert cost[list(result.bought)].sum() <= 20.0 + 1e-9
    assert len(set(result.bought)) == len(result.bought)
    paid = sum(cost[p] for p in result.bought[: result.by_shares])
    assert paid <= 20.0 + 1e-9
    assert list(result.price_per_gain) == sorted(result.price_per_gain)
