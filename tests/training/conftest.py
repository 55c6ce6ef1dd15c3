"""A small simulated district, and a home with its database, for the batch job's tests."""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.dataset import Dataset
from data.files.reading import read_dataset
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
