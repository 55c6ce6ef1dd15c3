"""Capacity prices: so that one event of fifty seats is not shown to everybody."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ranking.model.first_stage import best_columns

Floats = NDArray[np.floating[Any]]


def expected_load(
    events: NDArray[np.intp], probability: Floats, shown: NDArray[np.intp], n_events: int
) -> NDArray[np.float64]:
    """Bookings to be expected for each event from what is shown.

    Parameters
    ----------
    events, probability
        Candidates of each resident and the probability of booking when shown; shape (r, c).
        A candidate that fills up a short row has probability 0.
    shown
        Columns shown to each resident, shape (r, n).
    n_events
        Length of the answer.

    Returns
    -------
    Shape (n_events,), float64.
    """
    rows = np.arange(len(events))[:, None]
    return np.bincount(
        events[rows, shown].ravel(), weights=probability[rows, shown].ravel(), minlength=n_events
    ).astype(np.float64)


def capacity_prices(
    events: NDArray[np.intp],
    value: Floats,
    probability: Floats,
    seats: NDArray[np.float64],
    *,
    n: int,
    kappa: float = 1.0,
    scale: float = 1.0,
    rounds: int = 60,
    cost: Floats | None = None,
) -> NDArray[np.float64]:
    r"""Dual prices of seats by projected subgradient ascent.

    The lists that are best for all together solve

    .. math:: \max_x \sum s_{ie} x_{ie} \quad \text{with} \quad
              \sum_i p_{ie} x_{ie} \le \kappa\, seats_e, \quad \sum_e x_{ie} \le n

    whose Lagrangian splits into one list a resident, ranked by :math:`s_{ie} - \lambda_e p_{ie}`.
    The prices follow :math:`\lambda_e \leftarrow [\lambda_e + \eta_t(\sum_i p_{ie}x_{ie} -
    \kappa\,seats_e)]_+`, each event's step being relative to its seats, and the mean of the second
    half of the path is returned (Nedić & Ozdaglar 2009, averaged dual subgradients).

    Parameters
    ----------
    events
        Candidates of each resident, shape (r, c).
    value
        What showing each is worth (a score or the probability of coming), shape (r, c); ``-inf``
        marks a candidate that may not be shown.
    probability
        Probability of booking when shown, shape (r, c); 0 where ``value`` is ``-inf``.
    seats
        Seats left of each event, shape (n_events,); infinite where unlimited.
    n
        Length of the lists.
    kappa
        Share of the seats that lists may fill; above 1 where overbooking is wanted.
    scale
        How many residents each row stands for, when the rows are a sample.
    rounds
        Steps of the ascent.
    cost
        What a price is paid on, shape (r, c): lists are ranked by ``value − price · cost``. The
        probability when left out, which is the dual of the programme above. With 1 everywhere a
        price is paid on every showing: right when ``value`` orders a resident's list but means
        nothing between residents, whose most likely bookings should not be the first to go.

    Returns
    -------
    Prices ≥ 0 in units of value over cost, shape (n_events,).
    """
    n_events = len(seats)
    prices = np.zeros(n_events)
    finite = np.isfinite(value)
    if not finite.any() or not (probability > 0).any():
        return prices
    unlimited = ~np.isfinite(seats)
    room = np.where(unlimited, 1.0, np.maximum(kappa * seats, 0.5))
    cost = probability if cost is None else cost
    used = finite & (probability > 0)
    # A price that outweighs what values differ by is the largest that can matter.
    width = float(np.median(np.abs(value[used]))) + float(np.std(value[used]))
    typical = max(width / float(np.median(np.broadcast_to(cost, value.shape)[used])), 1e-12)
    total, kept = np.zeros(n_events), 0
    for step in range(rounds):
        net = value - prices[events] * cost
        load = scale * expected_load(events, probability, best_columns(net, n), n_events)
        excess = np.clip((load - room) / room, -1.0, 1.0)
        excess[unlimited] = -1.0
        prices = np.maximum(prices + typical * excess * 0.5 / np.sqrt(1 + step), 0.0)
        if step >= rounds // 2:
            total += prices
            kept += 1
    return total / max(kept, 1)
