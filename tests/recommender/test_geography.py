"""Great-circle distances: known answers and what is missing."""

import math

import numpy as np
import pytest

from recommender.geography import EARTH_M, great_circle_m


def test_a_quarter_of_a_meridian_and_shanghai_to_beijing() -> None:
    quarter = great_circle_m(np.array(0.0), np.array(0.0), np.array(90.0), np.array(50.0))
    assert float(quarter) == pytest.approx(math.pi / 2 * EARTH_M)
    shanghai, beijing = (31.2304, 121.4737), (39.9042, 116.4074)
    found = great_circle_m(*(np.array(x) for x in (*shanghai, *beijing)))
    assert float(found) == pytest.approx(1_067_000, rel=0.005)


def test_distances_are_symmetric_zero_to_oneself_and_missing_where_a_point_is() -> None:
    rng = np.random.default_rng(3)
    lat, lon = rng.uniform(-80, 80, 5), rng.uniform(-180, 180, 5)
    lat[4] = np.nan
    found = great_circle_m(lat[:, None], lon[:, None], lat, lon)
    assert found.shape == (5, 5)
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(np.diag(found)[:4], 0, atol=1e-6)
    assert np.isnan(found[4]).all()
    assert np.isnan(found[:, 4]).all()
    assert (found[:4, :4] <= math.pi * EARTH_M).all()
