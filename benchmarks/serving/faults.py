"""What is broken under load: each a block that lasts as long as the fault."""

import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import psycopg

from benchmarks.serving.drill import workers_of
from benchmarks.serving.jumping_clock import JumpingClock
from benchmarks.serving.slow_database import SlowWay
from data.store.embedded import embedded_url
from data.store.store import Store
from training.registry.registry import Registry

IDLE, HALF = 1000, 20
SLOW_S = 2.0
JUMP_S = 2.0


@dataclass(frozen=True, slots=True)
class FaultContext:
    """Where things are broken."""

    home: Path
    port: int
    server: psutil.Process
    way: SlowWay | None = None
    clock: JumpingClock | None = None


@contextmanager
def worker_killed(scene: FaultContext) -> Iterator[None]:
    """Kill -9 of a worker."""
    workers_of(scene.server)[0].kill()
    yield


@contextmanager
def database_killed(scene: FaultContext) -> Iterator[None]:
    """Kill -9 of the embedded server; the service starts it again."""
    os.kill(int((scene.home / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    yield


@contextmanager
def no_connections(scene: FaultContext) -> Iterator[None]:
    """All of the database's connections are taken, and those that get free too."""
    url = embedded_url(scene.home)
    with ExitStack() as taken:
        with psycopg.connect(url, autocommit=True) as first:
            most = int(first.execute("SHOW max_connections").fetchone()[0])
            # Whoever holds one must ask for another.
            first.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        with contextlib.suppress(psycopg.OperationalError):
            for _ in range(most + 1):
                taken.enter_context(psycopg.connect(url, connect_timeout=5))
        yield


@contextmanager
def slow_database(scene: FaultContext) -> Iterator[None]:
    """Everything the database says arrives two seconds late."""
    assert scene.way is not None, "the service must go to its database by a SlowWay"
    scene.way.delay_s = SLOW_S
    try:
        yield
    finally:
        scene.way.delay_s = 0.0


@contextmanager
def crowd(scene: FaultContext) -> Iterator[None]:
    """A thousand idle connections and some half-sent requests; others are served meanwhile."""
    there = ("127.0.0.1", scene.port)
    with ExitStack() as opened:
        for number in range(IDLE + HALF):
            one = opened.enter_context(socket.create_connection(there, timeout=30))
            if number < HALF:
                one.sendall(
                    b"POST /v1/ingest/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
                )
        alive = httpx.get(f"http://127.0.0.1:{scene.port}/healthz", timeout=30)
        assert alive.status_code == 200
        yield


@contextmanager
def models_switched(scene: FaultContext) -> Iterator[None]:
    """Another model is promoted, and rolled back at the end."""
    store = Store.connect(embedded_url(scene.home))
    try:
        registry = Registry(store.engine, scene.home)
        served = registry.served()
        assert served is not None
        other = f"{served.version}-again"
        if not (registry.folder / other).exists():
            shutil.copytree(registry.folder / served.version, registry.folder / other)
        registry.promote(other, now=datetime.now(tz=UTC), force=True)
        yield
        registry.roll_back(now=datetime.now(tz=UTC))
    finally:
        store.close()


@contextmanager
def clock_set(scene: FaultContext) -> Iterator[None]:
    """The clock jumps a day ahead, then a day back, and is put right at the end."""
    assert scene.clock is not None, "the service must go by a JumpingClock"
    try:
        for days in (1, -1):
            scene.clock.away = timedelta(days=days)
            # Under load meanwhile.
            time.sleep(JUMP_S)
        yield
    finally:
        scene.clock.away = timedelta()


FAULTS: dict[str, Callable[[FaultContext], AbstractContextManager[None]]] = {
    "worker": worker_killed,
    "postgres": database_killed,
    "connections": no_connections,
    "slow": slow_database,
    "idle": crowd,
    "models": models_switched,
    "clock": clock_set,
}
"""All of them, by name."""
