"""Seat prices from a sample of everybody's candidates."""

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.lists.eligibility import eligible
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.seat_prices import capacity_prices, expected_load
from recommender.ranking.model.first_stage import best_columns

STRENGTH = 0.75
"""Share of the dual price that is charged; ``make bench-suggestions`` shows the full price too."""
SAMPLE = 20_000
CELLS = 1_500_000
BLOCK = 4096


def price_seats(
    engine: ListEngine,
    n: int,
    *,
    rng: np.random.Generator,
    kappa: float = 1.0,
    strength: float = STRENGTH,
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
    strength
        Share of the dual price that is charged, at least 0.
    sample
        Residents looked at; each stands for as many as there are.

    Returns
    -------
    Shape (n_candidates,), in score units: what a place in a list costs.
    """
    total = len(engine.inputs.snapshot.residents)
    n_events = len(engine.inputs.candidates)
    limited = np.isfinite(engine.inputs.eligibility_context.events.seats_left)
    if not total or not limited.any():
        return np.zeros(n_events)
    # The full ranker is asked; where events are many, fewer residents will do.
    sample = min(sample, max(1000, CELLS // n_events))
    rows = np.sort(rng.permutation(total)[:sample])
    columns, value, probability = [], [], []
    for start in range(0, len(rows), BLOCK):
        query = engine.ask_rows(rows[start : start + BLOCK])
        scored = engine.scored(query, eligible(query.facts, engine.inputs.eligibility_context))
        columns.append(scored.columns)
        value.append(scored.value)
        probability.append(np.where(np.isfinite(scored.value), scored.scores.probability, 0))
    events, values = np.concatenate(columns), np.concatenate(value)
    chance = np.concatenate(probability).astype(np.float64)
    listed = expected_load(events, chance, best_columns(values, n), n_events).sum()
    raised = min(float(chance.sum() / max(listed, 1e-12)), 50.0)
    return strength * capacity_prices(
        events,
        values,
        np.minimum(chance * raised, 1.0),
        engine.inputs.eligibility_context.events.seats_left,
        n=n,
        kappa=kappa,
        scale=total / len(rows),
        cost=np.ones((1, 1)),
    )
