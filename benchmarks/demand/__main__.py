"""`make bench-demand`: street demand beside simpler estimates, on votes, loans and the simulator.

``--only votes,world,quarters,loans,steps,district,sweeps`` runs the named parts; ``--quick`` runs
the first four on development seeds and years, in under five minutes, so that nothing is chosen by
what is reported. What was computed is kept until a source changes (:mod:`benchmarks.units`): a run
that was stopped goes on. The sweeps write their plot to docs/demand-sweeps.svg.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.demand import loans as demand_loans
from benchmarks.demand import steps as demand_steps
from benchmarks.demand import votes as demand_votes
from benchmarks.demand import world as demand_world
from benchmarks.report import Bar, report
from benchmarks.units import Unit, compute

SHARED = Path(os.environ.get("GONGXU_SHARED_DATA", "../shared/data"))
SOURCES = (
    "recommender/demand", "features/demand", "training/demand", "benchmarks/demand",
    "data/simulate", "data/converters",
)  # fmt: skip
"""What figures depend on."""
KEYS: Mapping[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "loans": ((1925, 1933), (1924, 1926, 1928, 1930, 1932, 1934, 1936, 1938)),
    "quarters": ((31, 32), (11, 12, 13, 14)),
    "world": ((31, 32, 33), tuple(range(61, 70))),
    "votes": ((100, 101), tuple(range(10))),
    "steps": ((31, 32), (11, 12, 13, 14)),
}
"""Years and seeds by part: those of development, and those reported."""
VOTES = ("Poland_Katowice_2022.pb", "Poland_Katowice_2023.pb")
Values = Mapping[str, Any]


def main() -> None:
    """Run the benchmark; see the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demand", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="the same as --only")
    parser.add_argument("--only", default="", metavar="PARTS", help=", ".join([*PARTS, *ALONE]))
    parser.add_argument("--quick", action="store_true", help="development seeds and years")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side")
    options = parser.parse_args()
    named = [*options.parts, *filter(None, options.only.split(","))]
    chosen = named or [
        "loans",
        "quarters",
        "world",
        "votes",
        *([] if options.quick else ["district"]),
    ]
    if unknown := set(chosen) - {*PARTS, *ALONE}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    units = [unit for part in chosen if part in PARTS for unit in _units(part, options.quick)]
    found = compute(units, name="demand", sources=SOURCES, workers=options.workers)
    bars: list[Bar] = []
    details: dict[str, Any] = {}
    for part in chosen:
        if part in PARTS:
            values = {key: value for (of, key), value in found.items() if of == part and value}
            if values:
                bars += PARTS[part](values, details)
        else:
            began = time.perf_counter()
            bars += ALONE[part](details)
            print(f"({part}: {time.perf_counter() - began:.0f} s)\n")
    bars.sort(key=lambda bar: bar.point)
    seeds = sorted({key for part in chosen if part in PARTS for key in _keys(part, options.quick)})
    report("demand-quick" if options.quick else "demand", bars, seeds=seeds, details=details)


def _keys(part: str, quick: bool) -> tuple[Any, ...]:
    return KEYS[part][0 if quick else 1]


def _units(part: str, quick: bool) -> list[Unit]:
    keys = _keys(part, quick)
    if part == "world":
        return [Unit(part, str(seed), demand_world.judge_seed, (seed,)) for seed in keys]
    if part == "steps":
        return [Unit(part, str(seed), demand_steps.judge_steps, (seed,)) for seed in keys]
    if part == "quarters":
        return [Unit(part, str(seed), demand_world.judge_quarters, (seed,)) for seed in keys]
    folder = SHARED / ("lending-library" if part == "loans" else "pabulib")
    if not folder.is_dir():
        print(f"skipped: {folder} is not there")
        return []
    if part == "loans":
        return [Unit(part, str(year), demand_loans.judge, (folder, year)) for year in keys]
    return [
        Unit(part, f"{name[:-3]}-{seed}", demand_votes.judge, (folder / name, seed))
        for name in VOTES
        for seed in keys
    ]


def loans(values: Values, details: dict[str, Any]) -> list[Bar]:
    """Next year's loans by arrondissement, beside naive forecasts."""
    years = list(values.values())
    table = demand_loans.pool(years)
    show(table.reset_index(names="level").to_dict("records"), f"loans of {', '.join(values)}")
    details["loans"] = values
    bars = []
    for name, level in demand_loans.LEVELS.items():
        # The worse of unscaled and scaled; in brackets the best and the worst year.
        ratio, *by_year = (
            max(float(pooled.loc[level, r]) for r in ("ratio", "ratio_scaled"))
            for pooled in (table, *(demand_loans.pool([year]) for year in years))
        )
        bars.append(Bar("8.1", f"wape_ratio_{name}", ratio, (min(by_year), max(by_year))))
    covers = float(table.loc["street x category", "coverage80_5"])
    return [*bars, Bar("8.1", "coverage80_loans", covers)]


