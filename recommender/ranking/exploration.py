"""Exploration: a slot or two for what is not known well yet, with exact propensities.

Thompson sampling draws a booking rate for every candidate from what is known of it and shows the
one with the highest draw, so an event is shown as often as it is likely to be the best (Thompson
1933). The chance of each to win is computed here by integration, and the winner drawn from those
chances: the same distribution, and the logged propensity is the true one, not an estimate.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

GRID = np.concatenate([[0.0], np.geomspace(1e-5, 1.0, 96)])
"""Booking rates at which the distributions are tabulated."""

PRIOR_TRIALS = 20.0
"""How many showings the prior rate is worth."""

FALLBACK_RATE = 0.02
"""The prior booking rate a showing where nothing was ever shown (assumed)."""


@dataclass(frozen=True, slots=True)
class RateTable:
    """What is known of every event's booking rate.

    Attributes
    ----------
    mass
        Probability that the rate lies in each cell of :data:`GRID`, shape (n_events, cells).
    below
        Logarithm of the probability that it lies below the middle of each cell, same shape.
    trials
        Showings that the knowledge rests on, the prior included, shape (n_events,).
    """

    mass: NDArray[np.float64]
    below: NDArray[np.float64]
    trials: NDArray[np.float64]

    @classmethod
    def learn(cls, bookings: NDArray[np.float64], showings: NDArray[np.float64]) -> Self:
        """Beta posteriors around the overall rate.

        Parameters
        ----------
        bookings, showings
            Counts of each event so far, shape (n_events,). Where showings were not recorded (all
            zero), as many are taken as would explain the bookings at the prior rate.
        """
        shown = float(showings.sum())
        rate = float(np.clip(bookings.sum() / shown, 1e-3, 0.5)) if shown else FALLBACK_RATE
        tries = np.maximum(showings if shown else bookings / rate, bookings)
        a = rate * PRIOR_TRIALS + bookings
        b = (1 - rate) * PRIOR_TRIALS + tries - bookings
        cumulative = special.betainc(a[:, None], b[:, None], GRID)
        middle = special.betainc(a[:, None], b[:, None], (GRID[1:] + GRID[:-1]) / 2)
        return cls(np.diff(cumulative, axis=1), np.log(np.maximum(middle, 1e-300)), a + b)


def win_chances(table: RateTable, pool: NDArray[np.intp]) -> NDArray[np.float64]:
    """Chance of each event of a pool to have the highest rate.

    Parameters
    ----------
    table
        What is known.
    pool
        Distinct event positions, shape (c,) with c ≥ 1.

    Returns
    -------
    Probabilities that sum to 1, shape (c,).
    """
    below = table.below[pool]
    others = below.sum(axis=0) - below
    chances = (table.mass[pool] * np.exp(others)).sum(axis=1) + 1e-12
    return np.asarray(chances / chances.sum())


def explore(
    table: RateTable, pool: NDArray[np.intp], slots: int, *, rng: np.random.Generator
) -> list[tuple[int, float]]:
    """Fill exploration slots.

    The pool is dealt out to the slots in turn and each slot draws from its own part, so that the
    slots do not depend on each other and each propensity is that of its event in its slot.

    Returns
    -------
    Event position and propensity for each slot that found something, in order.
    """
    drawn = []
    for slot in range(min(slots, len(pool))):
        part = pool[slot::slots]
        chances = win_chances(table, part)
        winner = int(rng.choice(len(part), p=chances))
        drawn.append((int(part[winner]), float(chances[winner])))
    return drawn
