"""`make bench-serving`: the service under load of wrk, fuzzed, broken and asked to forget.

Speed and memory are measured on the `district` preset (``--preset`` or GONGXU_BENCH_PRESET names
another), whose folder is simulated once under `var/bench`, or on a folder that is there already
(``--world``); the rest in a small district of its own. ``--only fuzz,erasure`` (or the parts' names
alone) runs these parts only: load, fuzz, faults, erasure; bars of others stay in
``var/bench/serving.json``. ``--quick`` takes under five minutes: speed,
and a worker, the database and the model broken, in the small district alone.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from benchmarks.report import Bar, report
from benchmarks.serving.drill import Outcome, drill
from benchmarks.serving.erasure import forgotten
from benchmarks.serving.fuzz import fuzzed
from benchmarks.serving.jumping_clock import JumpingClock
from benchmarks.serving.load import QUICK, speed
from benchmarks.serving.slow_database import SlowWay
from benchmarks.serving.world import SEED, Backtest, prepare, served
from data.store.embedded import embedded_url, release

SMALL = 3_000
"""Residents of the small district."""

Part = Callable[[Backtest, dict[str, Any]], list[Bar]]


def main() -> None:
    """Run everything, or the parts that are named, and print the bars."""
    small = {"fuzz": fuzzed, "faults": broken, "erasure": forgotten}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"load, {', '.join(small)}")
    parser.add_argument("--only", default="", metavar="PARTS", help="the same, with commas")
    parser.add_argument("--world", type=Path, help="a simulated folder of Parquet tables")
    parser.add_argument("--preset", default=os.environ.get("GONGXU_BENCH_PRESET", "district"))
    parser.add_argument("--quick", action="store_true", help="in the small district alone")
    options = parser.parse_args()
    named = [*options.parts, *filter(None, options.only.split(","))]
    parts = named or ["load", *small]
    if unknown := set(parts) - {"load", *small}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if "load" in parts and shutil.which("wrk") is None:
        print("skipped: wrk is not installed (apt-get install wrk)")
        return
    world = str(options.world or options.preset)
    details: dict[str, Any] = {"world": world, "load_at_start": os.getloadavg()}
    bars = []
    if options.quick:
        details["world"] = f"demo, {SMALL} residents"
        quick = (partial(speed, rounds_seconds=QUICK), partial(broken, quick=True))
        bars += within("quick", "demo", SMALL, None, details, *quick)
        parts = []
    if "load" in parts:
        bars += within("load", options.preset, None, options.world, details, speed)
    if rest := [part for name, part in small.items() if name in parts]:
        bars += within("the rest", "demo", SMALL, None, details, *rest)
    report("serving", bars, seeds=[SEED], details=details, merge=bool(named))


def within(
    name: str,
    preset: str,
    residents: int | None,
    world: Path | None,
    details: dict[str, Any],
    *parts: Part,
) -> list[Bar]:
    """Some parts in a world of their own, which is gone afterwards."""
    bars = []
    with tempfile.TemporaryDirectory(prefix="gongxu-bench-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        try:
            started = time.monotonic()
            trial = prepare(home, preset, residents=residents, world=world)
            print(f"{name}: prepared in {time.monotonic() - started:.0f} s", flush=True)
            for part in parts:
                started = time.monotonic()
                bars += part(trial, details)
                print(
                    f"{getattr(part, 'func', part).__name__}: {time.monotonic() - started:.0f} s",
                    flush=True,
                )
        finally:
            release(home)
    return bars


def broken(trial: Backtest, details: dict[str, Any], *, quick: bool = False) -> list[Bar]:
    """Faults under load.

    Parameters
    ----------
    trial
        The world that is served.
    details
        What each drill counted is added.
    quick
        Only a worker, the model and the database.

    Returns
    -------
    Acknowledged bookings that were lost, and lists that were wrong.
    """
    outcomes = (
        [
            exercise(trial, ("worker", "models", "postgres")),
        ]
        if quick
        else [
            exercise(trial, ("worker", "idle", "connections", "models", "postgres", "worker")),
            exercise(trial, ("slow",), slow=True),
            jump(trial),
        ]
    )
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
        Bar("6.4", "lost_acknowledged", sum(outcome.lost for outcome in outcomes)),
        Bar("6.4", "wrong_answers", sum(outcome.wrong for outcome in outcomes)),
    ]


def exercise(trial: Backtest, faults: tuple[str, ...], *, slow: bool = False) -> Outcome:
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


def jump(trial: Backtest) -> Outcome:
    """A drill while the clock is set a day ahead, a day back, and right again.

    A process cannot be given another clock from outside, so that the service runs in this one.
    """
    clock = JumpingClock(trial.now)
    with clock.serving(trial.home) as port:
        return drill(
            trial.home,
            port,
            psutil.Process(),
            trial.key,
            trial.residents[240:280],
            trial.events,
            booked_at=trial.now - timedelta(days=2),
            faults=("clock",),
            calm_s=3.0,
            clock=clock,
            name="clock",
        )


if __name__ == "__main__":
    main()
