"""`make bench-suggestions`: the engine beside its peers, on real data and in the simulator.

``--only PART…`` runs some of the parts (`meetup films loans served catalogue batch new capacity
speed`) and merges what they find into ``var/bench``; ``--quick`` takes under five minutes with the
smaller forms of some parts. Everything is asked walk-forward: fitted on what was known at a cutoff,
asked afterwards with what was known at the moment of asking, over all events that could be booked
then.
"""

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import Bar, report
from benchmarks.suggestions import batch as batch_figures
from benchmarks.suggestions import capacity as capacity_figures
from benchmarks.suggestions import catalogue as catalogue_figures
from benchmarks.suggestions import new_products, steps
from benchmarks.suggestions import speed as speed_figures
from benchmarks.suggestions.peers import peers
from data.converters import convert
from data.dataset import Dataset
from recommender.metrics.bootstrap import bootstrap_mean
from training.evaluation.report import EvaluationReport
from training.evaluation.tables import by_group, everything
from training.evaluation.walk_forward import evaluate

SHARED = Path(os.environ.get("GONGXU_SHARED_DATA", "../shared/data"))
SEED = 1
Figures = dict[str, Any]
Part = Callable[[list[Bar], Figures], None]


def main() -> None:
    """Run the benchmark; see the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[], metavar="PART")
    parser.add_argument("--quick", action="store_true", help=f"5 minutes: {', '.join(QUICK)}")
    options = parser.parse_args()
    bars: list[Bar] = []
    details: Figures = {}
    parts = PARTS | QUICK if options.quick else PARTS
    chosen = options.only or (QUICK if options.quick else PARTS)
    name = "suggestions-quick" if options.quick else "suggestions"
    for part in chosen:
        began, before = time.perf_counter(), _cpu()
        print(f"{part} …", flush=True)
        parts[part](bars, details)
        wall, cpu = time.perf_counter() - began, _cpu() - before
        details.setdefault(part, {})["took"] = {"wall_s": round(wall), "cpu_s": round(cpu)}
        print(f"({part}: {wall:.0f} s, {cpu:.0f} of a processor)\n", flush=True)
    bars.sort(key=lambda bar: bar.point)
    report(name, bars, seeds=[SEED], details=details, merge=bool(options.only))


def meetup(bars: list[Bar], details: Figures, *, quick: bool = False) -> None:
    """The last fifth of RSVPs, fitted again and asked every fortnight.

    The source has no times of publication: events are known from their first RSVP on.

    Parameters
    ----------
    bars, details
        Added to.
    quick
        Twelve weeks of it, fitted again after six.
    """
    dataset = _real("meetup", "meetup-montana")
    if dataset is None:
        return
    start, end = _last_fifth(dataset)
    fitted_every = 42 if quick else 14
    end = start + timedelta(days=84) if quick else end
    found = _run(
        dataset,
        _every(start, end, fitted_every),
        details,
        "meetup",
        step=timedelta(days=14),
        until=end,
        assume_published=timedelta(0),
    )
    print(by_group(found).to_string(index=False))
    engine, als = found.scorers["engine"], found.scorers["implicit ALS"]
    cold = found.groups["without_history"]["engine"]
    bars += [
        Bar("8.3", "ndcg10_meetup", engine["ndcg@10"], tuple(engine["ci"]["ndcg@10"])),
        Bar("8.3", "ndcg10_meetup_cold", cold["ndcg@10"], tuple(cold["ci"]["ndcg@10"])),
        Bar("8.3", "meetup_ratio_to_als", engine["ndcg@10"] / als["ndcg@10"]),
    ]


def films(bars: list[Bar], details: Figures) -> None:
    """One global cut at four fifths of the films people liked (three stars or more).

    Asked are those who liked something before; films first seen later count against everybody.
    """
    dataset = _real("movietweetings", "movietweetings")
    if dataset is None:
        return
    dataset, start, end = _liked(dataset)
    found = _run(dataset, [start], details, "films", until=end, questions=10**9)
    later = dataset["bookings"]
    later = later[later["booked_at"] > start]
    total = later.groupby("resident_id", observed=True).size()
    strict = {}
    for name, rows in found.questions.groupby("scorer"):
        hits = (rows["recall@20"] * rows["wanted"]).groupby(rows["resident_id"]).sum()
        strict[str(name)] = (hits.reindex(total.index).fillna(0.0) / total).to_numpy()
    details["films"]["recall@20, all later films"] = {
        name: round(float(values.mean()), 4) for name, values in strict.items()
    }
    for name, values in strict.items():
        print(f"  recall@20 over all later films: {name:20s} {values.mean():.4f}")
    values = strict["engine"]
    interval = bootstrap_mean(values, rng=np.random.default_rng(SEED))
    bars.append(Bar("8.3", "recall20_movietweetings", float(values.mean()), interval))


def _liked(dataset: Dataset) -> tuple[Dataset, datetime, datetime]:
    """Bookings of three stars or more; of the last fifth, those of people seen before it."""
    bookings, ratings = dataset["bookings"], dataset["ratings"]
    bookings = bookings.merge(ratings[ratings["stars"] >= 3][["resident_id", "event_id"]])
    times = bookings["booked_at"].sort_values()
    start, end = times.iloc[int(len(times) * 0.8)], times.iloc[-1]
    seen = bookings.loc[bookings["booked_at"] <= start, "resident_id"]
    kept = bookings[bookings["resident_id"].isin(seen)]
    liked = dataset.replace(bookings=kept.reset_index(drop=True))
    return liked, start.to_pydatetime(), end.to_pydatetime()


def loans(bars: list[Bar], details: Figures) -> None:
    """The library's busiest late years by quarter, fitted again every year."""
    dataset = _real("lending-library", "lending-library")
    if dataset is None:
        return
    cutoffs = [datetime(year, 1, 1, tzinfo=UTC) for year in range(1935, 1942)]
    until = datetime(1942, 1, 1, tzinfo=UTC)
    found = _run(
        dataset, cutoffs, details, "loans", step=timedelta(days=91), until=until, questions=10**9
    )
    # Members active before and in the quarter: those with a history when asked.
    hot = found.questions[found.questions["kind"] == "hot"]
    each = hot.pivot_table(index="resident_id", columns="scorer", values="ndcg@10", aggfunc="mean")
    gain = (each["engine"] - each["recent_popularity"]).to_numpy()
    low, high = bootstrap_mean(gain, rng=np.random.default_rng(SEED), repeats=5000)
    details["loans"]["gain"] = {"mean": float(gain.mean()), "low": low, "high": high}
    details["loans"]["members"] = len(gain)
    print(f"  gain over recent popularity {gain.mean():.4f} [{low:.4f}, {high:.4f}]")
    bars.append(Bar("8.3", "lending_library_gain_low", low, (low, high)))


