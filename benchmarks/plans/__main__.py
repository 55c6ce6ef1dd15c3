"""Plans: close to optimal, worth it in a replayed world, right on real votes: ``make bench-plans``.

The replay runs on worlds of the preset ``demo``; the options change their size.
"""

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.plans import replay, size
from benchmarks.plans import votes as vote_files
from benchmarks.report import Bar, report

SHARED = Path(
    os.environ.get("GONGXU_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)


def sizes(details: dict[str, Any], *, quick: bool) -> list[Bar]:
    """Point 2: gap and seconds; the quick form leaves the 5,000 products out."""
    small = size.run(758, 1, 30.0, 0.01)
    large = [] if quick else [size.run(5_000, 1, 120.0, 0.02, events=20_000)]
    short = size.run(758, 2, 3.0, 0.0)  # a limit that has to be kept
    print(
        f"{'streets':>8}{'products':>10}{'months':>8}{'gap':>9}{'seconds':>9}{'limit':>7}  broken"
    )
    for row in (small, *large, short):
        print(
            f"{row.streets:>8}{row.products:>10}{row.months:>8}{row.gap:>9.4f}"
            f"{row.seconds:>9.1f}{row.limit:>7.0f}{row.broken:>8}{row.budget_used:>8.1%}"
            f"{row.memory_gb:>7.1f}"
        )
    details["sizes"] = [asdict(row) for row in (small, *large, short)]
    return [
        Bar("4.2", "gap_758", small.gap),
        Bar("4.2", "seconds_758", small.seconds),
        *(
            bar
            for row in large
            for bar in (
                Bar("9.3", "gap_district", row.gap),
                Bar("9.3", "seconds_district", row.seconds),
                Bar("9.3", "budget_used", row.budget_used),
                Bar("9.3", "memory_gb", row.memory_gb),
            )
        ),
        Bar("4.2", "limit_overrun", short.seconds / short.limit - 1),
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
    """Point 3: the next quarter under every plan."""
    job = partial(
        replay.run,
        residents=options.residents,
        products=options.products,
        events=options.events,
    )
    seeds = list(range(options.first, options.first + options.seeds))
    outcomes = []
    print(f"{'seed':>5}" + "".join(f"{name:>22}" for name in replay.NAMES))
    with ProcessPoolExecutor(options.workers) as pool:
        for seed, outcome in zip(seeds, pool.map(job, seeds), strict=True):
            outcomes.append(outcome)
            cells = (
                f"{outcome[name].attendance:>9,.0f} {outcome[name].sessions:>5} "
                f"M{outcome[name].matching:.2f} G{outcome[name].gini:.2f}"
                for name in replay.NAMES
            )
            print(f"{seed:>5}" + " ".join(cells), flush=True)
    details["replays"] = [{name: asdict(o) for name, o in row.items()} for row in outcomes]
    new = np.mean([row["plan"].new_share for row in outcomes])
    starved = max(row["plan"].starved for row in outcomes)
    print(f"new products: {new:.0%} of the plan's sessions; streets without a session: {starved}")

    def ratio(name: str, figure: str = "attendance") -> list[float]:
        return [getattr(row["plan"], figure) / getattr(row[name], figure) for row in outcomes]

    difference = [
        row["plan"].gini - min(row[name].gini for name in replay.NAMES[1:]) for row in outcomes
    ]
    return [
        _mean("share_of_oracle", ratio("oracle")),
        _mean("ratio_to_habit", ratio("habit")),
        _mean("ratio_to_most_booked", ratio("most booked")),
        _mean("gini_difference", difference),
        _mean("reach_ratio_to_habit", ratio("habit", "reached")),
        _mean("matching", [row["plan"].matching for row in outcomes]),
        _mean("matching_of_habit", [row["habit"].matching for row in outcomes]),
        _mean(
            "total_interval_coverage",
            [float(p.low <= p.attendance <= p.high) for p in (row["plan"] for row in outcomes)],
        ),
        _mean(
            "total_bias", [row["plan"].expected / row["plan"].attendance - 1 for row in outcomes]
        ),
        _mean("sessions_ratio_to_usual", [row["plan"].sessions_ratio for row in outcomes], "9.2"),
    ]


def _mean(name: str, values: list[float], point: str = "9.1") -> Bar:
    """Mean over seeds, with a 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(values, (2_000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Bar(point, name, float(np.mean(values)), (float(low), float(high)))


def main() -> None:
    """Run what was asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["sizes", "replays", "votes"])
    parser.add_argument("--seeds", type=int, default=20, help="how many worlds")
    parser.add_argument("--first", type=int, default=1, help="the first world's seed")
    parser.add_argument("--residents", type=int)
    parser.add_argument("--products", type=int)
    parser.add_argument("--events", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="under 5 minutes: two small worlds, no 5,000 products"
    )
    options = parser.parse_args()
    if options.quick:
        options.seeds = min(options.seeds, 2)
        options.residents = options.residents or 6_000
        options.products = options.products or 300
        options.events = options.events or 700
    details: dict[str, Any] = {}
    parts: dict[str, Callable[[], list[Bar]]] = {
        "sizes": lambda: sizes(details, quick=options.quick),
        "replays": lambda: replays(details, options),
        "votes": lambda: votes(details),
    }
    bars = [bar for name, part in parts.items() if options.only in (None, name) for bar in part()]
    report(
        "plans", bars, seeds=range(options.first, options.first + options.seeds), details=details
    )


if __name__ == "__main__":
    main()
