"""Past questions with their answers, as rows to learn ranking from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.features.registry import FIRST_STAGE_NAMES, NAMES, Signals, columns
from recommender.ranking.model.first_stage import WIDE, FirstStage, best_columns, short_list
from recommender.ranking.model.latent_factors import LatentFactors
from recommender.ranking.model.ranker import LinearRanker, Rows
from recommender.ranking.query import Query, make_query
from recommender.ranking.snapshot import RankingSnapshot
from training.suggestions.time_splits import DAY, Moment, Queries, past_queries, sample_queries

CELLS = 5_000_000
"""Pairs looked at in one window, at most: it bounds time and memory on any set."""
ALL_UP_TO = 100
"""So many candidates or fewer are all kept; of more, about so many at random."""


@dataclass(frozen=True, slots=True)
class TrainingWindow:
    """One past window: the snapshot as it was, questions learnt from, all questions, signals.

    Attributes
    ----------
    snapshot
        As known when the window begins.
    until
        When the window ends: its questions are answered by bookings up to then.
    asked, everyone
        The questions learnt from, and all of them.
    latent_factors, signals
        Fitted on what was known.
    """

    snapshot: RankingSnapshot
    until: Moment
    asked: Queries
    everyone: Queries
    latent_factors: LatentFactors
    signals: Signals


def past_windows(
    snapshot: RankingSnapshot, step: np.timedelta64, *, bookings: int, least: int, most: int
) -> list[tuple[Moment, Moment]]:
    """The latest windows of a snapshot, oldest first.

    Parameters
    ----------
    step
        Length of a window.
    bookings
        Enough of them to learn from: no window goes further back.
    least
        Where time is short for so many windows they overlap, a day apart at the closest. Where
        bookings are few they overlap by half.
    most
        Windows at most.

    Returns
    -------
    Pairs (start, end); at least a third of the log goes before the first start.
    """
    n = len(snapshot.log_time)
    first = min(
        snapshot.log_time[max(n // 3, n - bookings)],
        max(snapshot.as_of - 4 * step, snapshot.log_time[n // 3]),
    )
    stride = step // 2 if n < bookings else step
    stride = max(min(stride, (snapshot.as_of - step - first) // least), DAY)
    found: list[tuple[Moment, Moment]] = []
    end = snapshot.as_of
    while len(found) < most and (not found or end - step >= first):
        found.append((end - step, end))
        end = end - stride
    return found[::-1]


def questions_of(
    snapshot: RankingSnapshot,
    window: tuple[Moment, Moment],
    questions: int,
    rng: np.random.Generator,
) -> tuple[RankingSnapshot, Queries, Queries]:
    """The snapshot rewound, a random part of its questions when there are many, and all of them.

    Parameters
    ----------
    snapshot
        What is known now.
    window
        Start and end of a past window.
    questions
        How many are kept at most; fewer where there are many candidates.
    rng
        Draws them.

    Returns
    -------
    The rewound snapshot, the questions kept, and all questions.
    """
    then, asked = past_queries(snapshot, *window)
    most = min(questions, max(50, CELLS // max(len(asked.candidates), 1)))
    # Lists are made for who is known: newcomers of the window are learnt from where there is room.
    known = then.resident_known[asked.residents] <= window[0]
    return then, sample_queries(asked, most, rng, known), asked


def rows_of(
    training_window: TrainingWindow,
    window: int,
    first: LinearRanker | None,
    rng: np.random.Generator,
) -> Rows:
    """Rows of one past window.

    Parameters
    ----------
    first
        The first stage: where it will choose who meets the ranker, the ranker learns on what it
        chooses, and on nothing else. ``None`` gives the rows the first stage itself learns from.
        Wherever candidates are left out they are left out at random: leaving out only easy ones
        would teach that what looks good is wrong.

    Returns
    -------
    Signals and outcomes, one row per pair of a resident and a candidate.
    """
    asked = training_window.asked
    names = FIRST_STAGE_NAMES if first is None else NAMES
    stage = None
    if first is not None and len(asked.candidates) > WIDE:
        stage = FirstStage(first, training_window.signals, asked.candidates, asked.at)
    x, booked, sizes = [], [], []
    per_chunk = max(1, 400_000 // max(len(asked.candidates), 1))
    for start in range(0, len(asked.residents), per_chunk):
        part = slice(start, start + per_chunk)
        query = make_query(
            training_window.snapshot, asked.residents[part], asked.candidates, asked.at
        )
        relevant = asked.relevant[part].toarray()
        keep = ~asked.excluded[part].toarray()
        if stage is not None:
            score = np.where(keep, stage.score(query.residents, query.streets), -np.inf)
            short = best_columns(score, short_list(len(asked.candidates)))
            query = Query(query.residents, query.streets, asked.candidates[short], query.at)
            relevant = np.take_along_axis(relevant, short, axis=1)
            keep = np.take_along_axis(keep, short, axis=1)
        keep &= relevant | _some(keep.shape, rng)
        signals = training_window.signals.compute(query, first_stage=first is None)
        flat = keep.ravel()
        x.append(columns(signals, names)[flat])
        booked.append(relevant.ravel()[flat])
        sizes.append(keep.sum(axis=1))
    return Rows(
        np.concatenate(x),
        np.concatenate(booked),
        np.concatenate(sizes).astype(np.int64),
        np.full(len(asked.residents), window, dtype=np.int64),
    )


def _some(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """All, or a random part of so many columns that about ``ALL_UP_TO`` remain."""
    if shape[1] <= ALL_UP_TO:
        return np.ones(shape, dtype=bool)
    return rng.random(shape, dtype=np.float32) < ALL_UP_TO / shape[1]
