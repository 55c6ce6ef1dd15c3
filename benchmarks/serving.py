"""`make bench-serving`: the service under load of wrk, fuzzed, broken and asked to forget.

Speed and memory are measured on the `district` preset (GONGXU_BENCH_PRESET names another), whose
folder is simulated once under `var/bench`; the rest in a small district of its own.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.report import Bar, report
from benchmarks.serving_drill import Outcome, drill
from benchmarks.serving_erasure import forgotten
from benchmarks.serving_fuzz import fuzzed
from benchmarks.serving_load import speed
from benchmarks.serving_world import SEED, Trial, prepare, served
from benchmarks.slow_database import SlowWay
from data.embedded import embedded_url, release

SMALL = 3_000
"""Residents of the small district."""


def main() -> None:
    """Run everything and print the bars."""
    if shutil.which("wrk") is None:
        print("skipped: wrk is not installed (apt-get install wrk)")
        return
    preset = os.environ.get("GONGXU_BENCH_PRESET", "district")
    details: dict[str, Any] = {"preset": preset, "load_at_start": os.getloadavg()}
    bars = within("load", preset, None, details, speed)
    bars += within("the rest", "demo", SMALL, details, fuzzed, broken, forgotten)
    report("serving", bars, seeds=[SEED], details=details)


def within(
    name: str,
    preset: str,
    residents: int | None,
    details: dict[str, Any],
    *parts: Callable[[Trial, dict[str, Any]], list[Bar]],
) -> list[Bar]:
    """Some parts in a world of their own, which is gone afterwards."""
    bars = []
    with tempfile.TemporaryDirectory(prefix="gongxu-bench-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        try:
            started = time.monotonic()
            trial = prepare(home, preset, residents=residents)
            print(f"{name}: prepared in {time.monotonic() - started:.0f} s", flush=True)
            for part in parts:
                started = time.monotonic()
                bars += part(trial, details)
                print(f"{part.__name__}: {time.monotonic() - started:.0f} s", flush=True)
        finally:
            release(home)
    return bars


def broken(trial: Trial, details: dict[str, Any]) -> list[Bar]:
    """Everything broken that can be, under load."""
    outcomes = [
        exercise(trial, ("worker", "idle", "connections", "models", "postgres", "worker")),
        exercise(trial, ("slow",), slow=True),
    ]
    details["drills"] = [
        {
            "acknowledged": len(outcome.acknowledged),
            "refused": outcome.refused,
            "lists": outcome.lists,
            "degraded": outcome.degraded,
        }
        for outcome in outcomes
    ]
    return [
        Bar("5.3", "lost_acknowledged", sum(outcome.lost for outcome in outcomes)),
        Bar("5.3", "wrong_answers", sum(outcome.wrong for outcome in outcomes)),
    ]


def exercise(trial: Trial, faults: tuple[str, ...], *, slow: bool = False) -> Outcome:
    """One drill; with ``slow`` by a way to the database that can be slowed, and a full log."""
    way = SlowWay(embedded_url(trial.home))
    full = Path("/dev/full")
    with way.open():
        settings = {"database_url": way.url} if slow else {}
        log = full if slow and full.exists() else None
        with served(trial, workers=2, log=log, **settings) as (url, server):
            return drill(
                trial.home,
                int(url.rpartition(":")[2]),
                server,
                trial.key,
                trial.residents[200:240] if slow else trial.residents[:40],
                trial.events,
                booked_at=trial.now - timedelta(hours=1),
                faults=faults,
                calm_s=3.0,
                way=way,
                name="slow" if slow else "drill",
            )


if __name__ == "__main__":
    main()
