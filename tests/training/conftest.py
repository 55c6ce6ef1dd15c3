"""A small planted district: everybody has a favourite supplier and mostly books there."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = ("performance", "lecture", "course", "reading")


def frame(name, rows):
    return canonical(pd.DataFrame(rows), TABLES[name])


def planted_district(
    seed=0, *, residents=60, days=240, every=2.0, loyalty=0.9, status="attended", published=True
):
    """A data set; events of product ``pX`` are by supplier ``sX % 4``."""
    rng = np.random.default_rng(seed)
    people = [f"r{i:03d}" for i in range(residents)]
    favourite = {person: i % 4 for i, person in enumerate(people)}
    events, bookings, products = [], [], []
    n = int(days / every)
    for i in range(n):
        supplier = i % 4
        product = f"p{i // 8 * 4 + supplier}"  # a product has two events
        if i // 4 % 2 == 0:
            products.append(
                {
                    "product_id": product,
                    "supplier_id": f"s{supplier}",
                    "title": f"{'戏曲讲座书法阅读'[2 * supplier : 2 * supplier + 2]}第{i}场",
                    "category": CATEGORIES[supplier],
                    "price_fen": 100_000 * (1 + supplier),
                }
            )
        starts = DAY_ONE + timedelta(days=15 + i * every, hours=10 + supplier)
        event = f"e{i:04d}"
        events.append(
            {
                "event_id": event,
                "product_id": product,
                "venue_id": f"v{supplier % 2}",
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=2),
                "seats": 40,
                "ticket_fen": 0,
                "published_at": starts - timedelta(days=14) if published else None,
                "status": "done",
            }
        )
        for person in people:
            keen = favourite[person] == supplier
            if rng.random() < (0.5 * loyalty if keen else 0.5 * (1 - loyalty) / 3):
                booked = starts - timedelta(days=float(rng.uniform(0.1, 13.0)))
                bookings.append(
                    {
                        "booking_id": f"b{len(bookings):06d}",
                        "resident_id": person,
                        "event_id": event,
                        "booked_at": booked,
                        "seats": 1,
                        "status": status,
                        "updated_at": starts + timedelta(hours=2),
                    }
                )
    streets = [
        {
            "area_code": f"31010500{i}",
            "name": f"街道{i}",
            "level": "street",
            "lat": 31.2 + i / 100,
            "lon": 121.4,
        }
        for i in range(2)
    ]
    return Dataset(
        {
            "areas": frame("areas", streets),
            "venues": frame(
                "venues",
                [
                    {
                        "venue_id": f"v{i}",
                        "name": f"馆{i}",
                        "area_code": f"31010500{i}",
                        "level": "street",
                        "lat": 31.2 + i / 100,
                        "lon": 121.4,
                    }
                    for i in range(2)
                ],
            ),
            "suppliers": frame(
                "suppliers", [{"supplier_id": f"s{i}", "name": f"团{i}"} for i in range(4)]
            ),
            "products": frame("products", products),
            "events": frame("events", events),
            "residents": frame(
                "residents",
                [
                    {
                        "resident_id": person,
                        "area_code": f"31010500{i % 2}",
                        "age_band": "35-59",
                        "sex": "f",
                        "joined_at": DAY_ONE,
                        "personalised": True,
                        "guardian_consent": False,
                    }
                    for i, person in enumerate(people)
                ],
            ),
            "bookings": frame("bookings", bookings),
        }
    )


@pytest.fixture(scope="session")
def district():
    return planted_district()


@pytest.fixture(scope="session")
def make_district():
    return planted_district
