"""`gongxu suggest --all` itself on a big district: what it takes, and how good its lists are.

A model is fitted on all residents, as a big district would (trees only where they are worth their
time), and written as a bundle; the command then reads the simulated folder, prices the seats, makes
everybody's list with reasons and writes the file, in a process of its own whose wall and processor
seconds and peak memory are counted whole. Beside it stands `implicit` in this process: recommending
as many from factors of the same size alone, with as many threads.

The lists' NDCG@10 on what was booked in the fortnight that follows stands beside that of the lists
that the full ranker would give, trees included and over all candidates, under the same rules and
with seat prices of its own, paired by resident. Set beside the full ranker's bare order, which is
told as well, seats would count as a loss: places on lists are many times the seats, and that order
gives most of them to the same events.
"""

import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.report import Bar
from benchmarks.suggestions import speed
from data.dataset import Dataset
from data.district_time import district_zone
from data.snapshot import as_of
from features.ranking.list_inputs import build_list_inputs
from recommender.metrics.bootstrap import bootstrap_mean
from recommender.metrics.ranking import ndcg_at_k, top_k
from recommender.ranking.lists.assembly import ListPolicy
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.sampled_prices import price_seats
from recommender.ranking.model.ranker import Ranker, Rows
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.suggestions.opening import PART
from training.registry.bundle import Manifest, save_bundle
from training.suggestions.fit import MANY, fit_suggestions
from training.suggestions.ranker_selection import fit_ranker
from training.suggestions.time_splits import Moment

N = 10
BIG = MANY + 1
"""Residents that the model is fitted for, also where a smaller district is tried."""
_ROWS = 256


