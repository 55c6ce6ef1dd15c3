"""Show rates, prices and sizes: known answers."""

import numpy as np
import pytest

from recommender.ranking.features.quality import Quality


def test_show_rates_shrink_to_the_wider_level_and_stay_within_bounds(snapshot, position):
    quality = Quality(snapshot)
    rate = quality.show_rate
    assert ((rate > 0) & (rate < 1)).all()
    # One of two came to p1, the only one came to p2.
    assert rate[position["next1"]] < rate[position["next2"]]
    assert rate[position["next1"]] == rate[position["past1"]]
    base = (2 + 4) / (2 + 1 + 5)
    assert abs(rate[position["next1"]] - base) < 0.1


def test_prices_and_seats_are_logs_and_unknown_seats_missing(snapshot, position):
    found = Quality(snapshot).signals(np.arange(4))
    assert found["price"][position["next1"]] == pytest.approx(np.log1p(100))
    assert found["ticket"][position["next2"]] == pytest.approx(np.log1p(500))
    assert found["seats"][position["next1"]] == pytest.approx(np.log1p(4))
    assert np.isnan(found["seats"][position["next2"]])
    assert (found["stars_product"] == 3).all()
