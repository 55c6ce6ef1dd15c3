"""Counts of a resident's own bookings, worked out by hand for five bookings."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ranking.features.affinity import Affinity
from recommender.ranking.query import make_query

LONG = 2 ** (-14 / 365) + 2 ** (-1 / 365)
"""Decayed bookings of r1, who booked 14 days and 1 day ago."""


@pytest.fixture
def ask(snapshot):
    def signals(*residents: str, of=None, **options):
        rows = np.array([snapshot.residents.position(r) if r else -1 for r in residents])
        query = make_query(snapshot, rows, np.arange(4), snapshot.as_of)
        return Affinity(of or snapshot).signals(query, **options)

    return signals


def test_own_bookings_decay_at_every_level(ask, position):
    found = ask("r1")
    next1, next2 = position["next1"], position["next2"]
    for level in ("product", "series", "supplier", "venue"):
        own = found[f"own_{level}"][0]
        assert own[next1] == pytest.approx(np.log1p(LONG), rel=1e-5)
        assert own[next2] == 0
    recent = 2 ** (-14 / 45) + 2 ** (-1 / 45)
    assert found["own_recent_supplier"][0, next1] == pytest.approx(np.log1p(recent), rel=1e-5)
    assert found["activity"][0] == pytest.approx([np.log1p(LONG)] * 4, rel=1e-5)
    assert found["share_supplier"][0, [next1, next2]] == pytest.approx([1, 0])
    assert found["idle"][0] == pytest.approx([np.log1p(1)] * 4)


def test_rates_count_bookings_by_sessions_offered_since_the_first(ask, position):
    found = ask("r1", "r2")
    next1 = position["next1"]
    # Two sessions of p1 were offered since: r1 booked both, r2 kept one.
    assert found["rate_series"][:, next1] == pytest.approx([2 / 3, 1 / 3])
    assert found["rate_supplier"][:, next1] == pytest.approx([2 / 3, 1 / 3])
    # One day and 13 days since the last booking; a day is added so that today is not nothing.
    assert found["idle_series"][:, next1] == pytest.approx(np.log([3, 15]))
    assert np.isnan(found["idle_series"][:, position["next2"]]).all()


def test_a_cancelled_booking_is_no_booking_but_is_remembered(ask, position):
    found = ask("r2", "r3")
    next1 = position["next1"]
    own = np.log1p(2 ** (-13 / 365))
    assert found["own_series"][0, next1] == pytest.approx(own, rel=1e-5)
    assert found["cancelled_event"][:, next1].tolist() == [1, 0]
    assert found["cancelled_series"][0, position["past1"]] == pytest.approx(np.log(2))
    assert found["cancelled_supplier"][1, next1] == 0


def test_follows_are_counted_over_levels(ask, snapshot, position):
    r3 = snapshot.residents.position("r3")
    venues, suppliers = snapshot.level_size["venue"], snapshot.level_size["supplier"]
    level = snapshot.event_level
    next1 = position["next1"]
    follows = {
        "venue": sp.csr_matrix(([1.0], ([r3], [level["venue"][next1]])), shape=(3, venues)),
        "supplier": sp.csr_matrix(([1.0], ([r3], [level["supplier"][next1]])), (3, suppliers)),
    }
    found = ask("r3", "r1", of=replace(snapshot, follows=follows))["follows"]
    assert found[0, [next1, position["next2"]]].tolist() == [2, 0]
    assert not found[1].any()


def test_nobody_and_who_wants_no_profile_have_no_affinity(ask, snapshot):
    found = ask("", "r1")
    assert all(np.isnan(values[0]).all() for values in found.values())
    hidden = replace(snapshot, resident_profiled=np.array([False, True, True]))
    counts = Affinity(hidden).counts("product").toarray()
    assert counts[0].sum() == 0
    assert counts[1].sum() > 0


def test_the_first_stage_reads_the_same_values(ask):
    few, all_ = ask("r1", "r3", first_stage=True), ask("r1", "r3")
    assert set(few) == {"own_supplier", "activity"}
    for name, values in few.items():
        np.testing.assert_array_equal(values, all_[name])


def test_days_of_following_a_supplier_are_told_where_they_are_recorded(ask, snapshot, position):
    residents, suppliers = len(snapshot.residents), snapshot.level_size["supplier"]
    supplier = snapshot.event_level["supplier"][position["next1"]]
    rows = snapshot.residents.positions(["r1", "r3"])
    follows = sp.csr_matrix(
        (np.ones(2, dtype=np.float32), (rows, [supplier, supplier])), shape=(residents, suppliers)
    )
    since = np.array([snapshot.as_of - np.timedelta64(9, "D"), np.datetime64("NaT", "us")])
    told = replace(snapshot, follows={"supplier": follows}, follows_since={"supplier": since})
    found = ask("r1", "r3", "r2", of=told)["follow_days"][:, position["next1"]]
    assert found[0] == pytest.approx(np.log(10))
    # Followed without a time, and not followed: nothing to say.
    assert np.isnan(found[1:]).all()
