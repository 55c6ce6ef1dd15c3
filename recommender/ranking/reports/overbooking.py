"""Overbooking advice: how many bookings to take so that few who come are turned away."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

PRIOR_STRENGTH = (2.0, 500.0)
"""Bounds of a + b of the fitted Beta distribution: between a guess and near certainty."""


def fit_show_rate(
    attended: NDArray[np.integer[Any]], no_show: NDArray[np.integer[Any]]
) -> tuple[float, float]:
    """Beta distribution of the share of bookings that come, over past events, by moments.

    Parameters
    ----------
    attended, no_show
        Counts of each past event, shape (n_events,).

    Returns
    -------
    The parameters a, b of the Beta distribution. Without any event: mean .75, a + b = 2.
    """
    total = (attended + no_show).astype(np.float64)
    used = total > 0
    total, shows = total[used], attended[used].astype(np.float64)
    if len(total) == 0:
        return 1.5, 0.5
    mean = float(np.clip(shows.sum() / total.sum(), 0.01, 0.99))
    # Var(rate_e) = m(1-m)[1/t + (1 - 1/t)/(a+b+1)]; what exceeds the binomial part is the spread.
    spread = float(np.sum(total * (shows / total - mean) ** 2))
    binomial = len(total) * mean * (1 - mean)
    excess = (spread - binomial) / (mean * (1 - mean) * max(float((total - 1).sum()), 1.0))
    low, high = PRIOR_STRENGTH
    strength = float(np.clip(1 / excess - 1, low, high)) if excess > 0 else high
    return mean * strength, (1 - mean) * strength


def overbooking_limit(
    seats: NDArray[np.integer[Any]],
    a: float,
    b: float,
    *,
    epsilon: float = 0.05,
    protected: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Largest number of bookings with P(BetaBinomial(bookings, a, b) > seats) ≤ epsilon.

    Parameters
    ----------
    seats
        Seats of each event, shape (n_events,), ≥ 0.
    a, b
        The show rate's distribution (:func:`fit_show_rate`).
    epsilon
        Accepted probability that somebody who comes finds no seat, in [0, 1).
    protected
        True where nobody may be turned away (wheelchair and children's places): no overbooking.

    Returns
    -------
    Bookings to take, ≥ seats, shape (n_events,), int64; at most twice the seats.
    """
    low = np.asarray(seats, dtype=np.int64)
    high = 2 * low
    while True:  # every event is halved at once; the tail probability grows with the bookings
        open_ = low < high
        if not open_.any():
            break
        middle = np.where(open_, (low + high + 1) // 2, low)
        fits = stats.betabinom.sf(seats, middle, a, b) <= epsilon
        low = np.where(open_ & fits, middle, low)
        high = np.where(open_ & ~fits, middle - 1, high)
    if protected is not None:
        low = np.where(protected, seats, low)
    return low
