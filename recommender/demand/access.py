"""The ten-minute circle (10分钟公共文化服务圈): how well people reach what is there.

Gaussian two-step floating catchment area (Dai 2010): a venue's seats are shared among the people
within reach, weighted by ``W(t) = (e^{-½(t/T)²} - e^{-½}) / (1 - e^{-½})`` for travel times t up to
T minutes, and a place adds up the shares it can reach. Huff (1963) splits a place's demand among
venues by attraction and distance, which says who loses visitors when a venue is added.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CIRCLE_MIN = 10.0
WALK_M_PER_MIN = 75.0
"""4.5 km an hour (assumed)."""


def gaussian_decay(minutes: Floats, circle: float = CIRCLE_MIN) -> Floats:
    """W(t), 1 at the door and 0 from ``circle`` minutes on; shape as given."""
    edge = np.exp(-0.5)
    inside = (np.exp(-0.5 * (minutes / circle) ** 2) - edge) / (1.0 - edge)
    return np.asarray(np.where(minutes <= circle, inside, 0.0))


def accessibility(
    minutes: Floats, people: Floats, seats: Floats, circle: float = CIRCLE_MIN
) -> Floats:
    """Seats a person of each place can count on, shape (places,).

    Parameters
    ----------
    minutes
        Travel time from places to venues, shape (places, venues).
    people, seats
        Shapes (places,) and (venues,).
    """
    weight = gaussian_decay(minutes, circle)
    crowd = people @ weight
    return np.asarray(weight @ np.where(crowd > 0, seats / np.maximum(crowd, 1e-12), 0.0))


def huff_shares(attraction: Floats, minutes: Floats, *, exponent: float = 2.0) -> Floats:
    """Share of each place's visits that each venue gets, shape (places, venues); rows sum to 1.

    Parameters
    ----------
    attraction
        Such as seats or offers, shape (venues,), >= 0, not all zero.
    minutes
        Travel time, shape (places, venues); under a minute counts as one.
    exponent
        How steeply travel time deters.
    """
    pull = attraction / np.maximum(minutes, 1.0) ** exponent
    return np.asarray(pull / pull.sum(axis=1, keepdims=True))


def daytime_people(residents: Floats, workers: Floats, *, weekday: bool, noon: bool) -> Floats:
    """People about in each street: residents, and on a weekday noon its workers too.

    Working-age residents are away then; their number is taken from the workers' total, shared by
    streets as their residents (commuting between the streets; assumed).

    Parameters
    ----------
    residents, workers
        Shape (streets,); workers NaN where unknown.
    """
    jobs = np.nan_to_num(workers)
    if not (weekday and noon):
        return np.asarray(residents, dtype=np.float64)
    away = np.minimum(0.5 * residents, jobs.sum() * residents / max(residents.sum(), 1e-12))
    return np.asarray(residents - away + jobs)
