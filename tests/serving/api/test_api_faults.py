"""Real processes: two servers on one database, a graceful stop."""

import json
import os
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from benchmarks.serving.drill import free_port, serving
from data.store.embedded import embedded_url, release
from data.store.store import Store
from serving.auth.keys import add_key
from serving.auth.roles import Role
from training.registry.served import switch

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running_home(fill_home):
    """A home of its own, since its servers get killed."""
    with tempfile.TemporaryDirectory(prefix="gongxu-faults-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        fill_home(home)
        store = Store.connect(embedded_url(home))
        key = add_key(
            store.engine,
            "drill",
            role=Role.SERVICE,
            scopes=["ingest", "suggestions"],
            now=datetime.now(tz=UTC),
        ).secret
        store.close()
        yield home, key
        release(home)


def test_two_servers_on_one_database_are_as_one(running_home) -> None:
    home, key = running_home
    headers = {"X-API-Key": key}
    ports = free_port(), free_port()
    with serving(home, ports[0]), serving(home, ports[1]):
        one, two = (f"http://127.0.0.1:{port}" for port in ports)
        path = "/v1/residents/r29/suggestions?n=9"
        before = httpx.get(two + path, headers=headers).json()["suggestions"]
        event = before[0]["event_id"]
        at = datetime.now(tz=UTC).isoformat()
        row = {"booking_id": "both", "resident_id": "r29", "event_id": event, "booked_at": at}
        row |= {"status": "booked", "updated_at": at}
        sent = {**headers, "Idempotency-Key": "both"}
        first = httpx.post(one + "/v1/ingest/bookings", json={"rows": [row]}, headers=sent)
        again = httpx.post(two + "/v1/ingest/bookings", json={"rows": [row]}, headers=sent)
        assert again.content == first.content
        after = httpx.get(two + path, headers=headers).json()["suggestions"]
        assert event not in [line["event_id"] for line in after]
        store = Store.connect(embedded_url(home))
        switch(store.engine, "m2", now=datetime.now(tz=UTC))
        store.close()
        until = time.monotonic() + 200
        seen: set[str] = set()
        while seen != {"m2"} and time.monotonic() < until:
            seen = {httpx.get(base + "/readyz").json()["model"] for base in (one, two)}
        assert seen == {"m2"}


def test_a_stop_is_graceful_and_the_log_is_json(running_home) -> None:
    home, _ = running_home
    port = free_port()
    with serving(home, port, log_requests="true") as server:
        assert httpx.get(f"http://127.0.0.1:{port}/healthz?x=secret-word").status_code == 200
        os.kill(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
    lines = (home / "serve.log").read_text().splitlines()
    assert all(json.loads(line)["level"] for line in lines if line.startswith("{"))
    assert any('"route": "/healthz"' in line for line in lines)
    assert "secret-word" not in "".join(lines)
