"""How fast lists are made, as ratios to `implicit` in the same run, on the `district` preset.

The folder is simulated when it is not given. Everything is measured in this one process: the
tables are read, the model is fitted on what was known a fortnight before their end, lists of 20
over all upcoming events are made for all residents, eligibility, seat prices, diversity and
exploration included, and `implicit` recommends 20 from factors of the same size alone, with the
same number of threads. The time of the batch holds what a batch run has to do once for all: to
prepare the first stage that chooses who meets the full ranker, and to price the seats.

A short list that loses what the ranker would put first would be no feat: lists are compared with
those of the longest ranking, and both with what residents booked in the fortnight that follows.
"""

import argparse
import copy
import gc
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.report import Bar, report
from data.dataset import Dataset, canonical
from data.district_time import district_zone
from data.schema import TABLES, Kind
from data.snapshot import as_of
from features.ranking.list_inputs import build_list_inputs
from recommender.metrics.ranking import ndcg_at_k
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.sampled_prices import price_seats
from recommender.ranking.model.first_stage import short_list
from serving.suggestions.batch import BLOCK, side_by_side
from training.suggestions.fit import fit_suggestions

N = 20
FACTORS = 64
THREADS = 2
SAMPLE = 20_000
"""Residents that the model is fitted on."""
HELD_OUT = timedelta(days=14)
BATCH = ("preparing the first stage", "seat prices", "lists of all residents")
"""What the time of the batch is made of."""
COMPARED = 1500
"""Residents whose lists are compared with the model's own."""
NOT_READ = ("impressions", "surveys", "requests", "budgets", "orders", "population")
"""Tables that lists are not made from."""


def simulate(preset: str, residents: int | None, seed: int, home: Path = Path("var")) -> Path:
    """A simulated folder, made in a process of its own unless it is there."""
    folder = home / "bench" / f"{preset}-{residents or 'all'}-{seed}"
    if not (folder / "truth" / "world.json").exists():
        command = ["simulate", "--preset", preset, "--seed", str(seed), "--format", "parquet"]
        size = ["--residents", str(residents)] if residents else []
        run = [sys.executable, "-c", "from serving.cli.app import main; main()"]
        subprocess.run([*run, *command, *size, "--out", str(folder)], check=True)
    return folder


def read(folder: Path, leave_out: Collection[str] = NOT_READ) -> Dataset:
    """The tables that lists are made from, without the validation of an import."""
    frames = {}
    for name, table in TABLES.items():
        if name in leave_out or not (folder / f"{name}.parquet").exists():
            continue
        frame = pq.read_table(folder / f"{name}.parquet").to_pandas(self_destruct=True)
        for column in table.columns:
            if column.kind is Kind.LIST and column.name in frame:
                frame[column.name] = [
                    ";".join(entries) if entries is not None else None
                    for entries in frame[column.name]
                ]
        frames[name] = canonical(frame, table)
    return Dataset(frames)


def sample_of(tables: Dataset, residents: int, rng: np.random.Generator) -> Dataset:
    """What some of the residents did: enough to learn from, and speed does not ask how well."""
    people = tables["residents"]
    if len(people) <= residents:
        return tables
    kept = people.iloc[np.sort(rng.permutation(len(people))[:residents])]
    mine = {
        name: tables[name][tables[name]["resident_id"].isin(kept["resident_id"])]
        for name in ("bookings", "ratings", "follows")
    }
    return tables.replace(
        residents=kept.reset_index(drop=True),
        **{name: frame.reset_index(drop=True) for name, frame in mine.items()},
    )


def faithful(engine: ListEngine, later: pd.DataFrame, rows: NDArray[np.intp]) -> dict[str, float]:
    """What the measured width costs: lists beside those ranked from the longest short list.

    Parameters
    ----------
    engine
        With prices.
    later
        What was booked afterwards.
    rows
        Residents who booked something then.

    Returns
    -------
    Share of the longer ranking's first ten that the lists hold, and NDCG@10 of both.
    """
    asked = engine.ask_rows(rows)
    whole = copy.copy(engine)
    whole.__dict__["ranking"] = copy.copy(engine.ranking)
    whole.ranking.width_ = short_list(len(engine.inputs.candidates))
    mine, theirs = engine.lists(asked, 10).columns, whole.lists(asked, 10).columns
    shared = [
        len(set(a) & set(b)) / 10 for a, b in zip(mine.tolist(), theirs.tolist(), strict=True)
    ]
    snapshot, inputs = engine.inputs.snapshot, engine.inputs
    column = np.full(len(snapshot.events) + 1, -1)
    column[inputs.candidates] = np.arange(len(inputs.candidates))
    events = column[snapshot.events.positions(later["event_id"], missing=-1)]
    people = snapshot.residents.positions(later["resident_id"], missing=-1)
    relevant = np.zeros((len(rows), len(inputs.candidates)), dtype=bool)
    row_of = np.full(len(snapshot.residents) + 1, -1)
    row_of[rows] = np.arange(len(rows))
    known = (row_of[people] >= 0) & (events >= 0)
    relevant[row_of[people[known]], events[known]] = True
    ndcg = {}
    for name, columns in (("lists", mine), ("longest", theirs)):
        hits = np.take_along_axis(relevant, np.maximum(columns, 0), axis=1) & (columns >= 0)
        ndcg[name] = float(ndcg_at_k(hits, np.maximum(relevant.sum(axis=1), 1), 10).mean())
    loss = 1 - ndcg["lists"] / ndcg["longest"]
    return {"overlap": float(np.mean(shared)), "ndcg_loss": loss} | ndcg


