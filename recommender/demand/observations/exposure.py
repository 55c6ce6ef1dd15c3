"""Only what was shown can be booked: exposure of sessions, measured or predicted from appeal."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_SAMPLE = 30.0
MIN_LOGGED = 30


def position_weights(position: NDArray[np.int64], booked: NDArray[np.bool_]) -> Floats:
    """How much an impression counts for by where it stood; shape (impressions,), mean about 1.

    The share of impressions at its position that led to a booking, over the share at all,
    shrunk to 1 as if by a hundred bookings.

    Parameters
    ----------
    position
        Place on the list, from 1, shape (impressions,).
    booked
        Whether the impression led to a booking, same shape.

    Returns
    -------
    Weights, same shape, > 0.
    """
    level = max(float(booked.mean()), 1e-9) if len(booked) else 1.0
    place = np.clip(position, 1, 50) - 1
    count = np.bincount(place, minlength=50)
    taken = np.bincount(place, weights=booked, minlength=50)
    return np.asarray(((taken + 100.0) / (count * level + 100.0))[place])


def relative_exposure(
    reference: Floats,
    met: Floats,
    weighted_impressions: Floats,
    logged: NDArray[np.bool_],
    appeal: Floats,
    share: float,
) -> tuple[Floats, float]:
    """Exposure of each session relative to the mean.

    What is popular is shown more, and what is shown more is booked more. For logged sessions it
    is measured; for others ``log(exposure) = a + b·log(appeal)`` is learnt from those. Bookings
    without an impression do not depend on it: only ``share`` of the exposure varies.

    Parameters
    ----------
    reference
        Demand of each session at mean exposure, shape (sessions,), > 0.
    met
        Resident-sessions that could have been shown it, same shape; what nobody could have been
        shown is taken as not logged.
    weighted_impressions, logged
        Impressions, and whether they are known, same shape.
    appeal
        Rate of each session's product at mean exposure, same shape, > 0.
    share
        Share of bookings that follow from an impression.

    Returns
    -------
    Shape (sessions,), > 0, such that demand sums to what it is at mean exposure; and b. Ones and
    0 where fewer than :data:`MIN_LOGGED` sessions are logged: the stated fallback is that all
    sessions were noticed alike.
    """
    logged = logged & (met > 0)
    if logged.sum() < MIN_LOGGED or not weighted_impressions[logged].any():
        return np.ones(len(reference)), 0.0
    rate = weighted_impressions[logged] / met[logged]
    level = float(rate.mean())
    log = np.log(np.maximum(rate / level, 1e-3))
    x = np.log(appeal)
    centre = float(x[logged].mean())
    spread = float(((x[logged] - centre) ** 2).sum())
    slope = float((log - log.mean()) @ (x[logged] - centre)) / max(spread, 1e-12)
    slope = float(np.clip(slope, 0.0, 1.0))
    found = np.exp(log.mean() + slope * (x - centre))
    found[logged] = rate / level
    found = 1.0 - share + share * np.clip(found, 0.1, 10.0)
    return np.asarray(found * reference.sum() / (reference * found).sum()), slope