def served(bars: list[Bar], details: Figures, *, quick: bool = False) -> None:
    """From the ranker's order to the lists that are served, step by step, in a small district.

    Parameters
    ----------
    bars, details
        Added to.
    quick
        Fewer residents and six weeks instead of the last fifth.
    """
    dataset = speed_figures.read(speed_figures.simulate("demo", 2_000 if quick else 4_000, SEED))
    start, end = _last_fifth(dataset)
    if quick:
        start = end - timedelta(days=42)
    some, details["served"] = steps.measure(
        dataset, start, seed=SEED, questions=1200 if quick else 4000
    )
    bars += some


def catalogue(bars: list[Bar], details: Figures, *, quick: bool = False) -> None:
    """The graph filter over 40,000 products beside its uncut formula.

    Parameters
    ----------
    bars, details
        Added to.
    quick
        Ask a quarter of the residents.
    """
    some, details["catalogue"] = catalogue_figures.measure(SEED, asked=500 if quick else 2_000)
    bars += some


def batch(bars: list[Bar], details: Figures, *, quick: bool = False) -> None:
    """Everybody's lists by the command itself, beside `implicit` and the full ranker.

    Parameters
    ----------
    bars, details
        Added to.
    quick
        A district of 10,000 residents, where what is done once weighs most.
    """
    sizes: Figures = {"residents": 10_000, "compared": 1_500} if quick else {}
    some, details["batch"] = batch_figures.measure(SEED, **sizes)
    bars += some


def new(bars: list[Bar], details: Figures) -> None:
    """Events of products that nobody booked before the cutoff, in simulated districts."""
    some, details["new"] = new_products.measure()
    bars += some


def capacity(bars: list[Bar], details: Figures) -> None:
    """Seat prices in simulated districts."""
    found = {seed: capacity_figures.run(seed, 20_000, 5) for seed in (11, 12, 13)}
    bars += capacity_figures.bars(found)
    details["capacity"] = {str(seed): figures for seed, figures in found.items()}


def speed(bars: list[Bar], details: Figures) -> None:
    """Everybody's list and one list, beside `implicit`, in a whole district."""
    folder = speed_figures.simulate("district", None, SEED)
    some, details["speed"] = speed_figures.measure(folder, 1000, SEED)
    bars += some


PARTS: dict[str, Part] = {
    "meetup": meetup,
    "films": films,
    "loans": loans,
    "served": served,
    "catalogue": catalogue,
    "batch": batch,
    "new": new,
    "capacity": capacity,
    "speed": speed,
}
QUICK: dict[str, Part] = {
    "meetup": partial(meetup, quick=True),
    "served": partial(served, quick=True),
    "catalogue": partial(catalogue, quick=True),
    "batch": partial(batch, quick=True),
}


def _cpu() -> float:
    """Seconds of processors that this process and those it started have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _real(source: str, folder: str) -> Dataset | None:
    path = SHARED / folder
    if not path.is_dir():
        print(f"skipped: {folder} is not at {SHARED}")
        return None
    return convert(source, path).dataset


def _last_fifth(dataset: Dataset) -> tuple[datetime, datetime]:
    times = dataset["bookings"]["booked_at"].sort_values()
    return times.iloc[int(len(times) * 0.8)].to_pydatetime(), times.iloc[-1].to_pydatetime()


def _every(start: datetime, end: datetime, days: int) -> list[datetime]:
    count = max(1, round((end - start) / timedelta(days=days)))
    return [start + timedelta(days=days * i) for i in range(count)]


def _run(
    dataset: Dataset,
    cutoffs: list[datetime],
    details: Figures,
    name: str,
    **options: Any,
) -> EvaluationReport:
    began = time.perf_counter()
    found = evaluate(
        dataset, cutoffs, rng=np.random.default_rng(SEED), peers=peers(dataset), **options
    )
    print(f"{name}: {found.notes}")
    print(everything(found).round(4).to_string(index=False), flush=True)
    details[name] = {
        "scorers": found.scorers,
        "notes": found.notes,
        "seconds": round(time.perf_counter() - began, 1),
    }
    return found


if __name__ == "__main__":
    main()
