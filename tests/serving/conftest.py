"""A real database and the application in front of it."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from data.dataset import Dataset, canonical
from data.schema import TABLES
from data.store.embedded import embedded_url, release
from data.store.store import Store
from serving.api.app import create_app
from serving.api.http.protocol import BoundedProtocol
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.local_issuer import issue_token
from serving.auth.roles import Role
from serving.settings import Settings
from serving.store_tables import METADATA
from training.demand.fit import fit_demand
from training.registry.bundle import Manifest, save_bundle
from training.registry.served import switch
from training.suggestions.fit import fit_suggestions

ISSUER = "http://issuer.test"


@pytest.fixture(scope="session")
def api_home() -> Iterator[Path]:
    """A GONGXU_HOME with a running, migrated, empty database."""
    # Not below pytest's folder: that closes to others whenever another run of pytest starts.
    with tempfile.TemporaryDirectory(prefix="gongxu-api-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        store = Store.connect(embedded_url(home))
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # A power cut would cost nothing but a test run; waiting for the disk costs most of it.
            connection.execute(sa.text("ALTER SYSTEM SET fsync = off"))
            connection.execute(sa.text("SELECT pg_reload_conf()"))
        store.migrate()
        store.close()
        yield home
        release(home)


@pytest.fixture
def service(api_home: Path) -> Iterator[Service]:
    # A loaded machine must not pass for a database that is late: that has tests of its own.
    options = ServiceSettings(local_issuer=ISSUER, rate_per_minute=0, database_budget_ms=5_000)
    made = Service(Settings(home=api_home), options)
    yield made
    made.close()


@contextmanager
def run_server(app: FastAPI, *, port: int = 0) -> Iterator[httpx.Client]:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        http=BoundedProtocol,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(scope="session")
def running():
    """Serves an application by a real uvicorn; gives a client that speaks to it."""

    def start(app: FastAPI, *, port: int = 0) -> AbstractContextManager[httpx.Client]:
        return run_server(app, port=port)

    return start


@pytest.fixture
def app(service: Service) -> FastAPI:
    return create_app(service=service)


@pytest.fixture
def client(app: FastAPI, running) -> Iterator[httpx.Client]:
    with running(app) as client:
        yield client


def small_world(now: datetime, people: int = 30) -> dict[str, pd.DataFrame]:
    """Two streets of equal size, three tastes, a hundred past events, nine to come (u0 to u8)."""
    hour = timedelta(hours=1)
    areas = [
        {"area_code": "310105", "name": "长宁区", "level": "district"},
        {
            "area_code": "310105001",
            "name": "华阳路街道",
            "level": "street",
            "parent_code": "310105",
            "lat": 31.216,
            "lon": 121.420,
        },
        {
            "area_code": "310105002",
            "name": "江苏路街道",
            "level": "street",
            "parent_code": "310105",
            "lat": 31.222,
            "lon": 121.431,
        },
    ]
    venues = [
        {"venue_id": f"v{k}", "name": f"文化中心{k}", "area_code": f"31010500{k}", "seats": 50}
        | {"lat": 31.216 + k / 1000, "lon": 121.42}
        for k in (1, 2)
    ]
    kinds = ("performance", "lecture", "reading")
    products = [
        {"product_id": f"p{i}", "title": f"{kinds[i % 3]} {i}", "category": kinds[i % 3]}
        | {"tags": f"tag{i % 3}", "supplier_id": f"s{i % 2}", "price_fen": 500_000}
        for i in range(9)
    ]
    events, bookings = [], []
    for i in range(100):
        starts = now - (100 - i) * 20 * hour
        events.append(_event(f"e{i}", i % 9, starts, now - 3000 * hour, "done"))
        for r in range(people):
            if r % 3 == i % 3 and (i + r) % 2:
                at = starts - (24 + r) * hour
                bookings.append(
                    {"booking_id": f"b{i}-{r}", "resident_id": f"r{r}", "event_id": f"e{i}"}
                    | {"booked_at": at, "seats": 1, "status": "attended", "updated_at": starts}
                )
    ahead = [now + (48 + 5 * i) * hour for i in range(9)]
    events += [_event(f"u{i}", i, at, now - 48 * hour, "open") for i, at in enumerate(ahead)]
    residents = [
        {"resident_id": f"r{r}", "area_code": f"31010500{1 + r % 2}", "age_band": "35-59"}
        | {"sex": "f", "personalised": True, "joined_at": now - 4000 * hour}
        for r in range(people)
    ]
    rows = {
        "areas": areas,
        "venues": venues,
        "suppliers": [{"supplier_id": f"s{k}", "name": f"团体{k}"} for k in (0, 1)],
        "products": products,
        "events": events,
        "residents": residents,
        "bookings": bookings,
    }
    return {
        name: canonical(pd.DataFrame(given).convert_dtypes(), TABLES[name])
        for name, given in rows.items()
    }


def _event(
    name: str, product: int, starts: datetime, published: datetime, status: str
) -> dict[str, object]:
    return {
        "event_id": name,
        "product_id": f"p{product}",
        "venue_id": f"v{1 + product % 2}",
        "title": f"第{name}场",
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=2),
        "seats": 40,
        "ticket_fen": 0,
        "published_at": published,
        "status": status,
    }


def put_world(home: Path, url: str | None = None, *, people: int = 30) -> None:
    """Fill the database with the small world and serve a model of it."""
    now = datetime.now(tz=UTC).replace(microsecond=0)
    store = Store.connect(url or embedded_url(home))
    try:
        store.migrate()
        with store.engine.begin() as connection:
            # Other tables are somebody else's; the audit's cannot even be emptied.
            own = [t.name for t in METADATA.sorted_tables if t.name != "api_keys"]
            names = [*TABLES, *own, "served_model", "served_model_log"]
            connection.execute(sa.text(f"TRUNCATE {', '.join(names)}"))
        dataset = Dataset(small_world(now, people))
        store.merge_all(dataset)
        if not (home / "models").exists():
            rng = np.random.default_rng(1)
            parts = {
                "suggestions": fit_suggestions(dataset, as_of=now, rng=rng).to_arrays(),
                "demand": fit_demand(dataset, as_of=now, rng=rng).to_arrays(),
            }
            manifest = Manifest(data_hash="x", created_at=now, as_of=now, seed=1)
            for version in ("m1", "m2"):
                save_bundle(home / "models" / version, parts, manifest)
        switch(store.engine, "m1", now=now)
    finally:
        store.close()


@pytest.fixture
def world(api_home: Path) -> None:
    """The small world, fresh."""
    put_world(api_home)


@pytest.fixture
def token(api_home: Path):
    """Makes authorisation headers with a token of the local issuer."""

    def make(role: Role, subject: str = "r1", *areas: str) -> dict[str, str]:
        signed = issue_token(
            api_home,
            subject,
            role=role,
            areas=areas,
            issuer=ISSUER,
            audience="gongxu",
            now=datetime.now(tz=UTC),
        )
        return {"Authorization": f"Bearer {signed}"}

    return make


@pytest.fixture(scope="module")
def site_service(api_home: Path) -> Iterator[Service]:
    """A service on a fresh small world that the tests of a module share."""
    put_world(api_home)
    made = Service(Settings(home=api_home), ServiceSettings(rate_per_minute=0))
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(site_service: Service) -> Iterator[httpx.Client]:
    """A browser without script on a running server, shared by the tests of a module."""
    with run_server(create_app(service=site_service)) as client:
        client.headers["accept"] = "text/html"
        yield client


@pytest.fixture(scope="session")
def fill_home():
    """Puts the small world into a home."""
    return put_world


@pytest.fixture(scope="session")
def make_world():
    """Makes the tables of the small world before a moment."""
    return small_world
