"""`make bench-demand`: street demand beside simpler estimates, on votes, loans and the simulator.

``python -m benchmarks.demand votes world quarters district sweeps loans`` runs the named parts
only; the sweeps write their plot to docs/demand-sweeps.svg.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.demand import votes as demand_votes
from benchmarks.report import Bar, report

SHARED = Path(os.environ.get("GONGXU_SHARED_DATA", "../shared/data"))
PARTS = ("votes", "world", "quarters", "loans", "district")


def main() -> None:
    """Run the benchmark; see the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demand", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join([*PARTS, "sweeps"]))
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := set(chosen) - {*PARTS, "sweeps"}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    bars: list[Bar] = []
    details: dict[str, Any] = {}
    covered: list[tuple[float, float]] = []
    for part in chosen:
        began = time.perf_counter()
        {
            "votes": votes,
            "world": world,
            "quarters": quarters,
            "loans": loans,
            "district": district,
            "sweeps": sweeps,
        }[part](bars, details, covered)
        print(f"({part}: {time.perf_counter() - began:.0f} s)\n")
    if covered:
        # The worst data set speaks: farthest from 80 %, and lowest street.
        mean = max((c for c, _ in covered), key=lambda c: abs(c - 0.8))
        bars.append(Bar("3.2", "coverage80", mean))
        bars.append(Bar("3.2", "coverage80_worst_street", min(w for _, w in covered)))
    bars.sort(key=lambda bar: bar.point)
    report("demand", bars, seeds=demand_votes.SEEDS, details=details)


def votes(bars: list[Bar], details: dict[str, Any], covered: list[tuple[float, float]]) -> None:
    """Neighbourhoods' votes from biased samples."""
    folder = SHARED / "pabulib"
    if not folder.is_dir():
        print(f"skipped: {folder} is not there")
        return
    for path in sorted(folder.glob("*.pb")):
        vote = demand_votes.read_vote(path)
        if vote is None:
            continue
        result = demand_votes.judge(vote)
        rows = demand_votes.table(result)
        show(rows, f"votes, {vote.name}: ten seeds")
        ratios = result.ratios(demand_votes.CHAIN)
        cells = np.array(result.covered)
        by_street = cells.mean(axis=(0, 2))
        print(
            f"ratio by sample size {np.round(ratios, 3).tolist()}, "
            f"80 % intervals cover {cells.mean():.3f}, worst street {by_street.min():.3f}\n"
        )
        name = f"wape_ratio_{vote.name}"
        bars.append(Bar("3.1", name, float(np.mean(ratios)), result.ratio_interval()))
        gain, spread = result.ndcg_gain()
        bars.append(Bar("3.1", f"ndcg10_gain_{vote.name}", gain, spread))
        covered.append((float(cells.mean()), float(by_street.min())))
        details[vote.name] = {
            "peers": rows,
            "ratios": ratios,
            "coverage80": float(cells.mean()),
            "coverage80_by_street": by_street.tolist(),
        }


def world(bars: list[Bar], details: dict[str, Any], covered: list[tuple[float, float]]) -> None:
    """The simulator's truth, a third of the sessions sold out."""
    from benchmarks.demand.world import Judged, judge, simulate

    found: list[Judged] = [judge(*simulate(seed, sold_out_share=1 / 3)) for seed in range(11, 20)]
    show([one.figures for one in found], "simulator, demo preset, a third of sessions sold out")

    def mean(name: str) -> tuple[float, tuple[float, float]]:
        values = [one.figures[name] for one in found]
        return float(np.mean(values)), (min(values), max(values))

    for bar, name in (
        ("total_bias", "total_bias"),
        ("spearman_new_products", "spearman_new"),
        ("spearman_new_above_category_mean", "spearman_gain"),
        ("wape_ratio_to_scaled", "wape_ratio"),
    ):
        value, spread = mean(name)
        bars.append(Bar("3.3", bar, value, spread))
    covered += [(mean("coverage80")[0], float(np.mean([o.by_street for o in found], axis=0).min()))]
    details["world"] = [one.figures for one in found]
    near = sum(abs(one.figures["total_bias"]) <= 0.1 for one in found)
    bars.append(Bar("8.1", "worlds_within_10", float(near)))


def loans(bars: list[Bar], details: dict[str, Any], covered: list[tuple[float, float]]) -> None:
    """Next year's loans by arrondissement."""
    del covered
    folder = SHARED / "lending-library"
    if not folder.is_dir():
        print(f"skipped: {folder} is not there")
        return
    from benchmarks.demand.loans import judge, judge_in_time

    rows = judge(folder)
    show(rows, "lending library: WAPE of next year's loans per arrondissement")
    in_time = judge_in_time(folder)
    show(in_time.reset_index().to_dict("records"), "loans of the next year, unscaled")
    details["loans"] = {"scaled": rows, "in_time": in_time.to_dict("index")}
    for bar, level in (("genre", "street x category"), ("author", "street x supplier")):
        bars.append(Bar("8.1", f"wape_ratio_{bar}", float(in_time.loc[level, "ratio"])))
    covers = float(in_time.loc["street x category", "coverage80"])
    bars.append(Bar("8.1", "coverage80_loans", covers))


def quarters(bars: list[Bar], details: dict[str, Any], covered: list[tuple[float, float]]) -> None:
    """Rolling quarters of simulated districts beside naive forecasts."""
    del covered
    from benchmarks.demand.loans import ratios
    from benchmarks.demand.world import simulate
    from training.demand.backtest import backtest_demand

    found = []
    for seed in (11, 12):
        dataset, _, until = simulate(seed, sold_out_share=1 / 3)
        found.append(ratios(backtest_demand(dataset, as_of=until, periods=2)))
    table = pd.concat(found).groupby(level=0).mean()
    show(table.reset_index().to_dict("records"), "rolling quarters of simulated districts")
    totals = table.loc[["street", "category", "district"], "ratio"]
    bars.append(Bar("8.1", "wape_ratio_world_totals", float(totals.max())))
    details["quarters"] = table.to_dict("index")


def district(bars: list[Bar], details: dict[str, Any], covered: list[tuple[float, float]]) -> None:
    """Time and memory at three sizes."""
    del covered
    from benchmarks.demand.district import measure

    rows, exponent = measure()
    show(rows, "simulated district at three sizes")
    bars.append(Bar("3.5", "seconds", rows[-1]["seconds"]))
    bars.append(Bar("3.5", "memory_gb", rows[-1]["memory_gb"]))
    bars.append(Bar("3.5", "growth_exponent", exponent))
    details["district"] = rows


def sweeps(bars: list[Bar], details: dict[str, Any], covered: list[tuple[float, float]]) -> None:
    """Where it holds and where it breaks; writes the plot in docs."""
    del bars, covered
    from benchmarks.demand.world import plot, sweep

    rows = sweep()
    show(rows, "sweeps of the simulator")
    plot(rows, Path(__file__).parents[2] / "docs" / "demand-sweeps.svg")
    details["sweeps"] = rows


def show(rows: list[dict[str, Any]], title: str) -> None:
    """A table for people."""
    frame = pd.DataFrame(rows)
    print(title)
    print(frame.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    print()


if __name__ == "__main__":
    main()
