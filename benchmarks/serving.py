"""`make bench-serving`: the service under load of wrk, fuzzed, broken and asked to forget.

The preset is `demo`; GONGXU_BENCH_PRESET=district measures at 700,000 residents (an hour, 24 GB).
"""

import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psutil
import sqlalchemy as sa

from benchmarks.report import Bar, report
from benchmarks.serving_drill import ROOT, drill, serving
from data.embedded import embedded_url
from data.store import Store
from serving.auth.local_issuer import issue_token
from serving.auth.roles import Role

SEED = 7
RESIDENTS = 2_000
CONNECTIONS = 16
SECONDS = 10
BODIES = int(os.environ.get("GONGXU_BENCH_BODIES", "20000"))

NOOP = """
from fastapi import FastAPI
app = FastAPI()


@app.get("/")
async def noop():
    return {}
"""


def main() -> None:
    """Run everything and print the bars."""
    if shutil.which("wrk") is None:
        print("skipped: wrk is not installed (apt-get install wrk)")
        return
    preset = os.environ.get("GONGXU_BENCH_PRESET", "demo")
    with tempfile.TemporaryDirectory(prefix="gongxu-bench-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        world = prepare(home, Path(folder) / "tables", preset)
        details: dict[str, Any] = {"preset": preset, "load_at_start": os.getloadavg()}
        bars = [
            *speed(home, world, details),
            *fuzzed(home, world, details),
            *broken(home, world, details),
            *forgotten(home, world, details),
        ]
    report("serving", bars, seeds=[SEED], details=details)


def prepare(home: Path, tables: Path, preset: str) -> dict[str, Any]:
    """A simulated district in a database of its own, with a served model and an API key."""

    def gongxu(*words: str, allowed: tuple[int, ...] = (0,)) -> str:
        print("$ gongxu", " ".join(words[:3]), flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "serving.cli", *words],
            cwd=ROOT,
            env={**os.environ, "GONGXU_HOME": str(home), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        if done.returncode not in allowed:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout

    gongxu("simulate", "--preset", preset, "--seed", str(SEED), "--out", str(tables))
    gongxu("init")
    gongxu("import", str(tables))
    gongxu("retrain", allowed=(0, 4))
    version = sorted((home / "models").iterdir())[-1].name
    gongxu("models", "promote", version, "--force")
    key = gongxu("keys", "add", "bench", "--scope", "suggestions", "--scope", "ingest").strip()
    booked = pd.read_csv(tables / "bookings.csv", usecols=["booked_at"])["booked_at"].max()
    events = pd.read_csv(tables / "events.csv", usecols=["event_id", "starts_at"])
    now = datetime.fromisoformat(booked)
    ahead = events[pd.to_datetime(events["starts_at"], utc=True) > now + timedelta(days=2)]
    residents = pd.read_csv(tables / "residents.csv", usecols=["resident_id"])["resident_id"]
    return {
        "key": key,
        "clock": now.isoformat(),
        "residents": residents.sample(RESIDENTS, random_state=SEED).tolist(),
        "events": ahead["event_id"].tolist(),
        "everybody": len(residents),
    }


def speed(home: Path, world: dict[str, Any], details: dict[str, Any]) -> list[Bar]:
    """Requests a second, tail latency, memory of a further worker."""
    script = home / "lists.lua"
    memory = {}
    with empty_route() as (noop, _), served(home, world, workers=1) as (port, server):
        url = f"http://127.0.0.1:{port}"
        script.write_text(lua(world), encoding="utf-8")
        warmed = time.monotonic()
        warm(url, world)
        details["seconds_to_make_2000_lists"] = round(time.monotonic() - warmed, 2)
        runs: dict[str, list[dict[str, float]]] = {"lists": [], "noop": []}
        # By turns, so that whatever else the machine does falls on both alike.
        for _ in range(3):
            runs["lists"].append(wrk(url, SECONDS, script))
            runs["noop"].append(wrk(f"http://127.0.0.1:{noop}/", SECONDS))
        best = {name: max(run["rps"] for run in each) for name, each in runs.items()}
        half = best["lists"] / 2
        script.write_text(lua(world, CONNECTIONS / half), encoding="utf-8")
        paced = home / "noop.lua"
        paced.write_text(pace(CONNECTIONS / half), encoding="utf-8")
        calm = {
            "lists": [wrk(url, SECONDS, script) for _ in range(3)],
            "noop": [wrk(f"http://127.0.0.1:{noop}/", SECONDS, paced) for _ in range(3)],
        }
        details["full_load"], details["half_load"] = runs, calm
        memory[1] = held(server)
    with served(home, world, workers=3) as (port, server):
        warm(f"http://127.0.0.1:{port}", world, rounds=3)
        memory[3] = held(server)
    details["memory_mb_by_workers"] = memory
    p99 = {name: min(run["p99_ms"] for run in each) for name, each in calm.items()}
    return [
        Bar("5.1", "rps_ratio_to_noop", best["lists"] / best["noop"]),
        Bar("5.1", "p99_ratio_to_noop", p99["lists"] / p99["noop"]),
        Bar("5.1", "memory_per_worker_mb", (memory[3] - memory[1]) / 2),
    ]


def fuzzed(home: Path, world: dict[str, Any], details: dict[str, Any]) -> list[Bar]:
    """Bodies of rubbish to ingest, and schemathesis on every route."""
    with served(home, world, workers=1) as (port, _):
        url = f"http://127.0.0.1:{port}"
        statuses: dict[int, int] = {}
        with (
            httpx.Client(base_url=url, headers={"X-API-Key": world["key"]}, timeout=30) as client,
            ThreadPoolExecutor(3) as pool,
        ):
            rng = random.Random(SEED)
            bodies = (rubbish(rng, world) for _ in range(BODIES))

            def send(body: bytes) -> int:
                while True:
                    answer = client.post("/v1/ingest/bookings", content=body)
                    if answer.status_code != 503 or "retry-after" not in answer.headers:
                        return answer.status_code
                    time.sleep(0.01)

            for status in pool.map(send, bodies):
                statuses[status] = statuses.get(status, 0) + 1
            alive = client.get("/healthz").status_code == 200
        details["fuzzed_bodies"] = {"sent": BODIES, "statuses": statuses, "alive": alive}
        details["schemathesis"] = found = schemathesis(url, home)
    failed = sum(n for status, n in statuses.items() if status >= 500) + (not alive)
    return [Bar("5.2", "fuzz_5xx", failed + found["failures"])]


def schemathesis(url: str, home: Path) -> dict[str, Any]:
    """Every documented route, asked by an operator's token; failures are 5xx or undocumented."""
    failures, told = 0, {}
    for role in (Role.OPERATOR, Role.DISTRICT):
        token = issue_token(
            home,
            "fuzz",
            role=role,
            issuer=url,
            audience="gongxu",
            now=datetime.now().astimezone(),
        )
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{url}/openapi.json",
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance",
            "--max-examples",
            "25",
            "--max-time",
            "60",
            "--seed",
            str(SEED),
            "--exclude-path",
            "/readyz",
            "-H",
            f"Authorization: Bearer {token}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=home)
        said = done.stdout[-1500:]
        counted = re.search(r"(\d+) unique failures?|❌ (\d+)|(\d+) failed", done.stdout)
        number = int(next(filter(None, counted.groups()))) if counted else int(done.returncode > 0)
        failures += number
        told[role.value] = {"exit": done.returncode, "failures": number, "end": said}
    return {"failures": failures, **told}


def broken(home: Path, world: dict[str, Any], details: dict[str, Any]) -> list[Bar]:
    """Workers and database killed, connections hogged, under load."""
    with served(home, world, workers=2) as (port, server):
        outcome = drill(
            home,
            port,
            server,
            world["key"],
            world["residents"][:40],
            world["events"],
            booked_at=datetime.fromisoformat(world["clock"]) - timedelta(hours=1),
            faults=("worker", "idle", "postgres", "worker"),
            calm_s=4.0,
        )
    details["drill"] = {
        "acknowledged": len(outcome.acknowledged),
        "refused": outcome.refused,
        "lists": outcome.lists,
        "degraded": outcome.degraded,
    }
    return [
        Bar("5.3", "lost_acknowledged", outcome.lost),
        Bar("5.3", "wrong_answers", outcome.wrong),
    ]


def forgotten(home: Path, world: dict[str, Any], details: dict[str, Any]) -> list[Bar]:
    """Residents erased, then looked for in answers, tables, files of the home and a new bundle."""
    doomed = world["residents"][100:120]
    traces: list[str] = []
    with served(home, world, workers=1) as (port, _):
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=60) as client:
            for resident in doomed:
                signed = issue_token(
                    home,
                    resident,
                    role=Role.RESIDENT,
                    issuer=url,
                    audience="gongxu",
                    now=datetime.now().astimezone(),
                )
                own = {"Authorization": f"Bearer {signed}"}
                path = f"/v1/residents/{resident}"
                wishes = {"personalised": True, "mutes": [{"kind": "tag", "target": "x"}]}
                client.get(f"{path}/suggestions?surface=bench", headers=own)
                client.put(f"{path}/preferences", json=wishes, headers=own)
                calendar = client.post(f"{path}/calendar-token", headers=own).json()["path"]
                assert client.delete(path, headers=own).status_code == 204
                traces += [
                    f"{resident}: {name}"
                    for name in ("suggestions", "preferences", "export")
                    if client.get(f"{path}/{name}", headers=own).status_code != 404
                ]
                if client.get(calendar).status_code != 401:
                    traces.append(f"{resident}: calendar")
    environment = {**os.environ, "GONGXU_HOME": str(home), "PYTHONPATH": str(ROOT)}
    before = {path.name for path in (home / "models").iterdir()}
    subprocess.run(
        [sys.executable, "-m", "serving.cli", "retrain"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
    )
    new = [path for path in (home / "models").iterdir() if path.name not in before]
    details["erased"] = {"residents": len(doomed), "new_bundles": len(new)}
    store = Store.connect(embedded_url(home))
    try:
        with store.engine.connect() as connection:
            tables = connection.execute(
                sa.text(
                    "SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables "
                    "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
                )
            ).scalars()
            for table in tables.all():
                query = sa.text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE ANY(:names)")
                names = [f"%{resident}%" for resident in doomed]
                if connection.execute(query, {"names": names}).scalar_one():
                    traces.append(table)
    finally:
        store.close()
    for path in [*(p for b in new for p in b.rglob("*")), home / "serve.log"]:
        if path.is_file():
            content = path.read_bytes()
            wanted = [
                r for r in doomed if r.encode() in content or r.encode("utf-32-le") in content
            ]
            traces += [f"{path.name}: {resident}" for resident in wanted]
    details["traces"] = traces
    return [Bar("5.4", "traces_of_erased", len(traces))]


@contextmanager
def served(home: Path, world: dict[str, Any], *, workers: int) -> Iterator[tuple[int, Any]]:
    """The service on a free port, with its clock at the end of the data."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    with serving(home, port, workers, demo_clock=world["clock"], local_issuer=issuer) as server:
        yield port, server


@contextmanager
def empty_route() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
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
            yield port, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def warm(url: str, world: dict[str, Any], rounds: int = 1) -> None:
    """Ask for everybody's list once."""
    with httpx.Client(base_url=url, headers={"X-API-Key": world["key"]}, timeout=60) as client:
        for resident in world["residents"] * rounds:
            answer = client.get(f"/v1/residents/{resident}/suggestions?n=10")
            assert answer.status_code == 200, answer.text


def lua(world: dict[str, Any], delay_s: float | None = None) -> str:
    """A wrk script that asks for the list of a resident drawn anew every time."""
    names = ",".join(f'"{resident}"' for resident in world["residents"])
    return (
        f"local names = {{{names}}}\n"
        f'local headers = {{["X-API-Key"] = "{world["key"]}"}}\n'
        "request = function()\n"
        '  local path = "/v1/residents/" .. names[math.random(#names)] .. "/suggestions?n=10"\n'
        '  return wrk.format("GET", path, headers)\n'
        "end\n"
    ) + (pace(delay_s) if delay_s else "")


def pace(delay_s: float) -> str:
    """A wrk script's pause between two requests of one connection, exponential in length."""
    return f"delay = function() return -{1000 * delay_s:.3f} * math.log(1 - math.random()) end\n"


def wrk(url: str, seconds: int, script: Path | None = None) -> dict[str, float]:
    """One run: requests a second and latencies."""
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
    """Memory of a process and its children in MB, shared pages counted once."""
    family = [server, *server.children(recursive=True)]
    ours = [p for p in family if "python" in p.name()]
    return sum(p.memory_full_info().pss for p in ours) / 1e6


def rubbish(rng: random.Random, world: dict[str, Any]) -> bytes:
    """A body for ingest: right, nearly right, or nothing like it."""
    if rng.random() < 0.1:
        return secrets.token_bytes(rng.randrange(200))
    values: list[Any] = [
        None,
        True,
        -1,
        10**30,
        1e308,
        "",
        "\x00",
        "'; DROP TABLE bookings; --",
        "13800138000",
        "2026-13-01",
        "2026-09-01T00:00:00+08:00",
        "booked",
        [],
        {"a": [1]},
        "长" * 300,
        rng.choice(world["residents"]),
        rng.choice(world["events"]),
        "".join(rng.choices(string.printable, k=20)),
    ]
    names = ["booking_id", "resident_id", "event_id", "booked_at", "seats", "status", "updated_at"]
    rows: list[Any] = [
        {
            name if rng.random() < 0.98 else "face": rng.choice(values)
            for name in rng.sample(names, rng.randrange(8))
        }
        for _ in range(rng.randrange(4))
    ]
    rows += [rng.choice([1, None, "x", []])] if rng.random() < 0.2 else []
    body = json.dumps({"rows": rows} if rng.random() < 0.95 else rows).encode()
    return body if rng.random() < 0.95 else body[: rng.randrange(len(body) + 1)]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    main()
