"""Fitting the suggestion model on what was known at a moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from data.district_time import district_zone
from features.ranking.snapshot import build_snapshot
from recommender.booking_states import CANCELLED
from recommender.errors import NotTrainedError
from recommender.metrics.ranking import ndcg_at_k, top_k
from recommender.ranking.features.decay import by_position, decay
from recommender.ranking.features.registry import FIRST_STAGE_NAMES, Signals
from recommender.ranking.model.calibration import Calibration
from recommender.ranking.model.first_stage import WIDE
from recommender.ranking.model.latent_factors import Settings, fit_content_axes, fit_latent_factors
from recommender.ranking.model.ranker import LinearRanker, Rows
from recommender.ranking.model.suggestion_model import BoundModel, SuggestionModel
from recommender.ranking.query import make_query
from recommender.ranking.snapshot import RankingSnapshot
from recommender.scorers.fallback import fall_back
from training.suggestions.publication import usual_lead, with_publications
from training.suggestions.ranker_selection import fit_ranker
from training.suggestions.time_splits import DAY, Moment, Queries, step_of
from training.suggestions.training_windows import (
    ALL_UP_TO,
    TrainingWindow,
    past_windows,
    questions_of,
    rows_of,
)

HALF_LIVES_DAYS = (1.0, 2.0, 4.0, 7.0, 14.0, 30.0, 60.0, 120.0, 365.0, 1095.0)
WINDOWS = 120
"""Past windows replayed, at most."""
WORK = 360_000
"""Windows x (residents + products + events) at most, but never fewer than ``LEAST`` windows: where
there is more of everything, each window teaches more and costs more."""
LEAST = 12
SLOW = 1_000_000
"""Bookings above which only a few past windows are replayed."""
BOOKINGS = 20_000
"""Bookings that are enough to learn ranking from."""
ROWS = 100_000
"""Pairs learnt from, about."""
WIDE_ROWS = 600_000
"""The same where candidates are many: each question then holds fewer bookings."""
MANY = 200_000
"""Residents above whom trees over many candidates make nights long (docs/decisions/0203)."""
GROWTH = 1.05
"""Factors are fitted again for a past window when the log has grown by so much, or a quarter as
often as there are windows, whichever is less."""
SAMPLE = 1500

Progress = Callable[[str], None]


def fit_suggestions(
    dataset: Dataset,
    *,
    as_of: datetime,
    rng: np.random.Generator,
    horizon: timedelta | None = None,
    audience: int | None = None,
    progress: Progress | None = None,
) -> SuggestionModel:
    """Fit everything that suggestions need.

    Past windows are replayed: the snapshot is rewound to the start of each, signals are computed
    from what was known then, and what was booked in it is what the ranker learns to put first.
    Choices (half-life, regularisation, linear or trees) are made on later windows than they were
    fitted on.

    Parameters
    ----------
    dataset
        What was known at ``as_of`` (see ``data.snapshot.as_of``).
    as_of
        The moment the model speaks for.
    rng
        The only source of chance: the same data and generator state give the same model.
    horizon
        How far ahead a list should look; learnt from the set when left out.
    audience
        For how many residents lists will be made every night; those of the set when left out.
    progress
        Told the name of each step.

    Returns
    -------
    The fitted model.

    Raises
    ------
    NotTrainedError
        If there is no booking to learn from.
    """
    say = progress or (lambda _: None)
    say("reading history")
    dataset = with_publications(dataset, usual_lead(dataset, as_of))
    snapshot = build_snapshot(dataset, as_of, district_zone())
    if not (snapshot.log_outcome != CANCELLED).any():
        raise NotTrainedError(
            "there is no booking to learn from.", "Import bookings, or ask for a later moment."
        )
    # The matrices are small: threads of linear algebra would mostly wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        return fit_snapshot(snapshot, rng=rng, horizon=horizon, audience=audience, progress=say)


def fit_snapshot(
    snapshot: RankingSnapshot,
    *,
    rng: np.random.Generator,
    horizon: timedelta | None = None,
    audience: int | None = None,
    progress: Progress | None = None,
) -> SuggestionModel:
    """The same from a snapshot that is already built.

    Parameters
    ----------
    snapshot
        What was known at its moment; at least one booking.
    rng
        The only source of chance.
    horizon
        How far ahead a list should look; learnt from the bookings when left out.
    audience
        For how many residents lists will be made every night; all of them when left out.
    progress
        Called with the name of each step.

    Returns
    -------
    The fitted model.
    """
    say = progress or (lambda _: None)
    step = np.timedelta64(horizon, "us") if horizon else step_of(snapshot)
    step = max(step, DAY)
    axes = fit_content_axes(snapshot.product_features, rng)
    slow = len(snapshot.log_event) > SLOW
    size = len(snapshot.residents) + len(snapshot.products) + len(snapshot.events)
    most = 3 if slow else max(LEAST, min(WINDOWS, WORK // size))
    windows = past_windows(snapshot, step, bookings=BOOKINGS, least=LEAST, most=most)
    then, asked, _ = questions_of(snapshot, windows[-1], 2000, rng)
    say("choosing settings")
    settings = Settings(half_life_days=_choose_half_life(snapshot, windows, rng))
    settings = _choose_settings(then, asked, settings, axes, rng)
    training_windows = _replay(snapshot, windows, settings, axes, rng, say)
    say("fitting factors")
    latent_factors = fit_latent_factors(snapshot, settings, rng=rng, content_axes=axes)
    say("learning to rank")
    first = _fit_first(training_windows, rng)
    rows = [rows_of(one, i, first, rng) for i, one in enumerate(training_windows)]
    wide = len(snapshot.bookable(snapshot.as_of)) > WIDE
    many = (len(snapshot.residents) if audience is None else audience) > MANY
    periods = [(one.asked.at, one.until) for one in training_windows]
    ranker = fit_ranker(rows, periods, seed=int(rng.integers(2**31 - 1)), frugal=wide and many)
    model = SuggestionModel(latent_factors, first, ranker, _uncalibrated())
    say("calibrating")
    return replace(model, calibration=_calibrate(model, training_windows, rng))


def _replay(
    snapshot: RankingSnapshot,
    windows: list[tuple[Moment, Moment]],
    settings: Settings,
    axes: NDArray[np.float32],
    rng: np.random.Generator,
    say: Progress,
) -> list[TrainingWindow]:
    """The windows replayed, oldest first; factors are fitted again when the log has grown."""
    training_windows: list[TrainingWindow] = []
    latent_factors, fitted_on = None, 0
    logs = [
        int(np.searchsorted(snapshot.log_time, start)) for start, _ in (windows[0], windows[-1])
    ]
    growth = max(GROWTH, (logs[1] / max(logs[0], 1)) ** (4 / len(windows)))
    for start, end in windows:
        say(f"replaying {start}")
        then = snapshot.rewind(start)
        bookable = len(then.bookable(start))
        wide = bookable > WIDE
        candidates = min(max(bookable, 1), ALL_UP_TO)
        pairs = WIDE_ROWS if wide and len(snapshot.log_event) <= SLOW else ROWS
        questions = max(20, pairs // (len(windows) * candidates))
        then, asked, everyone = questions_of(snapshot, (start, end), questions, rng)
        if len(asked.residents) == 0 or len(asked.candidates) < 2:
            continue
        if latent_factors is None or len(then.log_event) > growth * fitted_on:
            latent_factors = fit_latent_factors(then, settings, rng=rng, content_axes=axes)
            fitted_on = len(then.log_event)
        training_windows.append(
            TrainingWindow(
                then, end, asked, everyone, latent_factors, Signals(then, latent_factors)
            )
        )
    return training_windows


def _fit_first(training_windows: list[TrainingWindow], rng: np.random.Generator) -> LinearRanker:
    if not training_windows:
        d = len(FIRST_STAGE_NAMES)
        weights = np.zeros(d)
        weights[FIRST_STAGE_NAMES.index("popularity")] = 1.0
        return LinearRanker(np.zeros(d), np.ones(d), weights)
    rows = [rows_of(one, i, None, rng) for i, one in enumerate(training_windows[-3:])]
    return LinearRanker.fit(Rows.join(rows))


def _choose_half_life(
    snapshot: RankingSnapshot, windows: list[tuple[Moment, Moment]], rng: np.random.Generator
) -> float:
    """The half-life whose one list for everybody was best, on the whole, over past windows."""
    value = np.zeros(len(HALF_LIVES_DAYS))
    product = snapshot.event_level["product"]
    for window in windows[:: max(1, len(windows) // LEAST)]:
        then, asked, _ = questions_of(snapshot, window, SAMPLE // LEAST, rng)
        if len(asked.residents) == 0:
            continue
        relevant = np.asarray(asked.relevant.sum(axis=1)).ravel().astype(np.int64)
        for i, half_life in enumerate(HALF_LIVES_DAYS):
            weight = decay(then, half_life)
            popular = by_position(product[then.log_event], weight, len(snapshot.products))
            scores = popular[product[asked.candidates]][None, :]
            order = top_k(scores, min(200, scores.shape[1]))[0]
            value[i] += float(ndcg_at_k(_hits_of_one_list(order, asked), relevant, 20).mean())
    return HALF_LIVES_DAYS[int(value.argmax())] if value.any() else 30.0


def _hits_of_one_list(order: NDArray[np.intp], asked: Queries, k: int = 20) -> NDArray[np.bool_]:
    hits = np.zeros((len(asked.residents), k), dtype=bool)
    for row in range(len(asked.residents)):
        inside = slice(asked.excluded.indptr[row], asked.excluded.indptr[row + 1])
        wanted = slice(asked.relevant.indptr[row], asked.relevant.indptr[row + 1])
        shown = order[~np.isin(order, asked.excluded.indices[inside])][:k]
        hits[row, : len(shown)] = np.isin(shown, asked.relevant.indices[wanted])
    return hits


GRID: tuple[dict[str, Any], ...] = (
    {},
    {"factors": 64, "alpha": 5.0, "regularization": 1.0, "ease_regularization": 400.0},
    {"factors": 16, "alpha": 30.0, "regularization": 0.1, "ease_regularization": 30.0},
)
"""Settings tried beside the given ones; each scorer takes what served it best."""


def _choose_settings(
    snapshot: RankingSnapshot,
    asked: Queries,
    settings: Settings,
    axes: NDArray[np.float32],
    rng: np.random.Generator,
) -> Settings:
    """Regularisations by NDCG@20 on the latest window; popularity fills what a scorer leaves."""
    n = len(asked.residents)
    if n < 20 or len(snapshot.log_event) > SLOW:
        return settings
    part = np.sort(rng.choice(n, min(n, 400), replace=False))
    residents = asked.residents[part]
    relevant, excluded = asked.relevant[part].toarray(), asked.excluded[part].toarray()
    best = {"als": (-1.0, settings), "ease": (-1.0, settings)}
    for change in GRID:
        tried = replace(settings, **change)
        latent_factors = fit_latent_factors(snapshot, tried, rng=rng, content_axes=axes)
        signals = Signals(snapshot, latent_factors).compute(
            make_query(snapshot, residents, asked.candidates, asked.at), first_stage=True
        )
        for name in best:
            scores = fall_back([signals[name], signals["popularity"]])
            order = top_k(np.where(excluded, np.float32(-np.inf), scores), 20)
            hits = np.take_along_axis(relevant, np.maximum(order, 0), axis=1) & (order >= 0)
            value = float(ndcg_at_k(hits, relevant.sum(axis=1), 20).mean())
            if value > best[name][0]:
                best[name] = (value, tried)
    als, ease = best["als"][1], best["ease"][1]
    return replace(als, ease_regularization=ease.ease_regularization)


def _uncalibrated() -> Calibration:
    return Calibration(np.zeros(8), np.ones(8), np.array([-6.0, 1.0, 0, 0, 0, 0, 0, 0]))


def _calibrate(
    model: SuggestionModel, training_windows: list[TrainingWindow], rng: np.random.Generator
) -> Calibration:
    """Chance of booking over a sample of all residents, bookers or not, in the latest window."""
    if not training_windows:
        return model.calibration
    training_window = training_windows[-1]
    snapshot, at = training_window.snapshot, training_window.asked.at
    candidates = training_window.asked.candidates
    if len(candidates) > ALL_UP_TO:
        candidates = np.sort(rng.choice(candidates, ALL_UP_TO, replace=False))
    known = np.flatnonzero(snapshot.resident_known <= at)
    sample = np.sort(rng.choice(known, min(SAMPLE, len(known)), replace=False))
    bound = BoundModel(
        replace(model, latent_factors=training_window.latent_factors),
        snapshot,
        training_window.signals,
    )
    query = make_query(snapshot, sample, candidates, at)
    total = bound.score(sample, candidates, at).total
    return Calibration.fit(
        total, bound.signals(query), _booked(training_window, sample, candidates)
    )


def _booked(
    training_window: TrainingWindow, residents: NDArray[np.intp], candidates: NDArray[np.intp]
) -> NDArray[np.bool_]:
    everyone = training_window.everyone
    row = np.full(len(training_window.snapshot.residents), -1)
    row[everyone.residents] = np.arange(len(everyone.residents))
    column = np.searchsorted(everyone.candidates, candidates)
    booked = np.zeros((len(residents), len(candidates)), dtype=bool)
    there = row[residents] >= 0
    booked[there] = everyone.relevant[row[residents[there]]][:, column].toarray()
    return booked