def command(folder: Path, bundle: Path, at: datetime, out: Path) -> dict[str, float]:
    """Run `suggest --all` on a folder.

    Parameters
    ----------
    folder, bundle
        Tables and model.
    at
        The moment of the lists.
    out
        The file that is written.

    Returns
    -------
    ``wall_s``, ``cpu_s``, ``memory_gb`` of the whole process.

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    start = [sys.executable, "-c", "from serving.cli.app import main; main()"]
    words = ["suggest", "--all", "--data", str(folder), "--model", str(bundle)]
    began = time.perf_counter()
    with subprocess.Popen(
        [*start, *words, "--at", at.isoformat(), "-n", str(N), "--out", str(out)]
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"suggest --all ended with {process.returncode}")
    return {
        "wall_s": time.perf_counter() - began,
        "cpu_s": used.ru_utime + used.ru_stime,
        "memory_gb": used.ru_maxrss / 1e6,
    }


def recommended(residents: int, products: int, rng: np.random.Generator) -> dict[str, float]:
    """Seconds that `implicit` takes for everybody's ten.

    Parameters
    ----------
    residents, products
        Rows of its two sides.
    rng
        Draws the factors.

    Returns
    -------
    ``wall_s`` and ``cpu_s``.
    """
    model = speed.factors_alone(residents, products, rng)
    nothing, everybody = sp.csr_matrix((residents, products)), np.arange(residents)
    model.recommend(everybody[:1000], nothing[:1000], N=N, filter_already_liked_items=False)
    with threadpool_limits(1, "blas"):
        began, before = time.perf_counter(), _cpu()
        model.recommend(everybody, nothing, N=N, filter_already_liked_items=False)
    return {"wall_s": time.perf_counter() - began, "cpu_s": _cpu() - before}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def quality(
    served: ListEngine, full: ListEngine, later: pd.DataFrame, rows: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """NDCG@10 of residents' lists as served, of the full ranker's lists, and of its bare order.

    Parameters
    ----------
    served, full
        With prices; the latter with the model that is not spared any work.
    later
        What was booked afterwards.
    rows
        Residents who booked a candidate then.

    Returns
    -------
    ``served``, ``full`` and ``bare``, shape (residents,).
    """
    inputs, snapshot = served.inputs, served.inputs.snapshot
    wanted = booked_later(served, later)
    found: dict[str, list[NDArray[np.float64]]] = {"served": [], "full": [], "bare": []}
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        relevant = wanted[part].toarray() > 0
        before = snapshot.booked(part)[:, inputs.candidates].toarray() > 0
        streets = snapshot.resident_street[part].astype(np.intp)
        total = full.bound.rank(part, inputs.candidates, inputs.at, streets)
        lists = {
            "served": served.lists(served.ask_rows(part), N).columns,
            "full": full.lists(full.ask_rows(part), N).columns,
            "bare": top_k(np.where(before, np.float32(-np.inf), total), N),
        }
        for name, columns in lists.items():
            hits = np.take_along_axis(relevant, np.maximum(columns, 0), axis=1) & (columns >= 0)
            found[name].append(ndcg_at_k(hits, relevant.sum(axis=1), N))
    return {name: np.concatenate(values) for name, values in found.items()}


def booked_later(engine: ListEngine, later: pd.DataFrame) -> sp.csr_matrix:
    """Which candidates residents booked afterwards, shape (residents, candidates)."""
    inputs, snapshot = engine.inputs, engine.inputs.snapshot
    column = np.full(len(snapshot.events) + 1, -1)
    column[inputs.candidates] = np.arange(len(inputs.candidates))
    events = column[snapshot.events.positions(later["event_id"], missing=-1)]
    people = snapshot.residents.positions(later["resident_id"], missing=-1)
    known = (people >= 0) & (events >= 0)
    matrix = sp.csr_matrix(
        (np.ones(int(known.sum()), dtype=np.float32), (people[known], events[known])),
        shape=(len(snapshot.residents), len(inputs.candidates)),
    )
    taken = snapshot.booked()[:, inputs.candidates]
    later_only = sp.csr_matrix(matrix - matrix.multiply(taken))
    later_only.eliminate_zeros()
    return later_only


def fit_both(tables: Dataset, at: datetime, seed: int) -> tuple[SuggestionModel, SuggestionModel]:
    """The model that a big district serves, and the same with the ranker that a small one has.

    Parameters
    ----------
    tables
        What was known.
    at
        The moment.
    seed
        Of the fit.

    Returns
    -------
    Served and full; they share everything but the ranker.
    """
    full: list[Ranker] = []

    def fit_two(rows: list[Rows], periods: Periods, *, seed: int, frugal: bool) -> Ranker:
        full.append(fit_ranker(rows, periods, seed=seed))
        return fit_ranker(rows, periods, seed=seed, frugal=frugal)

    with mock.patch("training.suggestions.fit.fit_ranker", fit_two):
        rng = np.random.default_rng(seed)
        model = fit_suggestions(tables, as_of=at, rng=rng, audience=BIG)
    return model, replace(model, ranker=full[0])


Periods = Sequence[tuple[Moment, Moment]]
Told = Callable[[str, Callable[[], Any]], Any]


def learn(
    folder: Path, seed: int, compared: int, told: Told
) -> tuple[SuggestionModel, datetime, dict[str, NDArray[np.float64]], dict[str, Any]]:
    """Fit what is served and the full ranker, and compare their lists.

    Parameters
    ----------
    folder
        The district.
    seed
        Of the fits and the samples.
    compared
        As in :func:`measure`.
    told
        Does a step, and tells its seconds.

    Returns
    -------
    The served model, the moment of the lists, NDCG@10 of both by resident, and sizes.
    """
    rng = np.random.default_rng(seed)
    tables = told("reading", lambda: speed.read(folder))
    at, later = speed.split(tables)
    tables = as_of(tables, at)
    model, full = told("fitting both rankers", partial(fit_both, tables, at, seed))
    inputs, _ = told(
        "list inputs", partial(build_list_inputs, tables, at, district_zone(), snapshot=None)
    )
    engine = ListEngine(model, inputs, model_version="bench")
    engine.prices = told("seat prices", partial(price_seats, engine, N, rng=rng))
    everything = ListPolicy(full_up_to=len(inputs.candidates))
    spared = ListEngine(full, inputs, model_version="bench", policy=everything)
    spared.prices = told(
        "seat prices, full ranker", partial(price_seats, spared, N, rng=np.random.default_rng(seed))
    )
    booked = np.flatnonzero(booked_later(engine, later).getnnz(axis=1))
    rows = np.sort(rng.permutation(booked)[:compared])
    ndcg = told("comparing", partial(quality, engine, spared, later, rows))
    return (
        model,
        at,
        ndcg,
        {
            "residents": len(inputs.snapshot.residents),
            "candidates": len(inputs.candidates),
            "products": len(inputs.snapshot.products),
            "ranker": {"served": model.ranker.mix, "full": full.ranker.mix},
            "ndcg@10": {name: round(float(values.mean()), 4) for name, values in ndcg.items()},
            "compared": len(rows),
        },
    )


def measure(
    seed: int, *, residents: int | None = None, compared: int = 4000
) -> tuple[list[Bar], dict[str, Any]]:
    """The bars of point 8.5, and the figures behind them.

    Parameters
    ----------
    seed
        Of the district, the fits and the samples.
    residents
        Of the district; those of the preset when left out.
    compared
        Residents whose lists are compared with the full ranker's.

    Returns
    -------
    Bars and details.
    """
    details: dict[str, Any] = {}

    def told(name: str, work: Callable[[], Any]) -> Any:
        seconds, answer = speed.timed(work)
        details[f"{name}_s"] = round(seconds, 1)
        print(f"  {name:28s} {seconds:8.1f} s", flush=True)
        return answer

    folder = told("simulating", lambda: speed.simulate("district", residents, seed))
    model, at, ndcg, found = learn(folder, seed, compared, told)
    gc.collect()  # the command shares the machine's memory with this process
    with tempfile.TemporaryDirectory(prefix="gongxu-batch-") as place:
        bundle, out = Path(place) / "bundle", Path(place) / "lists.parquet"
        manifest = Manifest("benchmark", at, datetime.now(UTC), seed)
        save_bundle(bundle, {PART: model.to_arrays()}, manifest)
        ours = told("suggest --all", lambda: command(folder, bundle, at, out))
    rng = np.random.default_rng(seed)
    sizes = found["residents"], found["products"]
    theirs = told("implicit, everybody", lambda: recommended(*sizes, rng))
    for name, used in (("suggest --all", ours), ("implicit", theirs)):
        details[name] = {what: round(amount, 2) for what, amount in used.items()}
    details |= found
    print(f"  {details}")
    served, best = ndcg["served"], ndcg["full"]
    low, high = bootstrap_mean(served - best, rng=rng)
    whole = float(best.mean())
    interval = (1 + low / whole, 1 + high / whole)
    return [
        Bar("8.5", "served_ratio", float(served.mean()) / whole, interval),
        Bar("8.5", "lists_wall_ratio", ours["wall_s"] / theirs["wall_s"]),
        Bar("8.5", "lists_cpu_ratio", ours["cpu_s"] / theirs["cpu_s"]),
        Bar("8.5", "lists_memory_gb", ours["memory_gb"]),
    ], details
