"""A hand-made district: two streets with a neighbourhood each, three residents, four sessions."""

from typing import Any

import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


ROWS: dict[str, list[dict[str, Any]]] = {
    "areas": [
        {"area_code": "s1", "name": "one", "level": "street", "lat": 31.0, "lon": 121.0,
         "workers": 500},
        {"area_code": "s2", "name": "two", "level": "street", "lat": 31.0, "lon": 121.01,
         "population": 3000},
        {"area_code": "n1", "name": "n1", "level": "neighbourhood", "parent_code": "s1"},
        {"area_code": "n2", "name": "n2", "level": "neighbourhood", "parent_code": "s2"},
    ],
    "population": [
        {"area_code": "n1", "age_band": "18-34", "sex": "u", "people": 100},
        {"area_code": "n1", "age_band": "60-69", "sex": "u", "people": 300},
    ],
    "venues": [
        {"venue_id": "v1", "name": "hall", "area_code": "n1"},
        {"venue_id": "v2", "name": "room", "area_code": "s2"},
    ],
    "products": [
        {"product_id": "p1", "title": "昆曲", "category": "performance", "price_fen": 100},
        {"product_id": "p2", "title": "讲座", "category": "lecture", "price_fen": 900},
    ],
    "events": [
        {"event_id": "e1", "product_id": "p1", "venue_id": "v1", "seats": 3, "status": "done",
         "starts_at": at("2026-06-05T11:00"), "published_at": at("2026-05-01")},
        {"event_id": "e2", "product_id": "p1", "venue_id": "v2", "seats": 100, "status": "done",
         "starts_at": at("2026-06-06T02:00"), "published_at": at("2026-05-01"),
         "ticket_fen": 500},
        {"event_id": "e3", "title": "only once", "status": "open",
         "starts_at": at("2027-02-01T11:00")},
        {"event_id": "e4", "product_id": "p2", "venue_id": "v1", "status": "cancelled",
         "starts_at": at("2026-06-07T11:00")},
    ],
    "residents": [
        {"resident_id": "r1", "area_code": "n1", "age_band": "18-34",
         "joined_at": at("2026-01-01")},
        {"resident_id": "r2", "area_code": "s2", "age_band": "60-69",
         "joined_at": at("2026-06-06")},
        {"resident_id": "r3", "age_band": "70+"},
    ],
    "bookings": [
        {"booking_id": "b1", "resident_id": "r1", "event_id": "e1", "status": "attended",
         "seats": 2, "booked_at": at("2026-05-02")},
        {"booking_id": "b2", "resident_id": "r1", "event_id": "e1", "status": "attended",
         "seats": 1, "booked_at": at("2026-05-03")},
        {"booking_id": "b3", "resident_id": "r2", "event_id": "e1", "status": "waitlisted",
         "seats": 40, "booked_at": at("2026-05-04")},
        {"booking_id": "b4", "resident_id": "r2", "event_id": "e2", "status": "no_show",
         "booked_at": at("2026-05-05")},
        {"booking_id": "b5", "resident_id": "r3", "event_id": "e2", "status": "cancelled",
         "booked_at": at("2026-05-05")},
    ],
}  # fmt: skip


@pytest.fixture
def tables() -> Dataset:
    """The district's tables."""
    return Dataset(
        {name: canonical(pd.DataFrame(rows), TABLES[name]) for name, rows in ROWS.items()}
    )
