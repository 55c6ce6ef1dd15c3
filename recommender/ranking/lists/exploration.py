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
    order
        Events from the least known to the best, shape (n_events,).
    """

    mass: NDArray[np.float64]
    below: NDArray[np.float64]
    trials: NDArray[np.float64]
    order: NDArray[np.intp]

    @classmethod
    def learn(cls, bookings: NDArray[np.float64], showings: NDArray[np.float64]) -> Self:
        """Beta posteriors around the overall rate.

        Parameters
        ----------
        bookings, showings
            Counts of each event so far, shape (n_events,). Where showings were not recorded (all
            zero), as many are taken as would explain the bookings at the prior rate.

        Returns
        -------
        The table; every posterior has :data:`PRIOR_TRIALS` showings at the overall rate as prior.
        """
        shown = float(showings.sum())
        rate = float(np.clip(bookings.sum() / shown, 1e-3, 0.5)) if shown else FALLBACK_RATE
        tries = np.maximum(showings if shown else bookings / rate, bookings)
        a = rate * PRIOR_TRIALS + bookings
        b = (1 - rate) * PRIOR_TRIALS + tries - bookings
        cumulative = special.betainc(a[:, None], b[:, None], GRID)
        middle = special.betainc(a[:, None], b[:, None], (GRID[1:] + GRID[:-1]) / 2)
        order = np.argsort(a + b, kind="stable")
        return cls(np.diff(cumulative, axis=1), np.log(np.maximum(middle, 1e-300)), a + b, order)


def win_chances(table: RateTable, pool: NDArray[np.intp]) -> NDArray[np.float64]:
    """Chance of each event of a pool to have the highest rate.

    Parameters
    ----------
    table
        What is known.
    pool
        Distinct event positions, shape (q, c); -1 fills up a row and never wins.

    Returns
    -------
    Probabilities, shape (q, c); each row sums to 1 unless it is empty.
    """
    there = pool >= 0
    below = np.where(there[:, :, None], table.below[pool], 0.0)
    mass = np.where(there[:, :, None], table.mass[pool], 0.0)
    others = below.sum(axis=1, keepdims=True) - below
    chances = (mass * np.exp(others)).sum(axis=2) + 1e-12 * there
    return np.asarray(chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-300))


def sample_slot(
    table: RateTable, pool: NDArray[np.intp], chance: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Draw one event from each pool by its chance to win.

    Parameters
    ----------
    table, pool
        As in :func:`win_chances`.
    chance
        Uniform draws in [0, 1), shape (q,).

    Returns
    -------
    winner, propensity
        Event position and its chance, shape (q,); -1 and 1 where the pool is empty.
    """
    if len(pool) == 1:
        chances = win_chances(table, pool)
    else:  # neighbours share their pools
        kinds, which = np.unique(pool, axis=0, return_inverse=True)
        chances = win_chances(table, kinds)[which.reshape(-1)]
    reached = np.cumsum(chances, axis=1)
    column = (chance[:, None] * reached[:, -1:] >= reached).sum(axis=1)
    column = np.minimum(column, np.maximum((pool >= 0).sum(axis=1) - 1, 0))
    rows = np.arange(len(pool))
    empty = pool[:, 0] < 0
    return pool[rows, column], np.where(empty, 1.0, chances[rows, column])
