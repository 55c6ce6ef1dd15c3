"""A real database and the application in front of it."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from data.embedded import embedded_url, release
from data.store import Store
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.local_issuer import issue_token
from serving.auth.roles import Role
from serving.settings import Settings

ISSUER = "http://issuer.test"


@pytest.fixture(scope="session")
def api_home() -> Iterator[Path]:
    """A GONGXU_HOME with a running, migrated, empty database."""
    # Not below pytest's folder: that closes to others whenever another run of pytest starts.
    with tempfile.TemporaryDirectory(prefix="gongxu-api-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        store = Store.connect(embedded_url(home))
        store.migrate()
        store.close()
        yield home
        release(home)


@pytest.fixture
def service(api_home: Path) -> Iterator[Service]:
    made = Service(Settings(home=api_home), ServiceSettings(local_issuer=ISSUER, rate_per_minute=0))
    yield made
    made.close()


@contextmanager
def run_server(app: FastAPI, *, port: int = 0) -> Iterator[httpx.Client]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="critical", server_header=False
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
