"""Walk-forward evaluation: every scorer and the full engine on later time, side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.snapshot import as_of
from features.ranking.snapshot import build_snapshot
from recommender.errors import UsageError
from recommender.metrics.bootstrap import bootstrap_mean
from recommender.metrics.ranking import gini, ndcg_at_k, recall_at_k, reciprocal_rank, top_k
from recommender.ranking.model.suggestion_model import BoundModel, SuggestionModel
from recommender.ranking.query import make_query
from recommender.ranking.snapshot import RankingSnapshot
from recommender.scorers.fallback import fall_back
from recommender.types import IdMap
from training.suggestions.fit import fit_suggestions
from training.suggestions.time_splits import (
    Moment,
    Queries,
    Window,
    last_fifth,
    queries,
    sample_queries,
    step_of,
    windows,
)

CHAINS = {
    "recent_popularity": ("popularity",),
    "als": ("als_warm",),
    "als_popularity": ("als_warm", "popularity"),
    "ease": ("ease", "popularity"),
    "graph": ("graph", "popularity"),
    "content": ("content", "popularity"),
    "affinity": ("affinity", "popularity"),
    "chain": ("als_warm", "content", "popularity"),
}
"""The scorers compared with the engine, each with what fills its gaps; `als` has nothing."""

ENGINE = "engine"
PER_QUERY = ("ndcg@10", "recall@20", "mrr")
LIST = 10
CHECKED = 1000
"""Residents and events at most, at each asking, whose chances are compared with what came."""
BINS = 5
_CELLS = 1_500_000

Fit = Callable[..., SuggestionModel]
Scored = Callable[[pd.Index, pd.Index], NDArray[np.float32]]
"""Scores of residents and events by their identifiers, shape (residents, events)."""

Peer = Callable[[Dataset], Scored]
"""Fits a foreign engine on what was known."""


@dataclass(slots=True)
class _Tally:
    """What one scorer did: a row a question, and exposure over all lists."""

    rows: list[pd.DataFrame] = field(default_factory=list)
    shown: dict[str, int] = field(default_factory=dict)
    surprise: float = 0.0
    new: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Results by scorer and group.

    Attributes
    ----------
    windows
        Number of windows that held at least one question.
    scorers
        Name → measure → value, and ``ci`` → measure → (low, high) at 95 %.
    groups
        Group → name → the same: ``hot``, ``warm``, ``cold`` residents; ``new_products``.
    questions
        One row a scorer, resident and moment: the measures before averaging.
    notes
        Counts that tell what was left out and why.
    """

    windows: int
    scorers: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, dict[str, Any]]]
    questions: pd.DataFrame
    notes: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The contract's JSON document."""
        return {
            "windows": self.windows,
            "scorers": self.scorers,
            "groups": self.groups,
            "notes": self.notes,
        }

    def calibration(self) -> pd.DataFrame:
        """Chances the engine gave beside what came; each fifth expects as many bookings."""
        found = self.scorers[ENGINE]["calibration"]
        whole = {name: found.get(name) for name in ("pairs", "predicted", "observed")}
        rows = [{"chances": "all"} | whole]
        rows += [{"chances": f"fifth {i}"} | one for i, one in enumerate(found.get("bins", ()), 1)]
        return pd.DataFrame(rows)

    def table(self, group: str | None = None) -> pd.DataFrame:
        """One row a scorer, the engine last, for printing."""
        chosen = self.scorers if group is None else self.groups[group]
        rows = []
        for name, values in chosen.items():
            row: dict[str, Any] = {"scorer": name}
            row.update({k: v for k, v in values.items() if isinstance(v, int | float)})
            for measure in ("ndcg@10",):
                low, high = values["ci"][measure]
                row[f"{measure} 95 %"] = f"{low:.3f}-{high:.3f}"
            rows.append(row)
        return pd.DataFrame(rows)


