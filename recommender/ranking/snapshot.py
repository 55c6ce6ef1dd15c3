"""What is known at one moment, as arrays: residents, products, events, the booking log."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import BOOKED, CANCELLED
from recommender.types import IdMap

LEVELS = ("product", "series", "supplier", "category", "venue")
"""What an event belongs to, from the narrowest to the widest; columns of ``event_level``."""

ALWAYS = np.datetime64("0001-01-01", "us")
FOREVER = np.datetime64("9999-01-01", "us")
LATE_SHARE = 0.2
"""From this share of bookings after a closing time on, the next later one is taken."""
Times = NDArray[np.datetime64]


def choose_closing(options: Times, log_event: NDArray[np.int32], log_time: Times) -> Times:
    """Until when each event can be booked: the first option that past bookings keep to.

    Parameters
    ----------
    options
        Closing times from the earliest to the latest, shape (options, n_events).
    log_event, log_time
        Past bookings: positions of events and moments, shape (n,).

    Returns
    -------
    The first row that at most :data:`LATE_SHARE` of the bookings came after, else the last one.
    """
    for closes in options[:-1]:
        if len(log_event) == 0 or np.mean(log_time > closes[log_event]) <= LATE_SHARE:
            return np.asarray(closes)
    return np.asarray(options[-1])


@dataclass(frozen=True, slots=True)
class RankingSnapshot:
    """A snapshot as arrays. Every position below refers to one of its three id maps.

    ``features.ranking.snapshot.build_snapshot`` makes one from contract tables; a model is *bound*
    to a snapshot to
    score (:meth:`recommender.ranking.model.suggestion_model.SuggestionModel.bind`), so that events,
    residents and
    bookings newer than the model are simply there. Positions are int32, -1 where unknown; times
    are ``datetime64[us]``, in UTC unless it is said otherwise.

    Attributes
    ----------
    as_of
        Nothing later is in the log.
    residents, products, events
        Identifiers by position.
    resident_street, resident_age, resident_sex
        Position in ``streets``; position in the contract's age bands; 0 f, 1 m, 2 u.
    resident_profiled
        Whether a personal profile may be used at all: personalisation is on, the resident is not
        under 14, and if 14-17 a guardian consented.
    resident_known
        When each resident joined or first did something; ``ALWAYS`` where neither is recorded.
    resident_point, event_point, street_point
        Latitude and longitude in degrees, float32, shape (n, 2); NaN where unknown.
    streets
        Codes of the streets that residents live in and that venues stand in.
    product_features
        CSR, rows of unit length: words, category, tags, supplier, audience.
    product_traits
        CSR of 0/1: tags, category, audience groups; columns mean something in this snapshot only.
    product_price_fen
        Price of one session, float64; NaN where unknown.
    event_level
        For every name in ``LEVELS`` the position an event belongs to there.
    level_size
        Number of positions at each level.
    event_street
        Street of the venue.
    event_local_starts
        What the clock of the district shows when an event starts, ``datetime64[us]``.
    event_known, event_starts, event_ends, event_closes
        When the event became known; its time; until when it can be booked (for a standing item
        that is still booked after it began: for ever).
    event_closing
        What ``event_closes`` was chosen from by past bookings (:func:`choose_closing`), shape
        (4, n_events), from the earliest to ``FOREVER``.
    event_open
        False where cancelled or done.
    event_seats, event_ticket_fen
        float64; NaN where unknown.
    log_resident, log_event, log_time, log_outcome, log_known
        Bookings by time: who, what, when, the state's code (``recommender.booking_states``) and
        since when that state is known.
    ratings
        Columns resident, event, stars, microseconds since 1970; float64, shape (n, 4).
    follows
        By level name: CSR residents x level positions, 1 where followed.
    follows_since
        By level name: when each entry of that matrix began, in the order of its ``data``; NaT
        where that is not recorded.
    """

    as_of: np.datetime64
    residents: IdMap
    products: IdMap
    events: IdMap
    streets: IdMap
    resident_street: NDArray[np.int32]
    resident_age: NDArray[np.int32]
    resident_sex: NDArray[np.int32]
    resident_profiled: NDArray[np.bool_]
    resident_known: Times
    resident_point: NDArray[np.float32]
    street_point: NDArray[np.float32]
    product_features: sp.csr_matrix
    product_traits: sp.csr_matrix
    product_price_fen: NDArray[np.float64]
    event_level: Mapping[str, NDArray[np.int32]]
    level_size: Mapping[str, int]
    event_street: NDArray[np.int32]
    event_point: NDArray[np.float32]
    event_known: Times
    event_starts: Times
    event_local_starts: Times
    event_ends: Times
    event_closes: Times
    event_closing: Times
    event_open: NDArray[np.bool_]
    event_seats: NDArray[np.float64]
    event_ticket_fen: NDArray[np.float64]
    log_resident: NDArray[np.int32]
    log_event: NDArray[np.int32]
    log_time: Times
    log_outcome: NDArray[np.int8]
    log_known: Times
    ratings: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    follows: Mapping[str, sp.csr_matrix] = field(default_factory=dict)
    follows_since: Mapping[str, Times] = field(default_factory=dict)

    def rewind(self, moment: np.datetime64) -> Self:
        """The same snapshot as it was known at an earlier moment.

        What is visible equals a snapshot built from the tables as of that moment: later bookings,
        ratings and follows vanish, a state that became known later reads as ``booked``, closing
        times are chosen by the bookings that remain. Residents, products and events keep their
        positions; those not yet known have ``resident_known`` or ``event_known`` after ``as_of``
        and no history. Descriptions stay those of the later catalogue: they hold no outcomes.

        Parameters
        ----------
        moment
            Not after ``as_of``, UTC. What carries exactly this time was known.
        """
        end = int(np.searchsorted(self.log_time, moment, side="right"))
        later = self.log_known[:end] > moment
        follows, since = {}, {}
        for level, matrix in self.follows.items():
            kept = ~(self.follows_since[level] > moment)
            earlier = matrix.copy()
            earlier.data = kept.astype(np.float32)
            earlier.eliminate_zeros()
            follows[level], since[level] = earlier, self.follows_since[level][kept]
        return replace(
            self,
            as_of=moment,
            event_closes=choose_closing(
                self.event_closing, self.log_event[:end], self.log_time[:end]
            ),
            log_resident=self.log_resident[:end],
            log_event=self.log_event[:end],
            log_time=self.log_time[:end],
            log_outcome=np.where(later, np.int8(BOOKED), self.log_outcome[:end]),
            log_known=np.where(later, self.log_time[:end], self.log_known[:end]),
            ratings=self.ratings[self.ratings[:, 3] <= moment.astype(np.int64)],
            follows=follows,
            follows_since=since,
        )

    def bookable(self, moment: np.datetime64) -> NDArray[np.intp]:
        """Positions of the events that could be booked at a moment: known, open, not over."""
        return np.flatnonzero(
            (self.event_known <= moment) & (self.event_closes > moment) & self.event_open
        )

    def booked(self, residents: NDArray[np.intp] | None = None) -> sp.csr_matrix:
        """Which events residents hold or held a booking of (cancelled ones apart), as 0/1 rows."""
        keep = self.log_outcome != CANCELLED
        shape = (len(self.residents), len(self.events))
        matrix = sp.csr_matrix(
            (
                np.ones(int(keep.sum()), dtype=np.float32),
                (self.log_resident[keep], self.log_event[keep]),
            ),
            shape=shape,
        )
        matrix.data[:] = 1.0
        return matrix if residents is None else matrix[residents]
