"""Seat prices from a sample of everybody's candidates."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.lists.eligibility import eligible
from recommender.ranking.lists.seat_prices import best_columns, capacity_prices, expected_load
from serving.suggestions.list_engine import ListEngine
from serving.suggestions.live import Live, utc

FRESH = np.timedelta64(48, "h")
"""Prices older than this say nothing about today's seats."""

SAMPLE = 20_000
CELLS = 1_500_000
BLOCK = 4096


def price_seats(
    engine: ListEngine,
    n: int,
    *,
    rng: np.random.Generator,
    kappa: float = 1.0,
    sample: int = SAMPLE,
) -> NDArray[np.float64]:
    """Capacity price of each candidate, for lists of ``n`` that everybody gets.

    The model's chances speak of whoever may come by whatever way. Lists are taken to be the only
    way: the chances of what is listed are raised together until they sum to the same bookings.

    Parameters
    ----------
    engine
        Without prices.
    n
        Length of the lists.
    rng
        Draws the sample of residents.
    kappa
        Share of the seats that lists may fill.
    sample
        Residents looked at; each stands for as many as there are.

    Returns
    -------
    Shape (n_candidates,), in score units; what :class:`serving.suggestions.list_engine.ListEngine`
    takes off.
    """
    total = len(engine.live.snapshot.residents)
    n_events = len(engine.live.candidates)
    if not total or not n_events:
        return np.zeros(n_events)
    # The full ranker is asked; where events are many, fewer residents will do.
    sample = min(sample, max(1000, CELLS // n_events))
    rows = np.sort(rng.permutation(total)[:sample])
    columns, value, probability = [], [], []
    for start in range(0, len(rows), BLOCK):
        asked = engine.ask_rows(rows[start : start + BLOCK])
        scored = engine.scored(asked, eligible(asked.facts, engine.live.eligibility_context))
        columns.append(scored.columns)
        value.append(scored.value)
        probability.append(np.where(np.isfinite(scored.value), scored.scores.probability, 0))
    events, values = np.concatenate(columns), np.concatenate(value)
    chance = np.concatenate(probability).astype(np.float64)
    listed = expected_load(events, chance, best_columns(values, n), n_events).sum()
    raised = min(float(chance.sum() / max(listed, 1e-12)), 50.0)
    return capacity_prices(
        events,
        values,
        np.minimum(chance * raised, 1.0),
        engine.live.eligibility_context.events.seats_left,
        n=n,
        kappa=kappa,
        scale=total / len(rows),
        cost=np.ones((1, 1)),
    )


def save_prices(home: Path, live: Live, prices: NDArray[np.float64], model_version: str) -> Path:
    """Keep the batch run's prices for the single lists that follow it."""
    path = _path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with half.open("wb") as handle:
        np.savez(
            handle,
            at=utc(live.at),
            model_version=np.array(model_version),
            event_id=np.array(live.text.event_id, dtype=np.str_),
            price=prices,
        )
    half.replace(path)
    return path


def load_prices(home: Path, live: Live, model_version: str) -> NDArray[np.float64] | None:
    """The last batch run's prices of the candidates; 0 for events it did not know.

    Returns
    -------
    ``None`` when there was no run, it was of another model (whose scores have another scale), or
    it is not of the last :data:`FRESH`.
    """
    try:
        with np.load(_path(home), allow_pickle=False) as kept:
            age = utc(live.at) - np.datetime64(kept["at"].item(), "us")
            version = str(kept["model_version"])
            known = dict(zip(kept["event_id"].tolist(), kept["price"].tolist(), strict=True))
    except (OSError, ValueError, KeyError):
        return None
    if version != model_version or not np.timedelta64(0, "us") <= age <= FRESH:
        return None
    return np.array([known.get(event, 0.0) for event in live.text.event_id], dtype=np.float64)


def _path(home: Path) -> Path:
    return home / "lists" / "prices.npz"
