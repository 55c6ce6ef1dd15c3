"""Choices of facts keep what belongs to each resident and event."""

from dataclasses import fields

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.ranking.lists.facts import UNKNOWN_AGE, EventFacts, ResidentFacts


def equal(one, other):
    """Whether all fields of two facts are the same."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        a, b = (each.toarray() if sp.issparse(each) else each for each in (a, b))
        np.testing.assert_array_equal(a, b, err_msg=field.name)


def busy_of(residents, row):
    """The times at which one resident is busy."""
    own = slice(residents.busy_from[row], residents.busy_from[row + 1])
    return residents.busy_starts_s[own].tolist()


def made(facts, *, n=4, events=3):
    rng = np.random.default_rng(0)
    return facts.residents(
        n,
        events,
        booked=[(0, 1), (2, 0), (2, 2)],
        muted=[(1, 2)],
        busy=[(0, 10, 20, 31.0, 121.0), (2, 30, 40, 31.1, 121.1), (2, 50, 60, 31.2, 121.2)],
        home=np.arange(n),
        oldest=rng.integers(10, 80, n),
        reach_m=rng.random(n).astype(np.float32),
    )


@given(first=st.integers(0, 4), length=st.integers(0, 4))
@settings(max_examples=30)
def test_a_block_is_the_choice_of_its_rows(first, length, facts):
    residents, last = made(facts), min(first + length, 4)
    equal(residents.block(first, last), residents.take(np.arange(first, last)))


@given(rows=st.lists(st.integers(0, 3), max_size=6))
@settings(max_examples=30)
def test_a_choice_keeps_each_residents_own_in_the_given_order(rows, facts):
    residents = made(facts)
    chosen = residents.take(np.array(rows, dtype=np.intp))
    assert len(chosen) == len(rows)
    assert chosen.home.tolist() == rows
    assert [busy_of(chosen, i) for i in range(len(rows))] == [busy_of(residents, r) for r in rows]
    booked = residents.booked.toarray()[rows] if rows else np.zeros((0, 3), bool)
    np.testing.assert_array_equal(chosen.booked.toarray(), booked)


def test_a_choice_of_events_moves_the_columns_alone(facts):
    residents = made(facts)
    chosen = residents.with_events(np.array([2, 1]))
    np.testing.assert_array_equal(chosen.booked.toarray(), residents.booked.toarray()[:, [2, 1]])
    np.testing.assert_array_equal(chosen.muted.toarray(), residents.muted.toarray()[:, [2, 1]])
    assert chosen.busy_starts_s.tolist() == residents.busy_starts_s.tolist()


def test_of_nobody_only_the_place_is_known():
    nobody = ResidentFacts.anonymous(3, home=7, reach_m=500.0)
    assert len(nobody) == 1
    assert (nobody.home[0], nobody.oldest[0], nobody.reach_m[0]) == (7, UNKNOWN_AGE, 500)
    assert nobody.booked.shape == nobody.muted.shape == (1, 3)
    assert nobody.booked.nnz == nobody.muted.nnz == len(nobody.busy_starts_s) == 0


def test_events_of_a_moment_are_chosen_with_their_distances(facts):
    events = facts.events(3, seats_left=[1.0, 2.0, np.inf], min_age=[0, 6, 18])
    context = facts.context(events, [100.0, 200.0, 300.0])
    chosen = context.take(np.array([2, 0]))
    assert isinstance(chosen.events, EventFacts)
    assert chosen.now_s == context.now_s
    assert chosen.events.seats_left.tolist() == [np.inf, 1]
    assert chosen.events.min_age.tolist() == [18, 0]
    assert chosen.distance_m[0].tolist() == [300, 100]
    assert np.isnan(chosen.distance_m[-1]).all()
