"""Collaborative signals of two circles of residents, and co-attendance by hand."""

import numpy as np
import pytest

from recommender.ranking.features.collaborative import Collaborative
from recommender.ranking.model.latent_factors import Settings, fit_latent_factors
from recommender.ranking.query import make_query

NAMES = ("als", "ease", "graph", "co_attendance", "content")


@pytest.fixture(scope="module")
def circles_ahead(circles_snapshot):
    return circles_snapshot.bookable(circles_snapshot.as_of)


@pytest.fixture(scope="module")
def collaborative(circles_snapshot, circles_factors):
    return Collaborative(circles_snapshot, circles_factors)


def test_each_circle_is_drawn_to_its_own_products(circles_snapshot, circles_ahead, collaborative):
    residents = np.arange(24)
    query = make_query(circles_snapshot, residents, circles_ahead, circles_snapshot.as_of)
    found = collaborative.signals(query)
    opera = (
        circles_snapshot.event_level["supplier"][circles_ahead]
        == (circles_snapshot.event_level["supplier"][circles_snapshot.events.position("e0")])
    )
    for name in ("als", "ease", "graph", "content"):
        mine = np.where((residents < 12)[:, None], opera, ~opera)
        known = np.isfinite(found[name]).all(axis=0)
        assert known.sum() >= 8
        own = np.where(mine, found[name], np.nan)[:, known]
        others = np.where(~mine, found[name], np.nan)[:, known]
        assert (np.nanmean(own, axis=1) > np.nanmean(others, axis=1)).all(), name


def test_products_that_nobody_booked_have_factors_by_their_description_alone(
    circles_snapshot, collaborative
):
    cold = circles_snapshot.events.positions(["e8", "e9"])
    query = make_query(circles_snapshot, np.arange(24), cold, circles_snapshot.as_of)
    found = collaborative.signals(query)
    assert np.isnan(found["als_warm"]).all()
    assert np.isnan(found["ease"]).all()
    assert (found["als"][:12, 0] > found["als"][:12, 1]).all()  # e8 is opera, e9 programming
    assert (found["als"][12:, 0] < found["als"][12:, 1]).all()


def test_who_never_booked_or_wants_no_profile_is_answered_with_silence(
    circles_snapshot, circles_ahead, collaborative
):
    rows = circles_snapshot.residents.positions(["r24", "r25"])
    query = make_query(circles_snapshot, np.append(rows, -1), circles_ahead, circles_snapshot.as_of)
    for name, values in collaborative.signals(query).items():
        assert np.isnan(values).all(), name


def test_own_lists_common_lists_and_one_row_agree(circles_snapshot, circles_ahead, collaborative):
    residents = np.array([3, 17, 24])
    at = circles_snapshot.as_of
    common = collaborative.signals(make_query(circles_snapshot, residents, circles_ahead, at))
    shuffled = np.stack([circles_ahead, circles_ahead[::-1], np.roll(circles_ahead, 3)])
    own = collaborative.signals(make_query(circles_snapshot, residents, shuffled, at))
    place = np.searchsorted(circles_ahead, shuffled)
    for name in NAMES:
        expected = np.take_along_axis(common[name], place, axis=1)
        np.testing.assert_allclose(own[name], expected, atol=1e-5, err_msg=name)
        alone = collaborative.signals(make_query(circles_snapshot, residents[:1], shuffled[0], at))
        np.testing.assert_allclose(alone[name], expected[:1], atol=1e-5, err_msg=name)


def test_tables_multiplied_out_give_the_signals(circles_snapshot, circles_ahead, collaborative):
    query = make_query(circles_snapshot, np.arange(24), circles_ahead, circles_snapshot.as_of)
    found = collaborative.signals(query)
    for name, (left, right) in collaborative.sides(circles_ahead).items():
        np.testing.assert_allclose(left[:24] @ right.T, found[name], atol=1e-5, err_msg=name)
    low, high = collaborative.low_pass_sides(circles_ahead)
    for name, (left, right, part) in collaborative.neighbours(circles_ahead).items():
        values = (left[:24] @ right).toarray()
        if name == "graph":
            values = values + left[:24] @ low @ high.T
        spoken = np.isfinite(found[name])
        assert not spoken[:, ~part].any()
        np.testing.assert_allclose(values[spoken], found[name][spoken], atol=1e-5, err_msg=name)


def test_co_attendance_is_a_cosine_that_busy_residents_weigh_less_in(snapshot, position):
    factors = fit_latent_factors(
        snapshot, Settings(factors=2, iterations=2), rng=np.random.default_rng(0)
    )
    query = make_query(snapshot, np.arange(3), np.arange(4), snapshot.as_of)
    found = Collaborative(snapshot, factors).signals(query)["co_attendance"]
    # past1 and next1 were asked for by two each and share r1, who booked two things.
    # r1 herself also has next1 itself: half a booking, damped by her two.
    shared = 0.5 / np.sqrt(2)
    assert found[:, position["next1"]] == pytest.approx([2 * shared, shared, 0], abs=1e-6)
    assert found[:, position["next2"]] == pytest.approx([0, 0, 0])
    assert np.isnan(found[:, position["past1"]]).all()  # cannot be booked any more
