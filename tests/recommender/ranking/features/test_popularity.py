"""Counted bookings: known answers on four events."""

import numpy as np
import pytest

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
