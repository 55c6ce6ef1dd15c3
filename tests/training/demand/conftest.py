"""Planted rates in five quarters, for the tests of what holds in time."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES

STREETS = ("310105001", "310105002", "310105003")
QUARTERS = ("2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4")
PEOPLE = 200


def _held_in_quarters(*, last: float = 1.0, seed: int = 3) -> Dataset:
    """Three streets, eight products, a session of each in each street and quarter.

    ``last`` multiplies the planted rates of the last quarter.
    """
    rng = np.random.default_rng(seed)
    n = PEOPLE * len(STREETS)
    home = np.repeat(np.arange(len(STREETS)), PEOPLE)
    events, bookings = [], []
    for quarter, name in enumerate(QUARTERS):
        start = pd.Period(name).start_time.tz_localize("Asia/Shanghai") + pd.Timedelta("20D10h")
        for street in range(len(STREETS)):
            for product in range(8):
                event = f"e{quarter}{street}{product}"
                events.append((event, f"p{product}", f"v{street}", start))
                rate = (0.02 + 0.03 * product) * (last if name == QUARTERS[-1] else 1.0)
                come = np.flatnonzero((home == street) & (rng.random(n) < rate))
                bookings += [(f"r{i}", event, start - pd.Timedelta("5D"), start) for i in come]
    frames = {
        "areas": pd.DataFrame({"area_code": STREETS, "name": STREETS, "level": "street"}),
        "venues": pd.DataFrame(
            {"venue_id": [f"v{s}" for s in range(3)], "name": "v", "area_code": STREETS}
        ),
        "residents": pd.DataFrame(
            {"resident_id": [f"r{i}" for i in range(n)], "area_code": np.array(STREETS)[home]}
        ),
        "products": pd.DataFrame(
            {
                "product_id": [f"p{i}" for i in range(8)],
                "title": [f"product {i}" for i in range(8)],
                "category": "film",
            }
        ),
        "events": pd.DataFrame(
            events, columns=["event_id", "product_id", "venue_id", "starts_at"]
        ).assign(status="done"),
        "bookings": pd.DataFrame(
            bookings, columns=["resident_id", "event_id", "booked_at", "updated_at"]
        ).assign(status="attended", booking_id=lambda rows: [f"b{i}" for i in rows.index]),
    }
    return Dataset({name: canonical(frame, TABLES[name]) for name, frame in frames.items()})


@pytest.fixture(scope="session")
def held_in_quarters() -> Callable[..., Dataset]:
    """Makes three streets' sessions of eight products in five quarters."""
    return _held_in_quarters
