"""Load by wrk: lists against an empty route, and the memory of a further worker."""

import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.report import Bar
from benchmarks.serving.drill import free_port, workers_of
from benchmarks.serving.world import Backtest, served

CONNECTIONS = 16
FULL, QUICK = (3, 6), (2, 4)
"""Rounds, and the seconds of each."""

NOOP = """
from fastapi import FastAPI
app = FastAPI()


@app.get("/")
async def noop():
    return {}
"""


def speed(
    trial: Backtest, details: dict[str, Any], rounds_seconds: tuple[int, int] = FULL
) -> list[Bar]:
    """Requests a second, tail latency, memory of a further worker.

    Parameters
    ----------
    trial
        The world that is served.
    details
        Every single measurement is added.
    rounds_seconds
        Rounds, and the seconds of each.

    Returns
    -------
    The bars of point 6.4.
    """
    rounds, seconds = rounds_seconds
    script, paced = trial.home / "lists.lua", trial.home / "noop.lua"
    with empty_route() as noop, served(trial, workers=1) as (url, server):
        script.write_text(lua(trial), encoding="utf-8")
        warmed = time.monotonic()
        warm(url, trial)
        details["seconds_to_make_lists"] = round(time.monotonic() - warmed, 2)
        runs: dict[str, list[dict[str, float]]] = {"lists": [], "noop": []}
        # By turns, so that whatever else the machine does falls on both alike.
        for _ in range(rounds):
            runs["lists"].append(wrk(url, seconds, script))
            runs["noop"].append(wrk(noop, seconds))
        best = {name: max(run["rps"] for run in each) for name, each in runs.items()}
        pause = CONNECTIONS / (best["lists"] / 2)
        script.write_text(lua(trial, pause), encoding="utf-8")
        paced.write_text(pace(pause), encoding="utf-8")
        calm: dict[str, list[dict[str, float]]] = {"lists": [], "noop": []}
        for _ in range(rounds):
            calm["lists"].append(wrk(url, seconds, script))
            calm["noop"].append(wrk(noop, seconds, paced))
        details["full_load"], details["half_load"] = runs, calm
        memory = {1: held(server)}
        for number in (2, 3):  # a signal that comes while the last one waits is lost
            server.send_signal(signal.SIGTTIN)
            wait_for_workers(server, number)
        warm(url, trial, rounds=3)
        memory[3] = held(server)
    details["memory_mb_by_workers"] = memory
    p99 = {name: min(run["p99_ms"] for run in each) for name, each in calm.items()}
    return [
        Bar("6.4", "rps_ratio_to_noop", best["lists"] / best["noop"]),
        Bar("6.4", "p99_ratio_to_noop", p99["lists"] / p99["noop"]),
        Bar("6.4", "memory_per_worker_mb", (memory[3] - memory[1]) / 2),
    ]


def wait_for_workers(server: psutil.Process, number: int) -> None:
    """Wait until so many workers have taken up the arrays.

    Raises
    ------
    RuntimeError
        If that takes over two minutes.
    """
    for _ in range(600):
        mapped = [
            worker
            for worker in workers_of(server)
            if any(m.path.endswith(".npy") for m in worker.memory_maps())
        ]
        if len(mapped) == number:
            return
        time.sleep(0.2)
    raise RuntimeError(f"there are not {number} workers")


@contextmanager
def empty_route() -> Iterator[str]:
    """A FastAPI application with one route that does nothing, under the same uvicorn options."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "noop_app.py").write_text(NOOP, encoding="utf-8")
        run = (
            f"import uvicorn; uvicorn.run('noop_app:app', port={port}, access_log=False, "
            "server_header=False, log_level='warning', timeout_keep_alive=15, "
            "limit_concurrency=2000)"
        )
        process = subprocess.Popen([sys.executable, "-c", run], cwd=folder)
        try:
            for _ in range(200):
                try:
                    httpx.get(f"http://127.0.0.1:{port}/")
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def warm(url: str, trial: Backtest, rounds: int = 1) -> None:
    """Query for everybody's list once."""
    with httpx.Client(base_url=url, headers={"X-API-Key": trial.key}, timeout=60) as client:
        for resident in trial.residents * rounds:
            answer = client.get(f"/v1/residents/{resident}/suggestions?n=10")
            assert answer.status_code == 200, answer.text


def lua(trial: Backtest, delay_s: float | None = None) -> str:
    """A wrk script that asks for the list of a resident drawn anew every time."""
    names = ",".join(f'"{resident}"' for resident in trial.residents)
    return (
        f"local names = {{{names}}}\n"
        f'local headers = {{["X-API-Key"] = "{trial.key}"}}\n'
        "request = function()\n"
        '  local path = "/v1/residents/" .. names[math.random(#names)] .. "/suggestions?n=10"\n'
        '  return wrk.format("GET", path, headers)\n'
        "end\n"
    ) + (pace(delay_s) if delay_s else "")


def pace(delay_s: float) -> str:
    """A wrk script's pause between two requests of one connection, exponential in length."""
    return f"delay = function() return -{1000 * delay_s:.3f} * math.log(1 - math.random()) end\n"


def wrk(url: str, seconds: int, script: Path | None = None) -> dict[str, float]:
    """One run of wrk.

    Parameters
    ----------
    url
        What is asked for.
    seconds
        How long.
    script
        A wrk script in Lua.

    Returns
    -------
    Requests a second (``rps``), median and 99th percentile of latency in milliseconds.
    """
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(script)] if script else []
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    assert bad is None, said
    return {
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        "p50_ms": _ms(said, 50),
        "p99_ms": _ms(said, 99),
    }


def _ms(said: str, percent: int) -> float:
    number, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def held(server: psutil.Process) -> float:
    """Memory of the workers and their fork server in MB, shared pages counted once."""
    workers = workers_of(server)
    processes = [*workers, *{worker.parent() for worker in workers}]
    return sum(process.memory_full_info().pss for process in processes if process) / 1e6
