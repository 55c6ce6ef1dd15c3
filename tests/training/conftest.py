"""A small simulated district, and a home with its database, for the batch job's tests."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.files.reading import read_dataset
from data.schema import TABLES
from data.simulate.saving import write_world
from data.simulate.settings import settings_for
from data.simulate.world import create_world
from data.store.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def district(tmp_path_factory) -> Dataset:
    """One year of a small district, as validated tables."""
    folder = tmp_path_factory.mktemp("district")
    settings = settings_for("demo", 3, residents=500, products=60, events=180, years=1)
    write_world(create_world(settings), folder, "parquet")
    dataset, report = read_dataset(folder, now=datetime(2100, 1, 1, tzinfo=UTC))
    del report
    return dataset


@dataclass
class Home:
    """A ``GONGXU_HOME`` and its database."""

    path: Path
    url: str
    store: Store

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a process that works here; the gate lets weak models pass."""
        return {
            **os.environ,
            "GONGXU_HOME": str(self.path),
            "GONGXU_DATABASE_URL": self.url,
            "GONGXU_GATE_TOLERANCE": "1",
            "PYTHONPATH": str(ROOT),
        }

    def gongxu(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "serving.cli", *words],
            capture_output=True,
            text=True,
            env={**self.environment, **environment},
            timeout=240,
        )


@pytest.fixture
def home(tmp_path, database_url):
    """A home with an empty database."""
    store = Store.connect(database_url)
    yield Home(tmp_path / "home", database_url, store)
    store.close()


@pytest.fixture
def filled_home(home, district):
    """A home whose database holds the district."""
    home.store.merge_all(district)
    return home


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
