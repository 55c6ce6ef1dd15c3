"""Diminishing returns: the second session of a product in a street draws fewer than the first."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USUAL_DECAY = 0.75
"""Decay assumed where nothing was seen; the k-th session draws decay**(k-1) of the first."""


def session_tiers(expected: Floats, decay: Floats | float, sessions: int) -> Floats:
    """Attendances that each further session adds.

    Parameters
    ----------
    expected
        Attendances at the first session, any shape.
    decay
        Factor from one session to the next, in (0, 1], broadcast against ``expected``.
    sessions
        Number of tiers, >= 1.

    Returns
    -------
    Shape ``(*expected.shape, sessions)``, falling along the last axis.
    """
    steps = np.arange(sessions, dtype=float)
    factor = np.asarray(decay, dtype=float)[..., None] ** steps
    return np.asarray(np.asarray(expected)[..., None] * factor)


def learn_decay(
    counts: Floats,
    order: NDArray[np.intp],
    series: NDArray[np.intp],
    group: NDArray[np.intp],
    n_groups: int,
    *,
    weight: float = 200.0,
) -> Floats:
    """Decay for each category from repeated sessions.

    A series holds the sessions of one product in one street and period. Within a series the
    k-th session's share of the total follows ``decay**(k-1)`` whatever the series' level, so the
    levels drop out (a conditional Poisson likelihood, maximised on a grid).

    Parameters
    ----------
    counts
        Unconstrained attendances of each session, shape (n,), >= 0.
    order
        Place of the session in its series, from 0, shape (n,).
    series, group
        Series and category of each session, shape (n,).
    n_groups
        Number of categories.
    weight
        How many attendances' worth :data:`USUAL_DECAY` is, against thin evidence.

    Returns
    -------
    Shape (n_groups,), each in [0.3, 1].
    """
    grid = np.linspace(0.3, 1.0, 71)
    size = int(series.max(initial=-1)) + 1
    length = np.bincount(series, minlength=size)
    usable = length[series] > 1 if size else np.zeros(0, dtype=bool)
    fit = np.zeros((len(grid), n_groups))
    for index, decay in enumerate(grid):
        share = decay ** order[usable]
        total = np.bincount(series[usable], weights=share, minlength=size)
        log = np.log(share / np.maximum(total[series[usable]], 1e-12))
        fit[index] = np.bincount(group[usable], weights=counts[usable] * log, minlength=n_groups)
        # Two made-up sessions, seen in the usual proportion, hold a thin category back.
        first = 1.0 / (1.0 + USUAL_DECAY)
        fit[index] += weight * (
            first * np.log(1 / (1 + decay)) + (1 - first) * np.log(decay / (1 + decay))
        )
    return np.asarray(grid[np.argmax(fit, axis=0)])
