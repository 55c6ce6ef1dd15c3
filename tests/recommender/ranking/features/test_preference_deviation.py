"""How a candidate differs from what a resident usually takes, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.ranking.features.preference_deviation import PreferenceDeviation
from recommender.ranking.query import make_query


@pytest.fixture
def ask(snapshot, position):
    def signals(name: str, *residents: str, of=None):
        of = of or snapshot
        rows = np.array([of.residents.position(r) if r else -1 for r in residents])
        query = make_query(of, rows, np.arange(4), of.as_of)
        found = PreferenceDeviation(of).signals(query)[name]
        assert found.shape == (len(residents), 4)
        return found[:, [position["next1"], position["next2"]]]

    return signals


def test_popularity_is_compared_with_the_shrunken_mean_of_what_was_taken(ask):
    # p1 was booked 3 times, p2 once: log 4 and log 2. All bookings' mean is 7/4 log 2.
    # r1: (2 log 4 + 2 × 7/4 log 2) / 4 = 15/8 log 2; r3: (log 2 + 7/2 log 2) / 3 = 3/2 log 2.
    found = ask("deviation_popularity", "r1", "r3") / np.log(2)
    np.testing.assert_allclose(found, [[2 - 15 / 8, 1 - 15 / 8], [2 - 1.5, 1 - 1.5]], atol=1e-6)


def test_prices_are_compared_in_logs_of_yuan(ask):
    # p1 is free, p2 costs 5 yuan: 0 and log 6; one of four bookings paid.
    r1, r3 = 2 * np.log(6) / 4 / 4, (np.log(6) + 2 * np.log(6) / 4) / 3
    found = ask("deviation_price", "r1", "r3")
    np.testing.assert_allclose(found, [[-r1, np.log(6) - r1], [-r3, np.log(6) - r3]], atol=1e-6)


def test_age_counts_from_when_the_product_became_known(ask):
    # Both products became known on 1 February, 28 days ago; bookings 14, 15, 14 and 27 days later.
    days = np.log1p([14, 15, 14, 27])
    r1 = (days[0] + days[3] + 2 * days.mean()) / 4
    np.testing.assert_allclose(ask("deviation_age", "r1"), np.log1p(28) - r1, atol=1e-6)


def test_traits_are_taken_more_or_less_often_than_by_all(ask):
    # r1 took two films where 3 of 4 bookings are of films: (2 + 5 × 3/4) / 7 over 3/4.
    film, lecture = np.log((2 + 3.75) / 7 / 0.75), np.log(5 / 7)
    np.testing.assert_allclose(ask("deviation_traits", "r1"), [[film, lecture]], atol=1e-6)


def test_without_a_history_or_a_profile_there_is_no_usual(ask, snapshot):
    hidden = replace(snapshot, resident_profiled=np.array([False, True, True]))
    for name in ("popularity", "age", "price", "traits"):
        assert np.isnan(ask(f"deviation_{name}", "")).all()
        assert np.isnan(ask(f"deviation_{name}", "r1", of=hidden)).all()


def test_an_event_without_a_price_is_neither_dear_nor_cheap(ask, snapshot, position):
    ticket = snapshot.event_ticket_fen.copy()
    ticket[position["next2"]] = np.nan
    found = ask("deviation_price", "r3", of=replace(snapshot, event_ticket_fen=ticket))
    assert np.isfinite(found[0, 0])
    assert np.isnan(found[0, 1])
