"""Each rule at its boundary, and the rules together. From tables: tests/features/ranking."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.geography import great_circle_m
from recommender.ranking.lists.eligibility import (
    DROP_IN_S,
    RULES,
    TRAVEL_M_PER_S,
    bookable,
    eligible,
    refusals,
)


def refused(residents, context):
    """Names of the rules that refuse each event to one resident."""
    return [[reason.code.removeprefix("not_") for reason in each]
            for each in refusals(residents, context)]  # fmt: skip


def test_the_moment_itself_counts_as_begun_closed_and_published(facts):
    now = facts.now_s
    events = facts.events(
        4,
        starts_s=[now, now + 1, now + 9, now + 9],
        ends_s=[now + facts.hour] * 4,
        closes_s=[now + 9, now + 9, now, now + 9],
        published_s=[now, now, now, now + 1],
    )
    found = refused(facts.residents(1, 4), facts.context(events))
    assert found == [["future"], [], ["open"], ["published"]]
    assert bookable(facts.context(events)).tolist() == [False, True, False, False]


def test_one_can_go_to_a_run_of_days_until_it_ends_and_it_clashes_with_nothing(facts):
    now, day = facts.now_s, 24 * facts.hour
    events = facts.events(3, starts_s=[now - day] * 3, ends_s=[now, now + 1, now + day])
    assert refused(facts.residents(1, 3), facts.context(events)) == [["future"], [], []]


def test_a_seat_is_a_whole_one_or_a_place_in_the_queue(facts):
    events = facts.events(
        4, seats_left=[1.0, 0.5, 0.0, np.inf], waiting_list=[False, False, True, False]
    )
    assert refused(facts.residents(1, 4), facts.context(events)) == [[], ["seats"], [], []]


@pytest.mark.parametrize(("oldest", "consent", "expected"), [
    (13, False, [["age"], ["guardian"], []]),
    (17, True, [["age"], [], []]),
    (18, False, [[], [], []]),
])  # fmt: skip
def test_age_and_consent(facts, oldest, consent, expected):
    events = facts.events(3, min_age=[18, 0, 0], paid=[False, True, False])
    residents = facts.residents(1, 3, oldest=[oldest], guardian_consent=[consent])
    assert refused(residents, facts.context(events)) == expected


def test_reach_includes_its_end_and_an_unknown_distance_is_never_too_far(facts):
    events = facts.events(4, online=[False, False, False, True])
    context = facts.context(events, [1000.0, 1000.5, np.nan, 9e9])
    residents = facts.residents(2, 4, reach_m=[1000.0, 1000.0], home=[0, -1])
    assert eligible(residents, context).tolist() == [[True, False, True, True], [True] * 4]


def test_two_bookings_need_time_to_travel_between_them(facts):
    away_m = float(great_circle_m(31.2, 121.4, 31.3, 121.4))
    travel_s = round(away_m / TRAVEL_M_PER_S)
    ends = facts.now_s + 40 * facts.hour
    starts = ends + travel_s + np.array([-2, 2])
    events = facts.events(2, starts_s=starts, ends_s=starts + facts.hour)
    busy = [(0, ends - facts.hour, ends, 31.3, 121.4)]
    assert refused(facts.residents(1, 2, busy=busy), facts.context(events)) == [["clash"], []]
    # Without a point nothing is far; one resident's bookings keep nobody else busy.
    unknown = [(1, ends - facts.hour, ends, np.nan, np.nan)]
    assert eligible(facts.residents(2, 2, busy=unknown), facts.context(events)).all()


def test_what_is_open_all_day_clashes_with_nothing(facts):
    begins = facts.now_s + 30 * facts.hour
    events = facts.events(
        2, starts_s=[begins] * 2, ends_s=[begins + DROP_IN_S, begins + DROP_IN_S + 1]
    )
    busy = [(0, begins + facts.hour, begins + 2 * facts.hour, 31.2, 121.4)]
    assert refused(facts.residents(1, 2, busy=busy), facts.context(events)) == [["clash"], []]
    all_day = [(0, begins, begins + DROP_IN_S + 1, 31.2, 121.4)]
    assert refused(facts.residents(1, 2, busy=all_day), facts.context(events)) == [[], []]


def test_refusals_are_told_to_one_resident_only(facts):
    with pytest.raises(ValueError, match="one resident"):
        refusals(facts.residents(2, 1), facts.context(facts.events(1)))


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_what_may_be_shown_is_what_no_rule_refuses(seed, facts):
    rng = np.random.default_rng(seed)
    n, m = 3, 6

    def mostly(shape):
        return rng.random(shape) < 0.8

    starts = facts.now_s + rng.integers(-1, 5, m) * facts.hour
    events = facts.events(
        m, starts_s=starts, ends_s=starts + 2 * facts.hour, open=mostly(m),
        seats_left=rng.integers(0, 3, m).astype(float), waiting_list=~mostly(m),
        min_age=rng.choice([0, 16], m), audience_age=rng.choice([0, 14], m),
        paid=~mostly(m), online=~mostly(m), step_free=mostly(m),
    )  # fmt: skip
    at = facts.now_s + 2 * facts.hour
    residents = facts.residents(
        n, m, booked=[(0, 1)], muted=[(1, 2)], busy=[(2, at, at + 60, 31.2, 121.4)],
        oldest=rng.choice([13, 17, 59], n), guardian_consent=mostly(n),
        needs_step_free=~mostly(n), reach_m=rng.choice([500, 5000], n), home=rng.choice([0, -1], n),
    )  # fmt: skip
    context = facts.context(events, rng.uniform(0, 2000, m))
    shown = eligible(residents, context)
    told = [refusals(residents.block(row, row + 1), context) for row in range(n)]
    assert shown.tolist() == [[not reasons for reasons in row] for row in told]
    assert not shown[:, ~bookable(context)].any()
    names = [rule.name for rule in RULES]
    for row in told:
        for reasons in row:  # in the order of the rules, each at most once
            places = [names.index(reason.code.removeprefix("not_")) for reason in reasons]
            assert places == sorted(set(places))
