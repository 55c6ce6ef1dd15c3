"""Plans: close to optimal, worth it in a replayed world, right on real votes: ``make bench-plans``.

The replay runs on worlds of the preset ``demo``; the options change their size. Each world's row is
kept until a source changes (:mod:`benchmarks.units`): a run that was stopped goes on.
"""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.plans import replay, size, volume
from benchmarks.plans import votes as vote_files
from benchmarks.report import Bar, report
from benchmarks.units import Unit, compute

SHARED = Path(
    os.environ.get("GONGXU_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)


SOURCES = (
    "recommender/demand", "recommender/procurement", "features/demand", "training/demand",
    "benchmarks/plans", "data/simulate", "serving/planning",
)  # fmt: skip
"""What the replays' figures depend on."""


def sizes(details: dict[str, Any]) -> list[Bar]:
    """How close to optimal, how fast."""
    small = size.run(758, 1, 30.0, 0.01)
    large = size.run(5_000, 1, 120.0, 0.02, events=20_000)
    short = size.run(758, 2, 3.0, 0.0)  # a limit that has to be kept
    show([asdict(row) for row in (small, large, short)])
    details["sizes"] = [asdict(row) for row in (small, large, short)]
    return [
        Bar("4.2", "gap_758", small.gap),
        Bar("4.2", "seconds_758", small.seconds),
        Bar("4.2", "limit_overrun", short.seconds / short.limit - 1),
        Bar("4.2", "gap_758_in_3_s", short.gap),
        Bar("9.3", "gap_district", large.gap),
        Bar("9.3", "seconds_district", large.seconds),
        Bar("9.3", "budget_used", large.budget_used),
        Bar("9.3", "memory_gb", large.memory_gb),
    ]


def votes(details: dict[str, Any]) -> list[Bar]:
    """Point 4: real choices."""
    folder = SHARED / "pabulib"
    if not folder.is_dir():
        print("skipped: pabulib is not there")
        return []
    results = [vote_files.measure(file, 0) for file in sorted(folder.glob("*.pb"))]
    print(f"{'town':<36}{'projects':>9}{'voters':>8}{'plan':>8}{'greedy':>8}{'shares':>8}")
    for row in results:
        print(
            f"{row.name:<36}{row.projects:>9}{row.voters:>8}{row.plan:>8.3f}"
            f"{row.greedy:>8.3f}{row.equal_shares:>8.3f}"
        )
    details["votes"] = [asdict(row) for row in results]
    bars = []
    for town in ("katowice", "warsaw"):
        own = [
            row.plan for row in results
            if town in row.name.lower().replace("warszawa", "warsaw")
        ]  # fmt: skip
        if own:
            bars.append(
                Bar("9.4", f"votes_share_{town}", float(np.mean(own)), (min(own), max(own)))
            )
    return bars


def replays(details: dict[str, Any], options: argparse.Namespace) -> list[Bar]:
    """The next quarter under every plan."""
    world = (options.residents, options.products, options.events)
    size_of = "-".join(str(number) for number in world if number)
    units = [
        Unit("replay", f"{seed}-{size_of}" if size_of else str(seed), replay.run, (seed, *world))
        for seed in range(options.first, options.first + options.seeds)
    ]
    found = compute(units, name="plans", sources=SOURCES, workers=options.workers)
    rows = list(found.values())
    show(
        [
            {"seed": unit.arguments[0], "by": name}
            | {key: row[name][key] for key in ("attendance", "sessions", "matching", "gini")}
            for unit, row in zip(units, rows, strict=True)
            for name in replay.NAMES
        ]
    )
    details["replays"] = rows
    plans = [row["plan"] for row in rows]
    new = np.mean([plan["new_share"] for plan in plans])
    starved = max(plan["starved"] for plan in plans)
    print(f"new products: {new:.0%} of the plan's sessions; streets without a session: {starved}")

    def ratio(name: str, figure: str = "attendance") -> list[float]:
        return [row["plan"][figure] / row[name][figure] for row in rows]

    uneven = [
        row["plan"]["gini"] - min(row[name]["gini"] for name in replay.NAMES[1:]) for row in rows
    ]
    held = [float(p["low"] <= p["attendance"] <= p["high"]) for p in plans]
    return [
        _mean("share_of_oracle", ratio("oracle")),
        _mean("ratio_to_habit", ratio("habit")),
        _mean("ratio_to_most_booked", ratio("most booked")),
        _mean("gini_difference", uneven),
        _mean("reach_ratio_to_habit", ratio("habit", "reached")),
        _mean("matching", [plan["matching"] for plan in plans]),
        _mean("matching_of_habit", [row["habit"]["matching"] for row in rows]),
        _mean("total_interval_coverage", held),
        _mean("line_interval_coverage", [plan["lines_held"] for plan in plans]),
        _mean("total_bias", [plan["expected"] / plan["attendance"] - 1 for plan in plans]),
        _mean("budget_used", [plan["spend_share"] for plan in plans]),
        _mean("sessions_ratio_to_usual", [plan["sessions_ratio"] for plan in plans], "9.2"),
    ]


def volumes(details: dict[str, Any], options: argparse.Namespace) -> list[Bar]:
    """Halls, sessions and categories of the plan of one world."""
    world = (options.residents, options.products, options.events)
    found = asdict(volume.run(options.first, *world))
    show([{"category": name, **shares} for name, shares in found.pop("categories").items()])
    show([found])
    details["volume"] = found
    return [
        Bar("9.2", "halls_above_history", found["halls_above"]),
        Bar("9.2", "sessions_ratio_to_usual_one_world", found["sessions_ratio"]),
        Bar("9.2", "smallest_share_of_wants", found["wants_share"]),
    ]


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table."""
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.4g}".format), flush=True)


def _mean(name: str, values: list[float], point: str = "9.1") -> Bar:
    """Mean over seeds, with a 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(values, (2_000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Bar(point, name, float(np.mean(values)), (float(low), float(high)))


def main() -> None:
    """Run what was asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plans", description=__doc__)
    parser.add_argument("--only", default="", metavar="PARTS", help="sizes,replays,volume,votes")
    parser.add_argument("--seeds", type=int, default=20, help="how many worlds")
    parser.add_argument("--first", type=int, default=11, help="the first world's seed")
    parser.add_argument("--residents", type=int)
    parser.add_argument("--products", type=int)
    parser.add_argument("--events", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="under 5 minutes: two small worlds of development"
    )
    options = parser.parse_args()
    if options.quick:
        options.first, options.seeds = 1, min(options.seeds, 2)
        options.residents = options.residents or 6_000
        options.products = options.products or 300
        options.events = options.events or 700
    details: dict[str, Any] = {}
    parts: dict[str, Callable[[], list[Bar]]] = {
        "sizes": lambda: sizes(details),
        "replays": lambda: replays(details, options),
        "volume": lambda: volumes(details, options),
        "votes": lambda: votes(details),
    }
    chosen = [*filter(None, options.only.split(","))] or [*parts]
    if unknown := set(chosen) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    bars = [bar for name in chosen for bar in parts[name]()]
    seeds = range(options.first, options.first + options.seeds)
    report("plans-quick" if options.quick else "plans", bars, seeds=seeds, details=details)


if __name__ == "__main__":
    main()
