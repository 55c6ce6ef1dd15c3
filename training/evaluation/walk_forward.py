"""Walk-forward evaluation: every scorer and the full engine on later time, side by side."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone
from data.snapshot import as_of
from features.ranking.snapshot import build_snapshot
from recommender.errors import UsageError
from recommender.ranking.model.suggestion_model import BoundModel, SuggestionModel
from recommender.ranking.snapshot import RankingSnapshot
from training.evaluation.answers import CHAINS, Scored, answer
from training.evaluation.report import (
    ENGINE,
    EvaluationReport,
    Tally,
    make_report,
)
from training.evaluation.served import ServedLists
from training.suggestions.fit import fit_suggestions
from training.suggestions.publication import usual_lead, with_publications
from training.suggestions.time_splits import (
    Moment,
    Queries,
    Window,
    among,
    last_fifth,
    queries,
    sample_queries,
    step_of,
    windows,
    zoned,
)

CHECKED, CHECKED_EVENTS = 1000, 300
"""Residents and events at most, at each asking, whose chances are compared with what came."""

Fit = Callable[..., SuggestionModel]
Peer = Callable[[Dataset], Scored]
"""Fits a foreign engine on what was known."""


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
    lists: type[ServedLists] = ServedLists,
    assume_published: timedelta | None = None,
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
    lists
        What makes the served lists; exchanged by benchmarks.
    assume_published
        How long before their start events without a time of publication are taken to have been
        published; learnt from the year before the first cutoff when left out
        (:func:`training.suggestions.publication.usual_lead`).
    progress
        Told what is going on.

    Returns
    -------
    Results by scorer and group, with a row per question behind them.

    Raises
    ------
    UsageError
        If no booking follows a cutoff, or none goes before it.
    """
    say = progress or (lambda _: None)
    events = dataset["events"]
    undated = set(events.loc[events["published_at"].isna(), "event_id"])
    bookings = dataset["bookings"]
    if bookings.empty:
        raise UsageError("there are no bookings to evaluate on.", "Import bookings first.")
    end = pd.Timestamp(until) if until else bookings["booked_at"].max()
    everything = build_snapshot(dataset, end.to_pydatetime(), district_zone())
    moments = [_moment(cutoff) for cutoff in cutoffs] or [last_fifth(everything)]
    lead = (
        usual_lead(dataset, zoned(min(moments))) if assume_published is None else assume_published
    )
    dataset = with_publications(dataset, lead)
    every = np.timedelta64(step, "us") if step else step_of(_known(dataset, min(moments))[1])
    peers = peers or {}
    tallies = {name: Tally() for name in (*CHAINS, *peers, *lists.variants, ENGINE)}
    chances: list[NDArray[np.float64]] = []
    notes: dict[str, Any] = {
        "answerable": 0,
        "questions": 0,
        "bookings": 0,
        "unreachable_bookings": 0,
        "unreachable_not_known": 0,
        "unreachable_undated": 0,
        "asks": 0,
    }
    notes["events_without_publication"] = len(undated)
    notes["assumed_lead_days"] = lead / timedelta(days=1)
    used = 0
    cut = windows(moments, _moment(end), every)
    most = max(100, questions // max(sum(len(window.asks) for window in cut), 1))
    for number, window in enumerate(cut, 1):
        title = f"window {number} of {len(cut)}"
        say(f"{title}: fitting on what was known at {_minute(window.start)}")
        asked = _walk(
            dataset,
            window,
            every,
            most,
            undated,
            tallies,
            chances,
            notes,
            rng,
            fit,
            peers,
            lists,
            say,
        )
        used += asked > 0
        say(f"{title}: {asked:,} lists until {_minute(window.end)}{_so_far(tallies, asked)}")
    if not used:
        raise UsageError(
            "nothing that could have been suggested was booked after the cutoff.",
            "Choose an earlier --cutoff.",
        )
    return make_report(used, tallies, chances, notes, rng)


def _walk(
    dataset: Dataset,
    window: Window,
    every: np.timedelta64,
    most: int,
    undated: Collection[str],
    tallies: dict[str, Tally],
    chances: list[NDArray[np.float64]],
    notes: dict[str, Any],
    rng: np.random.Generator,
    fit: Fit,
    peers: Mapping[str, Peer],
    lists: type[ServedLists],
    say: Callable[[str], None],
) -> int:
    before, snapshot = _known(dataset, window.start)
    horizon = min(every, window.end - window.start).astype("timedelta64[us]").item()
    model = fit(before, as_of=zoned(window.start), rng=rng, horizon=horizon)
    others = {name: peer(before) for name, peer in peers.items()}
    old = set(np.unique(snapshot.event_level["product"][snapshot.log_event]).tolist())
    old_products = {snapshot.products.ids[p] for p in old}
    asked = 0
    for at, until in window.steps():
        say(f"asking at {_minute(at)}, answered until {_minute(until)}")
        now, taken, known = _as_asked(dataset, at, until)
        snapshot = build_snapshot(now, zoned(at), district_zone())
        residents = snapshot.residents.positions(taken["resident_id"], missing=-1)
        events = snapshot.events.positions(taken["event_id"], missing=-1)
        bound = model.bind(snapshot)
        served = lists(bound, now, at, rng)
        # What was full then could be in no list, whoever makes it.
        questions = among(queries(snapshot, at, residents, events), served.candidates_)
        notes["answerable"] += len(questions.residents)
        people = rng.permutation(snapshot.residents.positions(known))[:CHECKED]
        chances.append(_chances(bound, questions, np.sort(people), rng))
        questions = sample_queries(questions, most, rng)
        notes["asks"] += 1
        notes["bookings"] += len(taken)
        notes["unreachable_bookings"] += questions.missed
        notes["unreachable_not_known"] += int((events < 0).sum())
        notes["unreachable_undated"] += int(taken["event_id"][events < 0].isin(undated).sum())
        notes["questions"] += len(questions.residents)
        if len(questions.residents) == 0:
            continue
        asked += len(questions.residents)
        answer(bound, served, others, questions, old_products, tallies, rng)
    return asked


def _minute(moment: Moment) -> str:
    return str(np.datetime_as_string(moment, unit="m")).replace("T", " ")


def _so_far(tallies: dict[str, Tally], asked: int) -> str:
    """NDCG@10 over the lists of all windows up to here, of the engine and of popularity."""
    if not asked:
        return ""
    means = {
        name: pd.concat([rows["ndcg@10"] for rows in tallies[name].rows]).mean()
        for name in (ENGINE, next(iter(CHAINS)))
    }
    return "; NDCG@10 so far " + ", ".join(f"{n} {value:.3f}" for n, value in means.items())


def _known(dataset: Dataset, at: Moment) -> tuple[Dataset, RankingSnapshot]:
    before = as_of(dataset, zoned(at))
    return before, build_snapshot(before, zoned(at), district_zone())


def _as_asked(
    dataset: Dataset, at: Moment, until: Moment
) -> tuple[Dataset, pd.DataFrame, pd.Series]:
    """What was known, plus the bare registration of whoever books for the first time after it.

    Also what is booked until the next asking, and the residents known at the moment.
    """
    bookings = dataset["bookings"]
    taken = bookings[
        (bookings["booked_at"] > pd.Timestamp(zoned(at)))
        & (bookings["booked_at"] <= pd.Timestamp(zoned(until)))
        & (bookings["status"] != "cancelled")
    ]
    before = as_of(dataset, zoned(at))
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
    columns = np.sort(rng.permutation(len(candidates))[:CHECKED_EVENTS])
    predicted = bound.score(people, candidates[columns], asked.at).probability
    row = np.full(len(snapshot.residents), -1)
    row[asked.residents] = np.arange(len(asked.residents))
    booked = np.zeros(predicted.shape, dtype=bool)
    there = row[people] >= 0
    booked[there] = asked.relevant[row[people[there]]][:, columns].toarray()
    before = snapshot.booked(people)[:, candidates[columns]].toarray() > 0
    return np.column_stack([predicted[~before], booked[~before]]).astype(np.float64)


def _moment(when: datetime | pd.Timestamp) -> Moment:
    return np.datetime64(pd.Timestamp(when).tz_convert("UTC").tz_localize(None), "us")
