"""Faults under load: nothing acknowledged may be lost, nothing wrong said."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psutil

from benchmarks.serving.jumping_clock import JumpingClock
from benchmarks.serving.slow_database import SlowWay

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port that nobody listens at.

    Below those that the system gives to outgoing connections, one of which may take the port
    before the server does.

    Raises
    ------
    RuntimeError
        If none of fifty is free.
    """
    for port in secrets.SystemRandom().sample(range(20_000, 32_000), 50):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


@contextmanager
def serving(
    home: Path, port: int, workers: int = 1, *, log: Path | None = None, **settings: str
) -> Iterator[psutil.Process]:
    """`gongxu serve` as a process of its own, ready; its log in ``home/serve.log``, or ``log``."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "",  # as on a machine where nobody set it
        "GONGXU_HOME": str(home),
        "GONGXU_RATE_PER_MINUTE": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **{f"GONGXU_{name.upper()}": value for name, value in settings.items()},
    }
    command = ["serve", "--port", str(port), "--workers", str(workers)]
    with (log or home / "serve.log").open("ab", buffering=0) as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.cli", *command],
            cwd=ROOT,
            env=environment,
            stdout=errors,
            stderr=errors,
        )
    try:
        wait_ready(port, process)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()


def workers_of(server: psutil.Process) -> list[psutil.Process]:
    """The workers of a service, which its fork server starts."""
    return [
        worker
        for child in server.children()
        if child.status() != psutil.STATUS_ZOMBIE and "forkserver" in " ".join(child.cmdline())
        for worker in child.children()
    ]


IN_A_ROW = 12
"""Answers of "ready" on new connections after which no worker is left that is not."""


def wait_ready(port: int, process: subprocess.Popen[bytes] | None = None, limit: int = 300) -> None:
    """Wait until the service is ready: all its workers, of which any may take a connection.

    Raises
    ------
    RuntimeError
        If it ends, or takes too long.
    """
    until, in_a_row = time.monotonic() + limit, 0
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError("the service ended")
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
            in_a_row = in_a_row + 1 if answer.status_code == 200 else 0
        except httpx.HTTPError:
            in_a_row = 0
        if in_a_row == IN_A_ROW:
            return
        time.sleep(0.0 if in_a_row else 0.2)
    raise RuntimeError("the service does not become ready")


@dataclass
class Outcome:
    """What a drill found.

    Attributes
    ----------
    acknowledged
        Bookings by identifier that the service said it took: resident and event.
    refused
        Requests answered by 5xx or cut off; they may be sent again.
    lists
        Lists that were answered.
    degraded
        Those of them that said the database was away.
    wrong
        Lists that held an event the resident had already booked, acknowledged before.
    lost
        Acknowledged bookings that are not there afterwards.
    """

    acknowledged: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: int = 0
    lists: int = 0
    degraded: int = 0
    wrong: int = 0
    lost: int = -1


def drill(
    home: Path,
    port: int,
    server: psutil.Process,
    key: str,
    residents: Sequence[str],
    events: Sequence[str],
    *,
    booked_at: datetime,
    faults: Sequence[str] = ("worker", "postgres"),
    calm_s: float = 3.0,
    way: SlowWay | None = None,
    clock: JumpingClock | None = None,
    name: str = "drill",
) -> Outcome:
    """Load a running service, break things, let them heal, and count.

    Parameters
    ----------
    home, port, server
        Of the running service.
    key
        An API key that may ingest and read suggestions.
    residents, events
        Who books what: every resident every event once, as far as time allows.
    booked_at
        Time of the bookings.
    faults
        Names of :data:`FAULTS`.
    calm_s
        Time before, between, during and after the faults.
    way
        The service's way to the database, for the fault ``slow``.
    clock
        The service's clock, for the fault ``clock``.
    name
        What the bookings' identifiers begin with.
    """
    from benchmarks.serving.faults import FAULTS, FaultContext

    outcome, stop = Outcome(), threading.Event()
    lock = threading.Lock()
    base, headers = f"http://127.0.0.1:{port}", {"X-API-Key": key}

    def write() -> None:
        with httpx.Client(base_url=base, headers=headers, timeout=15) as client:
            for number, (event, resident) in enumerate(
                (event, resident) for event in events for resident in residents
            ):
                if stop.is_set():
                    return
                booking = f"{name}-{number}"
                at = (booked_at + timedelta(milliseconds=number)).isoformat()
                row = {
                    "booking_id": booking,
                    "resident_id": resident,
                    "event_id": event,
                    "booked_at": at,
                    "seats": 1,
                    "status": "booked",
                    "updated_at": at,
                }
                while not stop.is_set():
                    try:
                        answer = client.post("/v1/ingest/bookings", json={"rows": [row]})
                    except httpx.HTTPError:
                        outcome.refused += 1
                        time.sleep(0.05)
                        continue
                    if answer.status_code == 200 and answer.json()["bad"] == 0:
                        with lock:
                            outcome.acknowledged[booking] = (resident, event)
                        break
                    outcome.refused += 1
                    time.sleep(0.05)

    def read() -> None:
        with httpx.Client(base_url=base, headers=headers, timeout=15) as client:
            turn = 0
            while not stop.is_set():
                resident = residents[turn % len(residents)]
                turn += 1
                with lock:
                    held = {e for r, e in outcome.acknowledged.values() if r == resident}
                try:
                    answer = client.get(f"/v1/residents/{resident}/suggestions?n=50")
                except httpx.HTTPError:
                    outcome.refused += 1
                    time.sleep(0.05)
                    continue
                if answer.status_code != 200:
                    outcome.refused += 1
                    time.sleep(0.05)
                    continue
                body = answer.json()
                shown = {line["event_id"] for line in body["suggestions"]}
                outcome.lists += 1
                outcome.degraded += body["degraded"]
                # A list that says it may lack the latest changes is no wrong answer.
                outcome.wrong += bool(shown & held) and not body["degraded"]

    threads = [threading.Thread(target=work) for work in (write, read)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(calm_s)
        for fault in faults:
            with FAULTS[fault](FaultContext(home, port, server, way, clock)):
                time.sleep(calm_s)
            wait_ready(port, limit=90)
            time.sleep(calm_s)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    outcome.lost = len(set(outcome.acknowledged) - _held(home, name))
    return outcome


def _held(home: Path, name: str) -> set[str]:
    import sqlalchemy as sa

    from data.store.embedded import embedded_url
    from data.store.store import Store

    store = Store.connect(embedded_url(home))
    try:
        with store.engine.connect() as connection:
            found = connection.execute(
                sa.text("SELECT booking_id FROM bookings WHERE booking_id LIKE :names"),
                {"names": f"{name}-%"},
            )
            return set(found.scalars())
    finally:
        store.close()
