"""Faults under load, one a test: what was acknowledged is there, and nothing wrong is said."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from benchmarks.serving.drill import Outcome, drill, free_port, serving
from benchmarks.serving.slow_database import SlowWay
from data.store.embedded import embedded_url, release
from data.store.store import Store
from serving.auth.keys import add_key
from serving.auth.roles import Role

pytestmark = pytest.mark.slow

RESIDENTS = [f"r{n}" for n in range(30)]
EVENTS = [f"u{n}" for n in range(9)]


@pytest.fixture
def key_of(fill_home):
    """Fills a home anew and makes a key that may read and write."""

    def fill(home: Path) -> str:
        fill_home(home)
        store = Store.connect(embedded_url(home))
        try:
            made = add_key(
                store.engine,
                "drill",
                role=Role.SERVICE,
                scopes=["ingest", "suggestions"],
                now=datetime.now(tz=UTC),
            )
        finally:
            store.close()
        return made.secret

    return fill


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home apart, since its servers are broken."""
    with tempfile.TemporaryDirectory(prefix="gongxu-faults-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"
        release(Path(folder) / "home")


def is_well(outcome: Outcome) -> None:
    assert outcome.lost == 0
    assert outcome.wrong == 0
    assert outcome.acknowledged
    assert outcome.lists


@pytest.mark.parametrize("fault", ["worker", "postgres", "connections", "idle", "models"])
def test_a_fault_under_load(home: Path, key_of, fault: str) -> None:
    key, port = key_of(home), free_port()
    with serving(home, port, workers=2) as server:
        at = datetime.now(tz=UTC) - timedelta(minutes=5)
        outcome = drill(
            home, port, server, key, RESIDENTS, EVENTS, booked_at=at, faults=[fault], calm_s=1.5
        )
    is_well(outcome)


def test_a_slow_database_makes_no_list_wait(home: Path, key_of) -> None:
    key, port = key_of(home), free_port()
    with (
        SlowWay(embedded_url(home)).open() as way,
        serving(home, port, workers=1, database_url=way.url) as server,
    ):
        at = datetime.now(tz=UTC) - timedelta(minutes=5)
        outcome = drill(
            home,
            port,
            server,
            key,
            RESIDENTS,
            EVENTS,
            booked_at=at,
            faults=["slow"],
            calm_s=5.0,
            way=way,
        )
    is_well(outcome)


def test_a_full_disk_for_the_log_stops_nothing(home: Path, key_of) -> None:
    key, port = key_of(home), free_port()
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full, a file on a disk that is always full")
    with serving(home, port, workers=2, log=full, log_requests="true") as server:
        assert httpx.get(f"http://127.0.0.1:{port}/nowhere").status_code == 404
        at = datetime.now(tz=UTC) - timedelta(minutes=5)
        outcome = drill(
            home, port, server, key, RESIDENTS, EVENTS, booked_at=at, faults=["worker"], calm_s=1.5
        )
    is_well(outcome)