def quarters(values: Values, details: dict[str, Any]) -> list[Bar]:
    """Rolling quarters of simulated districts beside naive forecasts."""
    table = demand_loans.pool(list(values.values()))
    show(table.reset_index(names="level").to_dict("records"), "rolling quarters of districts")
    details["quarters"] = values
    totals = table.loc[["street", "category", "district"]]
    return [
        Bar("8.1", "wape_ratio_world_totals", float(totals["ratio"].max())),
        Bar("8.1", "coverage80_world_totals", float(totals["coverage80"].mean())),
    ]


def world(values: Values, details: dict[str, Any]) -> list[Bar]:
    """The simulator's truth, a third of the sessions sold out."""
    rows = [{"seed": seed, **one} for seed, one in values.items()]
    by_street = np.array([row.pop("coverage_by_street") for row in rows])
    show(rows, "simulator, demo preset, a third of sessions sold out")
    details["world"] = rows
    frame = pd.DataFrame(rows)
    bars = []
    for name, column in (
        ("total_bias", "total_bias"),
        ("spearman_new_products", "spearman_new"),
        ("spearman_new_above_category_mean", "spearman_gain"),
        ("wape_ratio_to_scaled", "wape_ratio"),
    ):
        spread = (float(frame[column].min()), float(frame[column].max()))
        bars.append(Bar("3.3", name, float(frame[column].mean()), spread))
    near = float((frame["total_bias"].abs() <= 0.1).sum())
    return [
        *bars,
        Bar("3.2", "coverage80_worlds", float(frame["coverage80"].mean())),
        Bar("3.2", "coverage80_worst_street_worlds", float(by_street.mean(axis=0).min())),
        Bar("8.1", "worlds_within_10", near, (0.0, float(len(frame)))),
    ]


def votes(values: Values, details: dict[str, Any]) -> list[Bar]:
    """Neighbourhoods' votes from biased samples."""
    bars, ratios, covered, worst = [], [], [], []
    for name in dict.fromkeys(one["name"] for one in values.values()):
        result = demand_votes.gather([one for one in values.values() if one["name"] == name])
        rows = demand_votes.table(result)
        show(rows, f"votes, {name}: {len(result.covered)} seeds")
        of = result.ratios(demand_votes.CHAIN)
        print(f"ratio by sample size {np.round(of, 3).tolist()}\n")
        ratios.append(float(np.mean(of)))
        covered.append(float(result.covered.mean()))
        worst.append(float(result.covered.mean(axis=(0, 1)).min()))
        bars.append(Bar("3.1", f"wape_ratio_{name}", ratios[-1], result.ratio_interval()))
        gain, spread = result.ndcg_gain()
        bars.append(Bar("3.1", f"ndcg10_gain_{name}", gain, spread))
        details[name] = {"peers": rows, "ratios": of, "coverage80": covered[-1]}
    # The worst data set speaks: farthest from 80 %, and lowest street.
    return [
        *bars,
        Bar("8.2", "wape_ratio_votes", float(np.mean(ratios))),
        Bar("8.2", "coverage80_votes", max(covered, key=lambda c: abs(c - 0.8))),
        Bar("8.2", "coverage80_votes_worst_street", min(worst)),
    ]


def steps(values: Values, details: dict[str, Any]) -> list[Bar]:
    """What each step of the chain adds."""
    rows = demand_steps.table(list(values.values())).to_dict("records")
    show(rows, f"the chain without each step, worlds {', '.join(values)}")
    details["steps"] = rows
    return []


def district(details: dict[str, Any]) -> list[Bar]:
    """Time and memory at three sizes."""
    from benchmarks.demand.district import measure

    rows, exponent = measure()
    show(rows, "simulated district at three sizes")
    details["district"] = rows
    return [
        Bar("3.5", "seconds", rows[-1]["seconds"]),
        Bar("3.5", "memory_gb", rows[-1]["memory_gb"]),
        Bar("3.5", "growth_exponent", exponent),
    ]


def sweeps(details: dict[str, Any]) -> list[Bar]:
    """Where it holds and where it breaks; writes the plot in docs."""
    rows = demand_world.sweep()
    show(rows, "sweeps of the simulator")
    demand_world.plot(rows, Path(__file__).parents[2] / "docs" / "demand-sweeps.svg")
    details["sweeps"] = rows
    return []


PARTS: Mapping[str, Callable[[Values, dict[str, Any]], list[Bar]]] = {
    "loans": loans,
    "quarters": quarters,
    "world": world,
    "votes": votes,
    "steps": steps,
}
"""Of units that are computed side by side."""
ALONE: Mapping[str, Callable[[dict[str, Any]], list[Bar]]] = {
    "district": district,
    "sweeps": sweeps,
}


def show(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """A table for people."""
    frame = pd.DataFrame(rows)
    print(title)
    print(frame.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    print()


if __name__ == "__main__":
    main()
