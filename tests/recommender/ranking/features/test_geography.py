"""Distances and lifts: known answers on two streets."""

import numpy as np
import pytest

from recommender.geography import great_circle_m
from recommender.ranking.features.geography import Geography
from recommender.ranking.query import make_query


def test_distance_is_from_the_asking_street_and_missing_without_one(snapshot, position):
    geography, events = Geography(snapshot), np.arange(4)[None, :]
    streets = np.append(np.arange(len(snapshot.streets)), -1)
    found = geography.log_km(streets, events)
    home = snapshot.streets.position("310105101")
    metres = float(great_circle_m(*(np.array(x) for x in (31.2, 121.4, 31.3, 121.4))))
    assert found[home, position["past1"]] == pytest.approx(0, abs=1e-3)
    assert found[home, position["past2"]] == pytest.approx(np.log1p(metres / 1000), rel=1e-3)
    assert np.isnan(found[-1]).all()


def test_neighbours_lift_what_they_book_and_nobodys_street_lifts_nothing(snapshot, position):
    geography, events = Geography(snapshot), np.arange(4)[None, :]
    streets = np.array([snapshot.streets.position("310105101"), -1])
    lift = geography.by_street(streets, events)["street_product"]
    assert lift[0, position["next1"]] > 0
    assert lift[0, position["next2"]] == 0
    assert (lift[1] == 0).all()
    query = make_query(snapshot, np.arange(3), np.arange(4), snapshot.as_of)
    signals = geography.signals(query)
    np.testing.assert_array_equal(
        signals["street_product"],
        geography.by_street(snapshot.resident_street.astype(np.intp), events)["street_product"],
    )
    assert {name.split("_")[0] for name in signals} == {"street", "age", "distance"}
