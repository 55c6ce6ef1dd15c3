"""Rubbish: twenty thousand bodies to ingest, and schemathesis on every documented route."""

import json
import os
import random
import re
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
from benchmarks.serving_world import SEED, Trial, served
from serving.auth.roles import Role

BODIES = int(os.environ.get("GONGXU_BENCH_BODIES", "20000"))


def fuzzed(trial: Trial, details: dict[str, Any]) -> list[Bar]:
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
            for status in pool.map(send, bodies):
                statuses[status] = statuses.get(status, 0) + 1
        alive = client.get("/healthz").status_code == 200
        judged = misjudged(client, trial)
        details["fuzzed_bodies"] = {"sent": BODIES, "statuses": statuses, "alive": alive}
        details["good_among_bad"] = judged
        details["schemathesis"] = found = schemathesis(url, trial)
    failed = sum(n for status, n in statuses.items() if status >= 500)
    return [Bar("5.2", "fuzz_5xx", failed + (not alive) + judged["wrong"] + found["failures"])]


def misjudged(client: httpx.Client, trial: Trial) -> dict[str, int]:
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


def schemathesis(url: str, trial: Trial) -> dict[str, Any]:
    """Every documented route, asked by an operator's token; failures are 5xx or undocumented."""
    failures, told = 0, {}
    for role in (Role.OPERATOR, Role.DISTRICT):
        authorization = trial.token(url, "fuzz", role)["Authorization"]
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{url}/openapi.json",
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance",
            "--max-examples",
            "25",
            "--max-time",
            "40",
            "--seed",
            str(SEED),
            # A plan, or a list of another moment, is a process's work of some seconds.
            "--request-timeout",
            "60",
            "--exclude-path",
            "/readyz",
            "-H",
            f"Authorization: {authorization}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=trial.home)
        said = done.stdout[-1500:]
        counted = re.search(r"(\d+) unique failures?|❌ (\d+)|(\d+) failed", done.stdout)
        number = int(next(filter(None, counted.groups()))) if counted else int(done.returncode > 0)
        failures += number
        told[role.value] = {"exit": done.returncode, "failures": number, "end": said}
    return {"failures": failures, **told}


def rubbish(rng: random.Random, trial: Trial) -> bytes:
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
