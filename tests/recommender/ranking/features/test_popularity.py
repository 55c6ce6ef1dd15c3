"""Counted bookings: known answers on four events."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.booking_states import CANCELLED
from recommender.ranking.features.popularity import Popularity


def test_bookings_decay_by_their_half_life_and_cancelled_ones_count_apart(snapshot, position):
    found = Popularity(snapshot, half_life_days=14.0).signals(np.arange(4))
    next1, past1 = position["next1"], position["past1"]
    assert found["event_bookings"][next1] == pytest.approx(np.log1p(1))
    assert found["event_cancelled"][next1] == pytest.approx(1 / 3)
    assert found["event_fill"][next1] == pytest.approx(1 / 4)
    assert np.isnan(found["event_fill"][position["next2"]])
    # p1: booked 14, 13 and 1 days ago; both events of a product have its popularity.
    expected = np.log1p(2.0**-1 + 2.0 ** (-13 / 14) + 2.0 ** (-1 / 14))
    assert found["popularity"][[past1, next1]] == pytest.approx([expected] * 2, rel=1e-5)
    assert found["event_recent_1d"][next1] == pytest.approx(np.log1p(0.5), rel=1e-5)
    np.testing.assert_allclose(
        found["rise_3d"], found["product_recent_3d"] - found["product_recent_14d"]
    )


def test_events_of_products_that_were_fuller_have_more_expected(snapshot, position):
    found = Popularity(snapshot, half_life_days=14.0).signals(np.arange(4))
    assert found["size_supplier"][position["next1"]] > found["size_supplier"][position["next2"]]
    left = found["expected_remaining"] + found["event_bookings"]
    assert left[position["next1"]] == pytest.approx(left[position["past1"]])


def test_whose_first_booking_a_supplier_drew_is_told_and_shrunk(snapshot, position):
    found = Popularity(snapshot, half_life_days=14.0).signals(np.arange(4))
    past1, past2 = position["past1"], position["past2"]
    kept = snapshot.log_outcome != CANCELLED
    residents, events = snapshot.log_resident[kept], snapshot.log_event[kept]
    first = [list(residents).index(resident) for resident in sorted(set(residents.tolist()))]
    suppliers = snapshot.event_level["supplier"]
    base = len(first) / len(residents)
    for event in (past1, past2):
        mine = suppliers[events] == suppliers[event]
        new = int(mine[first].sum())
        share = (new + 10 * base) / (mine.sum() + 10)
        assert found["newcomers_supplier"][event] == pytest.approx(np.log(share / base), abs=1e-6)
    assert found["newcomers_supplier"][past1] != found["newcomers_supplier"][past2]
    # r1 and r2 came to past1 first, r3 to past2, 13 to 14 days ago; next1 is r1's second.
    assert found["event_newcomers"][[past1, position["next1"]]].tolist() == pytest.approx(
        [np.log(3), 0]
    )
    recent = np.log1p(2 ** (-14 / 90) + 2 ** (-13 / 90))
    assert found["newcomers_recent"][position["next1"]] == pytest.approx(recent, rel=1e-5)


def test_followers_of_the_supplier_are_counted(snapshot, position):
    supplier = snapshot.event_level["supplier"][position["next2"]]
    follows = sp.csr_matrix(
        (np.ones(2, dtype=np.float32), ([0, 2], [supplier, supplier])),
        shape=(len(snapshot.residents), snapshot.level_size["supplier"]),
    )
    found = Popularity(replace(snapshot, follows={"supplier": follows}), 14.0).signals(np.arange(4))
    assert found["followers_supplier"][position["next2"]] == pytest.approx(np.log1p(2))
    assert found["followers_supplier"][position["next1"]] == 0
