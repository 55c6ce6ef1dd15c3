"""What the old system shows: popular, soonest, nearby, and some at random; propensities honest.

Every slot of a list is drawn by itself from a mixture of four surfaces, so the logged propensity
is the exact chance that this event stood in this slot for a resident of this street. An event
drawn twice in one list is shown once.
"""

import numpy as np
from numpy.typing import NDArray

from data.simulate.district.geography import Geography, distances_m
from data.simulate.settings import DAY_S, SimulationSettings

SURFACES = ("popular", "soonest", "nearby", "random")
MIX = np.array([0.30, 0.20, 0.35, 0.15])
EXAMINED = np.array([0.95, 0.84, 0.74, 0.66, 0.60, 0.54, 0.50, 0.46, 0.43, 0.40], dtype=np.float32)
"""Chance that a resident looks at what stands at a position (*assumed*)."""


class Attention:
    """The day's lists.

    Parameters
    ----------
    settings, place
        The world.
    """

    def __init__(self, settings: SimulationSettings, place: Geography) -> None:
        metres = distances_m(place.street_lat, place.street_lon, place.venue_lat, place.venue_lon)
        same = place.street_district[:, None] == place.street_district[place.venue_street][None, :]
        near = np.exp(-metres / 800) * same
        # The last column stands for "online", which is equally near to all.
        self._near = np.hstack([near + 1e-3 * same, np.full((len(place.streets), 1), 0.1)])
        self._slots = settings.slots

    def surfaces(
        self,
        venue: NDArray[np.int64],
        starts_s: NDArray[np.int64],
        booked: NDArray[np.int64],
        now_s: int,
    ) -> NDArray[np.float64]:
        """Chances per surface, street and open event, shape (4, streets, events).

        Parameters
        ----------
        venue, starts_s, booked
            Venue, start (seconds since 1970) and bookings of each open event.
        now_s
            The present, seconds since 1970.

        Returns
        -------
        Each surface and street sums to one.
        """
        near = self._near[:, venue] * (1 + booked) ** 0.2
        reachable = (self._near[:, venue] > 0).astype(np.float64)
        popular = reachable * (1 + booked) ** 0.8
        soonest = reachable * np.exp(-(starts_s - now_s) / (4 * DAY_S))
        parts = np.stack([popular, soonest, near, reachable])
        total = parts.sum(axis=2, keepdims=True)
        # Where a district has nothing open, its residents see what there is elsewhere.
        found: NDArray[np.float64] = np.full_like(parts, 1 / parts.shape[2])
        np.divide(parts, total, out=found, where=total > 0)
        return found

    def sample(
        self,
        chances: NDArray[np.float64],
        street: NDArray[np.int16],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Fill lists for visitors from the given streets.

        Parameters
        ----------
        chances
            Chances per surface, street and open event, shape (4, streets, events).
        street
            Street of each visitor, int16.
        rng
            Source of randomness.

        Returns
        -------
        Columns of ``chances`` and the propensity of each, both (visitors, slots).
        """
        mixture = np.tensordot(MIX, chances, axes=1)
        found = pick(mixture, np.repeat(street, self._slots), rng).reshape(-1, self._slots)
        return found, mixture[street[:, None], found]

    def nearby(
        self, chances: NDArray[np.float64], street: NDArray[np.int16], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """One event each that the visitors heard of otherwise (posters, friends): nearby ones.

        Parameters
        ----------
        chances
            Chances per surface, street and open event, shape (4, streets, events).
        street
            Street of each visitor, int16.
        rng
            Source of randomness.

        Returns
        -------
        Column of ``chances`` for each visitor.
        """
        return pick(chances[2], street, rng)


def pick(
    weights: NDArray[np.float64], rows: NDArray[np.int16], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw one column for each of ``rows`` by that row's weights.

    A guide table (Chen & Asau 1974) says where to begin looking, so that most draws take one
    step instead of a search.

    Parameters
    ----------
    weights
        Non-negative, shape (n, columns); rows need not sum to one.
    rows
        Row of each draw, shape (draws,).
    rng
        Source of randomness.

    Returns
    -------
    Column of each draw, shape (draws,).
    """
    height, width = weights.shape
    cumulative = np.cumsum(weights, axis=1)
    cumulative /= cumulative[:, -1:]
    flat = (cumulative + np.arange(height)[:, None]).ravel()
    guides = min(max(len(rows) // (4 * height), 32), 4_096)
    marks = np.arange(guides) / guides
    guide = np.searchsorted(flat, (marks + np.arange(height)[:, None]).ravel(), side="right")
    lots = rng.random(len(rows))
    at = guide[rows * np.int64(guides) + (lots * guides).astype(np.int64)]
    lots += rows
    at = np.minimum(at, len(flat) - 1)
    going = np.flatnonzero(flat[at] <= lots)
    while len(going):
        at[going] += 1
        at = np.minimum(at, len(flat) - 1)
        going = going[(flat[at[going]] <= lots[going]) & (at[going] < len(flat) - 1)]
    found: NDArray[np.int64] = (at - rows.astype(np.int64) * width).clip(0, width - 1)
    return found


def surface_of(
    chances: NDArray[np.float64],
    street: NDArray[np.int16],
    event: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """Which surface put each event there, drawn by its share of the mixture.

    Parameters
    ----------
    chances
        Chances per surface, street and open event, shape (4, streets, events).
    street, event
        Street and event column of each impression, shape (n,).
    rng
        Source of randomness.

    Returns
    -------
    Surface of each impression, 0 to 3, shape (n,).
    """
    parts = MIX[:, None] * chances[:, street, event]
    cumulative = np.cumsum(parts, axis=0)
    draw = rng.random(len(event)) * cumulative[-1]
    found: NDArray[np.int8] = (draw[None, :] > cumulative).sum(axis=0).clip(0, 3).astype(np.int8)
    return found
