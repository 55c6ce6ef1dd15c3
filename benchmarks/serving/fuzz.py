"""Rubbish: twenty thousand bodies to ingest, and schemathesis on every documented route."""

import json
import os
import random
import secrets
import string
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import Bar
from benchmarks.serving.world import SEED, Backtest, served
from serving.auth.roles import Role

BODIES = int(os.environ.get("GONGXU_BENCH_BODIES", "20000"))
SECONDS = 25
"""For each kind of caller."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def fuzzed(trial: Backtest, details: dict[str, Any]) -> list[Bar]:
    """Bodies of rubbish to ingest, and schemathesis on every route."""
    headers = {"X-API-Key": trial.key}
    statuses: dict[int, int] = {}
    with (
        served(trial, workers=1) as (url, _),
        httpx.Client(base_url=url, headers=headers, timeout=30) as client,
    ):
        rng = random.Random(SEED)
        bodies = (rubbish(rng, trial) for _ in range(BODIES))

        def send(body: bytes) -> int:
            while True:
                answer = client.post("/v1/ingest/bookings", content=body)
                if answer.status_code != 503 or "retry-after" not in answer.headers:
                    return answer.status_code
                time.sleep(0.01)

        with ThreadPoolExecutor(3) as pool:
            for number, status in enumerate(pool.map(send, bodies), start=1):
                statuses[status] = statuses.get(status, 0) + 1
                if number % 2_000 == 0:
                    print(f"  {number:,} bodies: {statuses}", flush=True)
        alive = client.get("/healthz").status_code == 200
        judged = misjudged(client, trial)
        details["fuzzed_bodies"] = {"sent": BODIES, "statuses": statuses, "alive": alive}
        details["good_among_bad"] = judged
        details["schemathesis"] = found = schemathesis(url, trial)
    failed = sum(n for status, n in statuses.items() if status >= 500)
    return [Bar("5.2", "fuzz_5xx", failed + (not alive) + judged["wrong"] + found["failures"])]


def misjudged(client: httpx.Client, trial: Backtest) -> dict[str, int]:
    """Good rows among bad ones: every good one must go in, every bad one be named."""
    at = (trial.now - timedelta(minutes=1)).isoformat()
    rows = []
    for number, resident in enumerate(trial.residents[:100]):
        row = {"booking_id": f"good-{number}", "resident_id": resident, "booked_at": at}
        row |= {"event_id": trial.events[number % len(trial.events)], "status": "booked"}
        rows += [row, {**row, "booking_id": f"bad-{number}", "event_id": "nowhere"}]
    answer = client.post("/v1/ingest/bookings", json={"rows": rows}).json()
    verdicts = [row["verdict"] for row in answer["rows"]]
    wrong = sum(verdict == "bad" for verdict in verdicts[::2])
    wrong += sum(verdict != "bad" for verdict in verdicts[1::2])
    wrong += sum(not row["reason"] for row in answer["rows"] if row["verdict"] == "bad")
    return {"good": answer["new"], "bad": answer["bad"], "wrong": wrong}


def schemathesis(url: str, trial: Backtest) -> dict[str, Any]:
    """Every documented route, asked by callers of every kind.

    A failure is an answer of 5xx, or one whose status, media type, headers or body the OpenAPI
    document does not name. Requests without any answer are failures too: the service hung up.
    """
    resident = trial.residents[60]
    settings = trial.home / "schemathesis.toml"
    # Names that exist, so that more is asked than who is there; erasing is measured elsewhere, and
    # a workbook of decisions cannot be made from a schema: damaged ones are tests of their own.
    settings.write_text(
        f'[parameters]\nresident_id = "{resident}"\nevent_id = "{trial.events[0]}"\n'
        f'area_or_venue = "{trial.street}"\ncode = "{trial.street}"\n'
        '[[operations]]\ninclude-name = "DELETE /v1/residents/{resident_id}"\nenabled = false\n'
        '[[operations]]\ninclude-name = "POST /v1/plans/{plan_id}/decisions"\nenabled = false\n',
        encoding="utf-8",
    )
    callers = {
        "service": {"X-API-Key": trial.key},
        "resident": trial.token(url, resident, Role.RESIDENT),
        "district": trial.token(url, "fuzz", Role.DISTRICT),
        "operator": trial.token(url, "fuzz", Role.OPERATOR),
    }
    failures, told = 0, {}
    for number, (name, headers) in enumerate(callers.items()):
        found = asked(url, headers, settings, SEED + number)
        failures += len(found["failures"]) + len(found["errors"])
        told[name] = found
    return {"failures": failures, **told}


def asked(url: str, headers: dict[str, str], settings: Path, seed: int) -> dict[str, Any]:
    """One run of schemathesis: how many requests, and what failed."""
    told = settings.with_name("schemathesis.json")
    told.unlink(missing_ok=True)
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings)]
    command += ["run", f"{url}/openapi.json", "--seed", str(seed)]
    command += ["--checks", ",".join(CHECKS), "--max-examples", "25", "--max-time", str(SECONDS)]
    # A plan, or a list of another moment, is a process's work: many seconds on a slow machine.
    command += ["--request-timeout", "300", "--exclude-path", "/readyz"]
    command += ["--report", "json", "--report-json-path", str(told)]
    for header, value in headers.items():
        command += ["-H", f"{header}: {value}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=settings.parent)
    if not told.exists():
        return {
            "requests": 0,
            "failures": [],
            "errors": [done.stdout[-1500:] + done.stderr[-1500:]],
        }
    report = json.loads(told.read_text(encoding="utf-8"))
    found = [f"{each['title']}: {each['operations']}" for each in report["failures"]]
    errors = [str(each) for each in report["errors"]]
    if found or errors:
        print(done.stdout[-4000:], flush=True)
    return {"requests": report["test_cases"]["generated"], "failures": found, "errors": errors}


def rubbish(rng: random.Random, trial: Backtest) -> bytes:
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
        rng.choice(trial.residents),
        rng.choice(trial.events),
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