def evaluate(
    dataset: Dataset,
    cutoffs: Sequence[datetime] = (),
    *,
    rng: np.random.Generator,
    step: timedelta | None = None,
    until: datetime | None = None,
    questions: int = 6000,
    fit: Fit = fit_suggestions,
    peers: Mapping[str, Peer] | None = None,
    progress: Callable[[str], None] | None = None,
) -> EvaluationReport:
    """Fit before each cutoff, ask afterwards, compare with what was booked.

    Parameters
    ----------
    dataset
        Everything, later time included.
    cutoffs
        Where windows begin; the start of the last fifth of bookings when left out.
    rng
        Seeds fitting, ties and bootstrap.
    step
        How often people are asked within a window; see
        ``training.suggestions.time_splits.step_of``.
    until
        End of the last window; the last booking when left out.
    questions
        About so many in all; more are drawn from at random, all residents alike.
    fit
        What fits a model; exchanged by benchmarks.
    peers
        Other engines to be asked the same, by name; fitted when the engine is.
    progress
        Told what is going on.

    Raises
    ------
    UsageError
        If no booking follows a cutoff, or none goes before it.
    """
    say = progress or (lambda _: None)
    bookings = dataset["bookings"]
    if bookings.empty:
        raise UsageError("there are no bookings to evaluate on.", "Import bookings first.")
    end = pd.Timestamp(until) if until else bookings["booked_at"].max()
    everything = build_snapshot(dataset, end.to_pydatetime())
    moments = [_moment(cutoff) for cutoff in cutoffs] or [last_fifth(everything)]
    every = np.timedelta64(step, "us") if step else step_of(_known(dataset, min(moments))[1])
    peers = peers or {}
    tallies = {name: _Tally() for name in (*CHAINS, *peers, ENGINE)}
    chances: list[NDArray[np.float64]] = []
    notes = {"answerable": 0, "questions": 0, "bookings": 0, "unreachable_bookings": 0, "asks": 0}
    used = 0
    cut = windows(moments, _moment(end), every)
    most = max(100, questions // max(sum(len(window.asks) for window in cut), 1))
    for window in cut:
        asked = _walk(dataset, window, every, most, tallies, chances, notes, rng, fit, peers, say)
        used += asked > 0
    if not used:
        raise UsageError(
            "nothing that could have been suggested was booked after the cutoff.",
            "Choose an earlier --cutoff.",
        )
    return _report(used, tallies, chances, notes, rng)


def _walk(
    dataset: Dataset,
    window: Window,
    every: np.timedelta64,
    most: int,
    tallies: dict[str, _Tally],
    chances: list[NDArray[np.float64]],
    notes: dict[str, Any],
    rng: np.random.Generator,
    fit: Fit,
    peers: Mapping[str, Peer],
    say: Callable[[str], None],
) -> int:
    before, snapshot = _known(dataset, window.start)
    say(f"fitting on what was known at {window.start}")
    horizon = min(every, window.end - window.start).astype("timedelta64[us]").item()
    model = fit(before, as_of=_zoned(window.start), rng=rng, horizon=horizon)
    others = {name: peer(before) for name, peer in peers.items()}
    old = set(np.unique(snapshot.event_level["product"][snapshot.log_event]).tolist())
    old_products = {snapshot.products.ids[p] for p in old}
    asked = 0
    for at, until in window.steps():
        say(f"asking at {at}")
        now, taken, known = _as_asked(dataset, at, until)
        snapshot = build_snapshot(now, _zoned(at))
        residents = snapshot.residents.positions(taken["resident_id"], missing=-1)
        events = snapshot.events.positions(taken["event_id"], missing=-1)
        questions = queries(snapshot, at, residents, events)
        notes["answerable"] += len(questions.residents)
        people = rng.permutation(snapshot.residents.positions(known))[:CHECKED]
        bound = model.bind(snapshot)
        chances.append(_chances(bound, questions, np.sort(people), rng))
        questions = sample_queries(questions, most, rng)
        notes["asks"] += 1
        notes["bookings"] += len(taken)
        notes["unreachable_bookings"] += questions.missed
        notes["questions"] += len(questions.residents)
        if len(questions.residents) == 0:
            continue
        asked += len(questions.residents)
        _answer(bound, others, questions, old_products, tallies, rng)
    return asked


def _known(dataset: Dataset, at: Moment) -> tuple[Dataset, RankingSnapshot]:
    before = as_of(dataset, _zoned(at))
    return before, build_snapshot(before, _zoned(at))


def _as_asked(
    dataset: Dataset, at: Moment, until: Moment
) -> tuple[Dataset, pd.DataFrame, pd.Series]:
    """What was known, plus the bare registration of whoever books for the first time after it.

    Also what is booked until the next asking, and the residents known at the moment.
    """
    bookings = dataset["bookings"]
    taken = bookings[
        (bookings["booked_at"] > pd.Timestamp(_zoned(at)))
        & (bookings["booked_at"] <= pd.Timestamp(_zoned(until)))
        & (bookings["status"] != "cancelled")
    ]
    before = as_of(dataset, _zoned(at))
    everyone = dataset["residents"]
    present = everyone["resident_id"].isin(before["residents"]["resident_id"]) | everyone[
        "resident_id"
    ].isin(taken["resident_id"])
    now = before.replace(residents=everyone[present].reset_index(drop=True))
    return now, taken, before["residents"]["resident_id"]


def _chances(
    bound: BoundModel, asked: Queries, people: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Predicted chance and outcome of pairs of residents, bookers or not, with what they may book.

    Chances are made for everybody; among those who went on to book they are too low by nature.
    """
    snapshot, candidates = bound.snapshot, asked.candidates
    if len(people) == 0 or len(candidates) == 0:
        return np.empty((0, 2))
    columns = np.sort(rng.permutation(len(candidates))[:CHECKED])
    predicted = bound.score(people, candidates[columns], asked.at).probability
    row = np.full(len(snapshot.residents), -1)
    row[asked.residents] = np.arange(len(asked.residents))
    booked = np.zeros(predicted.shape, dtype=bool)
    there = row[people] >= 0
    booked[there] = asked.relevant[row[people[there]]][:, columns].toarray()
    before = snapshot.booked(people)[:, candidates[columns]].toarray() > 0
    return np.column_stack([predicted[~before], booked[~before]]).astype(np.float64)


def _answer(
    bound: BoundModel,
    others: Mapping[str, Scored],
    asked: Queries,
    old_products: set[str],
    tallies: dict[str, _Tally],
    rng: np.random.Generator,
) -> None:
    snapshot = bound.snapshot
    order = rng.permutation(len(asked.candidates))  # ties must not follow the identifiers
    candidates = asked.candidates[order]
    product = snapshot.event_level["product"][candidates]
    new = np.array([snapshot.products.ids[p] not in old_products for p in product])
    bookings = np.bincount(snapshot.log_event, minlength=len(snapshot.events))[candidates]
    surprise = -np.log2((bookings + 1) / (bookings.sum() + len(candidates)))
    history = np.bincount(snapshot.log_resident, minlength=len(snapshot.residents))
    ids = np.array(snapshot.events.ids, dtype=object)[candidates]
    rows = max(1, _CELLS // max(len(candidates), 1))
    nothing = dict.fromkeys(ids, 0)
    for tally in tallies.values():
        tally.shown = nothing | tally.shown
    for start in range(0, len(asked.residents), rows):
        part = slice(start, start + rows)
        residents = asked.residents[part]
        relevant = asked.relevant[part][:, order].toarray()
        excluded = asked.excluded[part][:, order].toarray()
        signals = bound.signals(
            make_query(snapshot, residents, candidates, asked.at), first_stage=True
        )
        signals["affinity"] = _affinity(signals)
        scores = {
            name: fall_back([signals[one] for one in chain], empty=-1e9)
            for name, chain in CHAINS.items()
        }
        names = pd.Index(snapshot.residents.take(residents))
        scores |= {name: scored(names, pd.Index(ids)) for name, scored in others.items()}
        scores[ENGINE] = bound.score(residents, candidates, asked.at).total
        kind = _kind(snapshot, residents, history)
        for name, values in scores.items():
            values = np.where(excluded, np.float32(-np.inf), values)
            best = top_k(values, 20)
            tally = tallies[name]
            tally.rows.append(_measures(best, relevant, new, residents, snapshot.residents, kind))
            shown = best[:, :LIST][best[:, :LIST] >= 0]
            columns, counts = np.unique(shown, return_counts=True)
            for event, count in zip(ids[columns], counts, strict=True):
                tally.shown[event] = tally.shown.get(event, 0) + int(count)
            tally.surprise += float(surprise[shown].sum())
            tally.new += int(new[shown].sum())
            tally.places += len(shown)


def _affinity(signals: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Bookings with the supplier so far; popularity decides between equals."""
    popular = signals["popularity"]
    top = np.maximum(popular.max(axis=1, keepdims=True), np.float32(1e-6))
    return np.asarray(
        np.nan_to_num(signals["own_supplier"]) + np.float32(1e-3) * popular / top, dtype=np.float32
    )


def _kind(
    snapshot: RankingSnapshot, residents: NDArray[np.intp], history: NDArray[np.intp]
) -> NDArray[np.object_]:
    hot = (history[residents] > 0) & snapshot.resident_profiled[residents]
    warm = (snapshot.resident_street[residents] >= 0) | (snapshot.resident_age[residents] >= 0)
    return np.where(hot, "hot", np.where(warm, "warm", "cold")).astype(object)


def _measures(
    best: NDArray[np.intp],
    relevant: NDArray[np.bool_],
    new: NDArray[np.bool_],
    residents: NDArray[np.intp],
    names: IdMap,
    kind: NDArray[np.object_],
) -> pd.DataFrame:
    """One row a question; ``wanted`` is the number of events it asked to find."""
    hits = np.take_along_axis(relevant, np.maximum(best, 0), axis=1) & (best >= 0)
    wanted = relevant.sum(axis=1)
    fresh = relevant & new
    fresh_wanted = fresh.sum(axis=1)
    fresh_hits = np.take_along_axis(fresh, np.maximum(best, 0), axis=1) & (best >= 0)
    some = np.maximum(fresh_wanted, 1)
    return pd.DataFrame(
        {
            "resident_id": names.take(residents),
            "kind": kind,
            "wanted": wanted,
            "ndcg@10": ndcg_at_k(hits, wanted, 10),
            "recall@20": recall_at_k(hits, wanted, 20),
            "mrr": reciprocal_rank(hits),
            "fresh": fresh_wanted > 0,
            "new ndcg@10": ndcg_at_k(fresh_hits, some, 10),
            "new recall@20": recall_at_k(fresh_hits, some, 20),
            "new mrr": reciprocal_rank(fresh_hits),
        }
    )


def _report(
    used: int,
    tallies: dict[str, _Tally],
    chances: list[NDArray[np.float64]],
    notes: dict[str, Any],
    rng: np.random.Generator,
) -> EvaluationReport:
    scorers: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    frames = []
    for name, tally in tallies.items():
        rows = pd.concat(tally.rows, ignore_index=True)
        frames.append(rows.assign(scorer=name))
        exposure = np.array(list(tally.shown.values()), dtype=np.float64)
        places = max(tally.places, 1)
        scorers[name] = _means(rows, rng) | {
            "coverage": float((exposure > 0).mean()),
            "novelty": tally.surprise / places,
            "gini": gini(exposure),
            "new_product_share": tally.new / places,
        }
        for kind in ("hot", "warm", "cold"):
            some = rows[rows["kind"] == kind]
            if len(some):
                groups.setdefault(kind, {})[name] = _means(some, rng)
        fresh = rows[rows["fresh"]]
        if len(fresh):
            renamed = fresh.drop(columns=list(PER_QUERY)).rename(
                columns=lambda column: column.removeprefix("new ")
            )
            groups.setdefault("new_products", {})[name] = _means(renamed, rng)
    scorers[ENGINE]["calibration"] = _calibration(np.concatenate(chances))
    return EvaluationReport(used, scorers, groups, pd.concat(frames, ignore_index=True), notes)


def _means(rows: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    """Means over residents of their own means, with intervals."""
    each = rows.groupby("resident_id", observed=True)[list(PER_QUERY)].mean()
    found: dict[str, Any] = {name: float(each[name].mean()) for name in PER_QUERY}
    found["residents"] = len(each)
    found["ci"] = {name: list(bootstrap_mean(each[name].to_numpy(), rng=rng)) for name in PER_QUERY}
    return found


def _calibration(pairs: NDArray[np.float64]) -> dict[str, Any]:
    """Predicted and true share of bookings over all pairs, and by fifths of what is predicted."""
    if len(pairs) == 0:
        return {}
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    p, y = np.clip(pairs[:, 0], 1e-6, 1 - 1e-6), pairs[:, 1]
    mass = np.cumsum(p)
    bins = np.minimum((BINS * mass / mass[-1]).astype(np.intp), BINS - 1)
    return {
        "pairs": len(p),
        "predicted": float(p.mean()),
        "observed": float(y.mean()),
        "log_loss": float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()),
        "bins": [
            {
                "pairs": int((bins == b).sum()),
                "predicted": float(p[bins == b].mean()),
                "observed": float(y[bins == b].mean()),
            }
            for b in range(BINS)
            if (bins == b).any()
        ],
    }


def _zoned(moment: Moment) -> datetime:
    return pd.Timestamp(moment).to_pydatetime().replace(tzinfo=UTC)


def _moment(when: datetime | pd.Timestamp) -> Moment:
    return np.datetime64(pd.Timestamp(when).tz_convert("UTC").tz_localize(None), "us")
