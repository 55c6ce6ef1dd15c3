"""Homes without a point take their parent's; reach follows the bookings."""

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from features.ranking.reach import LEAST_REACH_M, home_points, usual_reach_m

AREAS = [
    {"area_code": "d", "name": "d", "level": "district", "lat": 31.2, "lon": 121.4},
    {"area_code": "s", "name": "s", "level": "street", "parent_code": "d"},
    {"area_code": "n", "name": "n", "level": "neighbourhood", "parent_code": "s"},
    {"area_code": "x", "name": "x", "level": "street"},
]


def tables(venue_lat: float | None) -> Dataset:
    rows = {
        "areas": AREAS,
        "venues": [{"venue_id": "v", "name": "v", "lat": venue_lat, "lon": 121.4}],
        "events": [{"event_id": "e", "title": "t", "venue_id": "v",
                    "starts_at": pd.Timestamp("2026-05-01", tz="UTC")}],
        "residents": [{"resident_id": "r", "area_code": "n"}],
        "bookings": [{"booking_id": "b", "resident_id": "r", "event_id": "e",
                      "booked_at": pd.Timestamp("2026-04-01", tz="UTC"), "status": "attended"}],
    }  # fmt: skip
    return Dataset({k: canonical(pd.DataFrame(v), TABLES[k]) for k, v in rows.items()})


def test_a_point_comes_from_the_nearest_area_above() -> None:
    lat, lon = home_points(tables(31.2)["areas"])
    assert lat[:3].tolist() == [31.2] * 3
    assert lon[:3].tolist() == [121.4] * 3
    assert np.isnan(lat[3])


@pytest.mark.parametrize(
    ("venue_lat", "reach"), [(31.201, LEAST_REACH_M), (31.7, 55_600.0), (None, np.inf)]
)
def test_reach_is_what_bookings_stay_within(venue_lat: float | None, reach: float) -> None:
    assert usual_reach_m(tables(venue_lat)) == pytest.approx(reach, rel=0.002)
