"""Choosing and fitting the ranker on past windows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.metrics.ranking import ndcg_at_k, recall_at_k
from recommender.ranking.features.registry import NAMES
from recommender.ranking.model.ranker import (
    LinearRanker,
    Ranker,
    Rows,
    booster_of,
    fit_trees,
    spread_within,
)
from training.suggestions.time_splits import Moment, split_without_overlap

OBJECTIVES = ("lambdarank", "binary")
MIX = {"linear": 0.25, "lambdarank": 0.375, "binary": 0.375}
"""What ranks unless something else is surely better: each errs in its own way."""
ALONE = {"linear": 1.0}
OTHERS = (
    ALONE,
    {"lambdarank": 1.0},
    {"binary": 1.0},
    {"popularity": 1.0},
    {"event_bookings": 1.0},
)
SURE = 2.0
"""Standard errors by which another has to win: the best of several looks better than it is."""
WORTH = 0.05
"""Share by which whatever holds trees has to win over the linear stage alone where nights would be
long: lists with trees take five times as long (docs/decisions/0203)."""
SINGLE = ("popularity", "event_bookings")
"""Signals that may stand alone: should nothing learnt beat them, they rank."""
FEW_QUESTIONS = 30
"""With fewer, nothing is learnt that is better than popularity."""


def fit_ranker(
    training_rows: list[Rows],
    periods: Sequence[tuple[Moment, Moment]],
    *,
    seed: int,
    frugal: bool = False,
) -> Ranker:
    """Fit on the older windows, see what wins on the latest third of them, refit on all.

    Older windows that reach into those compared on are left out of the comparison
    (:func:`training.suggestions.time_splits.split_without_overlap`). Where that leaves none,
    nothing is compared and the default mix ranks. Signals that do not help get weights near 0:
    the linear stage is penalised, trees do not split on them.

    Parameters
    ----------
    training_rows
        One entry a past window, oldest first; ``window`` of entry i is i.
    periods
        Start and end of each of these windows.
    seed
        Of the trees.
    frugal
        Whether so many lists are made from so many candidates that trees have to be worth their
        time: what ranks, unless something else is better by ``WORTH``, is then the linear stage
        alone.

    Returns
    -------
    The ranker that won the comparison, fitted on all rows.
    """
    if not training_rows or sum(len(rows.sizes) for rows in training_rows) < FEW_QUESTIONS:
        return _popular()
    rows = _with_choice(Rows.join(training_rows))
    usual, others = (ALONE, (MIX, *OTHERS[1:])) if frugal else (MIX, OTHERS)
    fitted, validated = (mask[rows.window] for mask in split_without_overlap(periods))
    comparable = fitted.any() and validated.any()
    if not comparable:  # the spreads need predictions of questions that were not fitted on
        validated = np.arange(len(rows.window)) % 3 == 0
        fitted = ~validated
    older, newer = rows.take(fitted), rows.take(validated)
    predictions = _predictions(_fit_all(older, seed), newer)
    mix = usual
    if comparable:
        value = _value(_mixed(predictions, usual, newer), newer)
        gains = [_value(_mixed(predictions, mix, newer), newer) - value for mix in others]
        best = _surely_positive(gains, WORTH * float(value.mean()) if frugal else 0.0)
        mix = usual if best is None else others[best]
    linear, trees = _fit_all(rows, seed, only=set(mix))
    return Ranker(
        linear=linear,
        trees={name: text for name, text in trees.items() if name in mix},
        mix=mix,
        # On what they were not fitted on: there trees spread less, and weights are as compared.
        spread={name: spread_within(predictions[name], newer.sizes) for name in mix},
    )


def _with_choice(rows: Rows) -> Rows:
    """Only questions that hold both a booking and something else."""
    starts = np.concatenate([[0], np.cumsum(rows.sizes)[:-1]])
    booked = np.add.reduceat(rows.booked.astype(np.int64), starts)
    return rows.take((booked > 0) & (booked < rows.sizes))


def _fit_all(
    rows: Rows, seed: int, only: set[str] | None = None
) -> tuple[LinearRanker, dict[str, str]]:
    trees = {
        objective: fit_trees(rows, objective, seed=seed).model_to_string()
        for objective in OBJECTIVES
        if only is None or objective in only
    }
    return LinearRanker.fit(rows), trees


def _predictions(
    fitted: tuple[LinearRanker, dict[str, str]], rows: Rows
) -> dict[str, NDArray[np.float32]]:
    linear, trees = fitted
    found = {"linear": linear.predict(rows.x)} | {
        name: np.nan_to_num(rows.x[:, NAMES.index(name)]) for name in SINGLE
    }
    for name, text in trees.items():
        raw = booster_of(text).predict(rows.x, raw_score=True)
        found[name] = np.asarray(raw, dtype=np.float32)
    return found


def _mixed(
    predictions: dict[str, NDArray[np.float32]], mix: dict[str, float], rows: Rows
) -> NDArray[np.float32]:
    total = np.zeros(len(rows.x), dtype=np.float32)
    for name, weight in mix.items():
        total += (
            np.float32(weight / spread_within(predictions[name], rows.sizes)) * predictions[name]
        )
    return total


def _surely_positive(gains: list[NDArray[np.float64]], least: float) -> int | None:
    """The best gain that is above ``least`` by more than chance, if any."""
    sure = [gain.mean() - SURE * gain.std() / np.sqrt(len(gain)) for gain in gains]
    return int(np.argmax(sure)) if max(sure) > least else None


def _value(score: NDArray[np.float32], rows: Rows, k: int = 20) -> NDArray[np.float64]:
    """Mean of NDCG@10 and recall@20, one value a question."""
    question = np.repeat(np.arange(len(rows.sizes)), rows.sizes)
    order = np.lexsort((-score, question))
    starts = np.concatenate([[0], np.cumsum(rows.sizes)[:-1]])
    place = np.arange(len(order)) - np.repeat(starts, rows.sizes)
    top = place < k
    hits = np.zeros((len(rows.sizes), k), dtype=bool)
    hits[question[order][top], place[top]] = rows.booked[order][top]
    relevant = np.add.reduceat(rows.booked.astype(np.int64), starts)
    return 0.5 * ndcg_at_k(hits, relevant, 10) + 0.5 * recall_at_k(hits, relevant, k)


def _popular() -> Ranker:
    d = len(NAMES)
    weights = np.zeros(d)
    weights[NAMES.index("popularity")] = 1.0
    return Ranker(
        LinearRanker(np.zeros(d), np.ones(d), weights), {}, {"linear": 1.0}, {"linear": 1.0}
    )