def split(dataset: Dataset) -> tuple[datetime, pd.DataFrame]:
    """The moment of every list, a fortnight before the last booking, and what followed it."""
    bookings = dataset["bookings"]
    at = bookings["booked_at"].max() - HELD_OUT
    later = bookings[(bookings["booked_at"] > at) & (bookings["status"] != "cancelled")]
    return at.to_pydatetime().astimezone(UTC), later[["resident_id", "event_id"]]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and the answer."""
    gc.collect()
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def everybody(engine: ListEngine) -> int:
    """Lists of all residents; returns how many places were filled."""
    total = len(engine.inputs.snapshot.residents)

    def block(first: int) -> int:
        asked = engine.ask_residents(first, min(first + BLOCK, total))
        return int((engine.lists(asked, N).columns >= 0).sum())

    return sum(side_by_side(block, range(0, total, BLOCK)))


def one_by_one(engine: ListEngine, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Seconds for each of some residents' lists, computed afresh."""
    seconds = []
    for row in rows.tolist():
        start = time.perf_counter()
        engine.lists(engine.ask_residents(row, row + 1), N)
        seconds.append(time.perf_counter() - start)
    return np.array(seconds)


def factors_alone(users: int, items: int, rng: np.random.Generator) -> AlternatingLeastSquares:
    """An `implicit` model whose recommending costs what a fitted one's does."""
    model = AlternatingLeastSquares(factors=FACTORS, num_threads=THREADS)
    model.user_factors = rng.normal(size=(users, FACTORS)).astype(np.float32)
    model.item_factors = rng.normal(size=(items, FACTORS)).astype(np.float32)
    return model


def recommend_one_by_one(
    model: AlternatingLeastSquares, rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Seconds of single-user recommend calls, in `implicit`'s usual way."""
    nothing = sp.csr_matrix((1, len(model.item_factors)), dtype=np.float32)
    seconds = []
    for row in rows.tolist():
        start = time.perf_counter()
        model.recommend(row, nothing, N=N)
        seconds.append(time.perf_counter() - start)
    return np.array(seconds)


def measure(folder: Path, singles: int, seed: int) -> tuple[list[Bar], dict[str, Any]]:
    """All figures of one folder."""
    rng = np.random.default_rng(seed)
    details: dict[str, Any] = {"factors": FACTORS, "threads": THREADS, "n": N}

    def told(name: str, work: Callable[[], Any]) -> Any:
        seconds, answer = timed(work)
        details[f"{name}_s"] = round(seconds, 2)
        print(f"{name:28s} {seconds:9.2f} s", flush=True)
        return answer

    tables = told("reading", lambda: read(folder))
    at, later = split(tables)
    tables = told("snapshot", lambda whole=tables: as_of(whole, at))
    sample, everyone = sample_of(tables, SAMPLE, rng), len(tables["residents"])
    model = told("fitting", lambda: fit_suggestions(sample, as_of=at, rng=rng, audience=everyone))
    inputs = told("list inputs", lambda: build_list_inputs(tables, at, district_zone())[0])
    engine = told("binding", lambda: ListEngine(model, inputs, model_version="bench"))
    told("preparing the first stage", lambda: engine.ranking)
    engine.prices = told("seat prices", lambda: price_seats(engine, N, rng=rng))
    residents, products = len(inputs.snapshot.residents), len(inputs.snapshot.products)
    details |= {
        "residents": residents,
        "candidates": len(inputs.candidates),
        "products": products,
    }
    rows = rng.integers(0, residents, singles)
    if engine.ranking.first_ is not None:
        details["first_stage_keeps"] = engine.ranking.width_
        booked = inputs.snapshot.residents.positions(later["resident_id"].unique(), missing=-1)
        some = np.sort(rng.permutation(booked[booked >= 0])[:COMPARED])
        details["beside_longest"] = told("longer ranking", lambda: faithful(engine, later, some))
        print(f"lists beside those of the longest ranking: {details['beside_longest']}")
    one_by_one(engine, rows[:20])  # warm

    yardstick = factors_alone(residents, products, rng)
    rows_of_all, nothing = np.arange(residents), sp.csr_matrix((residents, products))
    gc.collect()
    with threadpool_limits(1, "blas"):
        single, theirs = one_by_one(engine, rows), recommend_one_by_one(yardstick, rows)
    told("lists of all residents", lambda: everybody(engine))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    with threadpool_limits(1, "blas"):
        told(
            "implicit, all residents",
            lambda: yardstick.recommend(
                rows_of_all, nothing, N=N, filter_already_liked_items=False
            ),
        )
    for name, seconds in (("one list", single), ("implicit, one", theirs)):
        p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1e3
        details[name] = {"p50_ms": round(float(p50), 3), "p99_ms": round(float(p99), 3)}
        print(f"{name:28s} {p50:9.3f} ms median {p99:9.3f} ms p99")
    median = float(np.median(theirs))
    return [
        Bar(
            "2.5",
            "batch_ratio_to_implicit",
            sum(details[f"{step}_s"] for step in BATCH) / details["implicit, all residents_s"],
        ),
        Bar("2.5", "one_resident_p50_ratio", float(np.median(single)) / median),
        Bar("2.5", "one_resident_p99_ratio", float(np.quantile(single, 0.99)) / median),
        Bar("2.5", "memory_gb", memory),
    ], details


def main() -> None:
    """Print the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, help="A simulated folder of Parquet tables.")
    parser.add_argument("--preset", default="district")
    parser.add_argument("--residents", type=int, help="Fewer, to try it out.")
    parser.add_argument("--singles", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = options.world or simulate(options.preset, options.residents, options.seed)
    bars, details = measure(folder, options.singles, options.seed)
    report("suggestions_speed", bars, seeds=[options.seed], details=details)


if __name__ == "__main__":
    main()
