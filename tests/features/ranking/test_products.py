"""Traits of products, and who leans to which."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.products import product_traits
from features.ranking.snapshot import build_snapshot
from recommender.ranking.features.preference_deviation import PRIOR, TRAITS, PreferenceDeviation
from recommender.ranking.query import make_query

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def frame(name, rows):
    return canonical(pd.DataFrame(rows), TABLES[name])


def test_traits_are_tags_category_and_audience_once_each():
    products = frame(
        "products",
        [
            {"product_id": "a", "title": "x", "category": "film", "tags": "old;war;old"},
            {"product_id": "b", "title": "y", "category": "film", "audience_groups": "children"},
            {"product_id": "c", "title": "z", "category": "course", "supplier_id": "s"},
        ],
    )
    traits = product_traits(products).toarray()
    assert traits.sum(axis=1).tolist() == [3, 2, 1]  # a supplier is no trait
    assert traits.sum(axis=0).tolist().count(2) == 1  # film, shared by a and b
    assert set(np.unique(traits)) == {0.0, 1.0}


@pytest.fixture
def snapshot():
    """Ann took two war films and a new one; Ben took the new one; Cat nothing; Dan may not be
    profiled."""
    products = [("a", "war"), ("b", "war"), ("c", "new"), ("d", "new"), ("e", "war;new")]
    taken = [("ann", "a"), ("ann", "b"), ("ann", "c"), ("ben", "c"), ("dan", "a")]
    return build_snapshot(
        Dataset(
            {
                "products": frame(
                    "products",
                    [
                        {"product_id": p, "title": p, "category": "film", "tags": tags}
                        for p, tags in products
                    ],
                ),
                "events": frame(
                    "events",
                    [
                        {
                            "event_id": p,
                            "product_id": p,
                            "title": p,
                            "starts_at": NOW + timedelta(days=9),
                            "published_at": NOW - timedelta(days=10 + 10 * i),
                            "ticket_fen": 0 if p != "c" else 10_000,
                        }
                        for i, (p, _) in enumerate(products)
                    ],
                ),
                "residents": frame(
                    "residents",
                    [
                        {"resident_id": who, "personalised": who != "dan"}
                        for who in ("ann", "ben", "cat", "dan")
                    ],
                ),
                "bookings": frame(
                    "bookings",
                    [
                        {
                            "booking_id": who + event,
                            "resident_id": who,
                            "event_id": event,
                            "booked_at": NOW - timedelta(days=1),
                            "seats": 1,
                            "status": "booked",
                            "updated_at": NOW - timedelta(days=1),
                        }
                        for who, event in taken
                    ],
                ),
            }
        ),
        NOW,
        DEFAULT_ZONE,
    )


def signals(snapshot):
    ask = make_query(snapshot, np.arange(4), np.arange(5), snapshot.as_of)
    return PreferenceDeviation(snapshot).signals(ask)


def test_the_lift_of_traits_is_the_shrunken_log_ratio(snapshot):
    found = signals(snapshot)["deviation_traits"]

    # Of four profiled bookings two had war, two new, all film; Ann has three: two, one, three.
    def lift(own, share):
        return np.log((own + TRAITS * share) / ((3 + TRAITS) * share))

    film, war, new = lift(3, 1.0), lift(2, 0.5), lift(1, 0.5)
    wanted = [
        (film + war) / 2,
        (film + war) / 2,
        (film + new) / 2,
        (film + new) / 2,
        (film + war + new) / 3,
    ]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5)
    assert found[1, 2] > found[1, 0]  # Ben leans to what is new
    assert np.isnan(found[2:]).all()  # nothing is said of Cat, and nothing may be of Dan


def test_own_means_are_shrunk_and_compared_with_the_candidate(snapshot):
    fee = signals(snapshot)["deviation_price"]
    all_mean = (2 * 0 + 2 * np.log1p(100.0)) / 4
    ben = (np.log1p(100.0) + PRIOR * all_mean) / (1 + PRIOR)
    assert fee[1, 2] == pytest.approx(np.log1p(100.0) - ben, rel=1e-5)
    assert fee[1, 0] == pytest.approx(-ben, rel=1e-5)
    assert np.isnan(fee[2:]).all()


def test_lists_of_ones_own_say_the_same_as_common_ones(snapshot):
    deviation = PreferenceDeviation(snapshot)
    common = deviation.signals(make_query(snapshot, np.arange(3), np.arange(5), snapshot.as_of))
    own = deviation.signals(
        make_query(snapshot, np.arange(3), np.tile(np.array([4, 2, 0]), (3, 1)), snapshot.as_of)
    )
    for name, values in own.items():
        np.testing.assert_allclose(values, common[name][:, [4, 2, 0]], rtol=1e-5)
