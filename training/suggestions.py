"""Fitting the suggestion model on what was known at a moment."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from data.dataset import Dataset
from features.interactions import interactions
from features.world import build_world
from recommender.errors import NotTrainedError
from recommender.metrics.ranking import ndcg_at_k, top_k
from recommender.ranking.history import by_position, decay
from recommender.ranking.model import SuggestionModel
from recommender.ranking.world import ATTENDED, CANCELLED, NO_SHOW, World
from recommender.scorers.als import ALSScorer
from training.splits import Queries, past_queries, step_of

HALF_LIVES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 120.0, 365.0, 1095.0)
SAMPLE = 2000

Progress = Callable[[str], None]


def fit_suggestions(
    dataset: Dataset,
    *,
    as_of: datetime,
    rng: np.random.Generator,
    horizon: timedelta | None = None,
    progress: Progress | None = None,
) -> SuggestionModel:
    """Fit everything that suggestions need.

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
    progress
        Told the name of each step.

    Raises
    ------
    NotTrainedError
        If there is no booking to learn from.
    """
    say = progress or (lambda _: None)
    say("reading history")
    world = build_world(dataset, as_of)
    if not (world.log_outcome != CANCELLED).any():
        raise NotTrainedError(
            "there is no booking to learn from.", "Import bookings, or ask for a later moment."
        )
    step = np.timedelta64(horizon, "us") if horizon else step_of(world)
    say("choosing half-life")
    then, asked = past_queries(world, world.as_of - step, world.as_of)
    half_life = _choose_half_life(then, asked)
    say("fitting factors")
    past = SuggestionModel(
        products=world.products,
        als=_fit_als(then, rng),
        half_life_days=half_life,
        calibration=np.array([1.0, -4.0, 1.0]),
    )
    calibration = _calibrate(past, then, asked, rng)
    return SuggestionModel(
        products=world.products,
        als=_fit_als(world, rng),
        half_life_days=half_life,
        calibration=np.array([*calibration, _show_rate(world)]),
    )


def _fit_als(world: World, rng: np.random.Generator) -> ALSScorer:
    return ALSScorer().fit(interactions(world), world.product_features, rng=rng)


def _choose_half_life(world: World, asked: Queries) -> float:
    if len(asked.residents) == 0:
        return 30.0
    relevant = np.asarray(asked.relevant.sum(axis=1)).ravel().astype(np.int64)
    best, best_value = 30.0, -1.0
    product = world.event_level["product"]
    for half_life in HALF_LIVES_DAYS:
        weight = decay(world, half_life)
        popular = by_position(product[world.log_event], weight, len(world.products))
        scores = popular[product[asked.candidates]][None, :]
        order = top_k(scores, min(200, scores.shape[1]))[0]
        hits = _hits_of_one_list(order, asked)
        value = float(ndcg_at_k(hits, relevant, 20).mean())
        if value > best_value:
            best, best_value = half_life, value
    return best


def _hits_of_one_list(order: NDArray[np.intp], asked: Queries, k: int = 20) -> NDArray[np.bool_]:
    hits = np.zeros((len(asked.residents), k), dtype=bool)
    for row in range(len(asked.residents)):
        before = asked.excluded.indices[asked.excluded.indptr[row] : asked.excluded.indptr[row + 1]]
        wanted = asked.relevant.indices[asked.relevant.indptr[row] : asked.relevant.indptr[row + 1]]
        shown = order[~np.isin(order, before)][:k]
        hits[row, : len(shown)] = np.isin(shown, wanted)
    return hits


def _calibrate(
    model: SuggestionModel, world: World, asked: Queries, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Slope and intercept of the log-odds of booking, over a sample of all residents."""
    if len(asked.residents) == 0 or len(asked.candidates) == 0:
        return np.array([1.0, -6.0])
    everyone = np.arange(len(world.residents))
    sample = np.sort(rng.choice(everyone, min(SAMPLE, len(everyone)), replace=False))
    row = np.full(len(everyone), -1)
    row[asked.residents] = np.arange(len(asked.residents))
    total = model.bind(world).score(sample, asked.candidates, world.as_of).total
    took = np.zeros(total.shape, dtype=bool)
    there = row[sample] >= 0
    took[there] = asked.relevant[row[sample][there]].toarray()
    x, y = total.ravel().astype(np.float64), took.ravel()

    def loss(parameters: NDArray[np.float64]) -> float:
        z = parameters[0] * x + parameters[1]
        return float(np.logaddexp(0, z).sum() - z[y].sum() + 0.5 * parameters[0] ** 2)

    base = (y.sum() + 1) / (len(y) + 2)
    start = np.array([0.5, np.log(base / (1 - base))])
    return np.asarray(minimize(loss, start, method="Nelder-Mead").x, dtype=np.float64)


def _show_rate(world: World) -> float:
    came = int((world.log_outcome == ATTENDED).sum())
    missed = int((world.log_outcome == NO_SHOW).sum())
    return (came + 4.0) / (came + missed + 5.0)
