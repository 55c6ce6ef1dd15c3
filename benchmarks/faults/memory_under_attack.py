"""Memory of a worker while anonymous callers do what costs most, beside its memory under lists.

A small district is served by one worker. Its largest resident memory while lists are made for
everybody is the normal one. Then, for some seconds, anonymous callers sign in with wrong passwords,
send bodies of 15 MB and values nested 900 deep, heads of 12 KB, thousands of paths that do not
exist, and hold hundreds of half-sent requests open.
"""

import itertools
import json
import random
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from benchmarks.report import Bar
from benchmarks.serving.drill import workers_of
from benchmarks.serving.world import Backtest, prepare, served
from benchmarks.units import Unit
from data.store.embedded import release

RESIDENTS = 1_000
SECONDS, QUICK_S = 60, 20
CALLERS = 24
HALF_SENT = 300
LARGE = json.dumps({"rows": [{"booking_id": "x" * 200}] * 60_000}).encode()
HALF = b"POST /v1/ingest/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
DEEP = b'{"rows": ' + b"[" * 900 + b"]" * 900 + b"}"


def units(quick: bool) -> list[Unit]:
    """One unit: twenty seconds of hostile load when ``quick``, else sixty."""
    return [Unit("memory_under_attack", "all", measure, (QUICK_S if quick else SECONDS,))]


def bars(values: Sequence[float]) -> list[Bar]:
    """Largest memory under hostile load over the largest under lists."""
    return [Bar("7.3", "memory_ratio_under_attack", max(values))]


def measure(seconds: float) -> float:
    """Measure both.

    Parameters
    ----------
    seconds
        Of hostile load.

    Returns
    -------
    The ratio; infinite if the service does not answer afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="gongxu-bench-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        try:
            trial = prepare(home, "demo", residents=RESIDENTS, some=RESIDENTS)
            with served(trial, workers=1) as (url, server):
                with largest(server) as normal:
                    ask_lists(url, trial)
                with largest(server) as hostile:
                    answers = attack(url, seconds)
                alive = httpx.get(f"{url}/healthz", timeout=30).status_code == 200
        finally:
            release(home)
    ratio = max(hostile) / max(normal)
    print(f"  normal {max(normal):.0f} MB, hostile {max(hostile):.0f} MB; answers {answers}")
    return ratio if alive else float("inf")


@contextmanager
def largest(server: psutil.Process) -> Iterator[list[float]]:
    """Sample the memory of a service's workers, in MB, while the block runs.

    Parameters
    ----------
    server
        The service.

    Yields
    ------
    The samples.
    """
    samples: list[float] = []
    stopping = threading.Event()

    def sample() -> None:
        while not stopping.wait(0.05):
            with suppress(psutil.Error):
                samples.append(sum(w.memory_info().rss for w in workers_of(server)) / 1e6)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        stopping.set()
        thread.join()


def ask_lists(url: str, trial: Backtest) -> None:
    """Everybody's list, by four callers at a time, and good rows sent in.

    Parameters
    ----------
    url, trial
        The service.
    """
    with httpx.Client(base_url=url, headers={"X-API-Key": trial.key}, timeout=60) as client:

        def ask(resident: str) -> int:
            return client.get(f"/v1/residents/{resident}/suggestions?n=10").status_code

        with ThreadPoolExecutor(4) as pool:
            for _ in range(2):
                list(pool.map(ask, trial.residents))
        row = {"resident_id": trial.residents[0], "event_id": trial.events[0], "status": "booked"}
        at = trial.now.isoformat()
        rows = [row | {"booking_id": f"n{n}", "booked_at": at} for n in range(5_000)]
        client.post("/v1/ingest/bookings", json={"rows": rows})


def attack(url: str, seconds: float) -> dict[int, int]:
    """Hostile requests of every kind from many callers.

    Parameters
    ----------
    url
        The service.
    seconds
        How long.

    Returns
    -------
    Answers by status; 0 where the connection was closed.
    """
    until = time.monotonic() + seconds
    statuses: dict[int, int] = {}
    counting = threading.Lock()

    def call(number: int) -> None:
        rng = random.Random(number)
        with httpx.Client(base_url=url, timeout=30) as client:
            for kind in itertools.cycle(range(6)):
                if time.monotonic() > until:
                    return
                try:
                    status = hostile(client, kind, rng)
                except httpx.HTTPError:
                    status = 0
                with counting:
                    statuses[status] = statuses.get(status, 0) + 1

    host, _, port = url.removeprefix("http://").partition(":")
    with ExitStack() as stack, ThreadPoolExecutor(CALLERS) as pool:
        for _ in range(HALF_SENT):
            half = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            half.sendall(
                b"POST /v1/ingest/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
            )
        list(pool.map(call, range(CALLERS)))
    return statuses


def hostile(client: httpx.Client, kind: int, rng: random.Random) -> int:
    """One hostile request.

    Parameters
    ----------
    client
        An anonymous caller.
    kind
        Which of the six.
    rng
        Chooses names.

    Returns
    -------
    The status of the answer.
    """
    name = secrets.token_hex(20)
    match kind:
        case 0:
            body = {"username": name, "password": name * 3}
            return client.post("/v1/sessions", json=body).status_code
        case 1:
            return client.post("/v1/ingest/bookings", content=LARGE).status_code
        case 2:
            return client.post("/v1/ingest/bookings", content=DEEP).status_code
        case 3:
            return client.get("/", headers={"X-Large": name * 300}).status_code
        case 4:
            return client.get(f"/{name}/{'x' * rng.randrange(2_000)}").status_code
        case _:
            return client.get(f"/v1/places/{name}/suggestions?n=50").status_code
