"""What the eligibility rules read of events and residents, as arrays."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

UNKNOWN_AGE = 999
"""The age of somebody whose age band is not known: old enough for everything."""


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What the rules need to know of events; every array has shape (n_events,).

    Attributes
    ----------
    starts_s, ends_s, published_s, closes_s
        Seconds since 1970 in UTC, int64. An unknown publication lies at the smallest integer.
    open
        Neither cancelled nor done.
    seats_left
        Seats not taken, float64; infinite where the number of seats is not known.
    waiting_list
        Whether a full event still takes names.
    min_age, audience_age
        Years, int16: the product's own limit, and the one its audience groups imply.
    paid, online, step_free
        Booleans; an unknown venue is not step-free.
    lat, lon
        Degrees WGS-84, float64; NaN where there is no point.
    """

    starts_s: NDArray[np.int64]
    ends_s: NDArray[np.int64]
    published_s: NDArray[np.int64]
    closes_s: NDArray[np.int64]
    open: NDArray[np.bool_]
    seats_left: NDArray[np.float64]
    waiting_list: NDArray[np.bool_]
    min_age: NDArray[np.int16]
    audience_age: NDArray[np.int16]
    paid: NDArray[np.bool_]
    online: NDArray[np.bool_]
    step_free: NDArray[np.bool_]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts_s)

    def take(self, positions: NDArray[np.intp]) -> Self:
        """The facts of some events, in the given order."""
        return type(self)(*(getattr(self, field.name)[positions] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class ResidentFacts:
    """What the rules need to know of residents; arrays have shape (n_residents,).

    Attributes
    ----------
    home
        Row of :attr:`EligibilityContext.distance_m`, intp; -1 when no point is known.
    oldest
        Upper end of the age band in years, int16; :data:`UNKNOWN_AGE` when not known.
    guardian_consent
        Boolean; only asked of those who are under age.
    needs_step_free
        Boolean.
    reach_m
        How far the resident travels, float32, metres; may be infinite.
    booked, muted
        Boolean CSR matrices of shape (n_residents, n_events): own bookings that stand, and what
        the resident does not want to see.
    busy_from
        Row pointers of the arrays below, shape (n_residents + 1,).
    busy_starts_s, busy_ends_s, busy_lat, busy_lon
        The times and points of the residents' own bookings.
    """

    home: NDArray[np.intp]
    oldest: NDArray[np.int16]
    guardian_consent: NDArray[np.bool_]
    needs_step_free: NDArray[np.bool_]
    reach_m: NDArray[np.float32]
    booked: sp.csr_matrix
    muted: sp.csr_matrix
    busy_from: NDArray[np.int64]
    busy_starts_s: NDArray[np.int64]
    busy_ends_s: NDArray[np.int64]
    busy_lat: NDArray[np.float64]
    busy_lon: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.home)

    def block(self, first: int, last: int) -> "ResidentFacts":
        """The residents of a range of rows.

        Parameters
        ----------
        first, last
            Rows; ``last`` is excluded.

        Returns
        -------
        Facts of ``last - first`` residents; views where that is possible.
        """
        busy = slice(int(self.busy_from[first]), int(self.busy_from[last]))
        rows = slice(first, last)
        return ResidentFacts(
            self.home[rows],
            self.oldest[rows],
            self.guardian_consent[rows],
            self.needs_step_free[rows],
            self.reach_m[rows],
            _rows_of(self.booked, first, last),
            _rows_of(self.muted, first, last),
            self.busy_from[first : last + 1] - self.busy_from[first],
            self.busy_starts_s[busy],
            self.busy_ends_s[busy],
            self.busy_lat[busy],
            self.busy_lon[busy],
        )

    def take(self, rows: NDArray[np.intp]) -> "ResidentFacts":
        """Some residents, in the given order."""
        length = np.diff(self.busy_from)[rows]
        first = np.concatenate([[0], np.cumsum(length)])
        busy = np.repeat(self.busy_from[rows] - first[:-1], length) + np.arange(first[-1])
        return ResidentFacts(
            self.home[rows],
            self.oldest[rows],
            self.guardian_consent[rows],
            self.needs_step_free[rows],
            self.reach_m[rows],
            self.booked[rows],
            self.muted[rows],
            first.astype(np.int64),
            self.busy_starts_s[busy],
            self.busy_ends_s[busy],
            self.busy_lat[busy],
            self.busy_lon[busy],
        )

    def with_events(self, positions: NDArray[np.intp]) -> "ResidentFacts":
        """The same residents before a choice of the events."""
        return ResidentFacts(
            *(
                getattr(self, field.name)[:, positions]
                if field.name in ("booked", "muted")
                else getattr(self, field.name)
                for field in fields(self)
            )
        )

    @classmethod
    def anonymous(cls, n_events: int, *, home: int = -1, reach_m: float = np.inf) -> Self:
        """Somebody of whom nothing is known but the place.

        Parameters
        ----------
        n_events
            Columns of the empty matrices.
        home
            Row of :attr:`EligibilityContext.distance_m`; -1 unknown.
        reach_m
            How far they travel, metres.

        Returns
        -------
        Facts of one resident, old enough for everything.
        """
        nothing = sp.csr_matrix(np.zeros((1, n_events), dtype=np.bool_))
        none_s, none = np.empty(0, np.int64), np.empty(0, np.float64)
        return cls(
            home=np.array([home], dtype=np.intp),
            oldest=np.array([UNKNOWN_AGE], dtype=np.int16),
            guardian_consent=np.zeros(1, dtype=np.bool_),
            needs_step_free=np.zeros(1, dtype=np.bool_),
            reach_m=np.array([reach_m], dtype=np.float32),
            booked=nothing,
            muted=nothing,
            busy_from=np.zeros(2, dtype=np.int64),
            busy_starts_s=none_s,
            busy_ends_s=none_s,
            busy_lat=none,
            busy_lon=none,
        )


def _rows_of(matrix: sp.csr_matrix, first: int, last: int) -> sp.csr_matrix:
    """``matrix[first:last]`` without the copies and checks, which cost more than the rest."""
    start, end = int(matrix.indptr[first]), int(matrix.indptr[last])
    part = sp.csr_matrix((last - first, matrix.shape[1]), dtype=matrix.dtype)
    part.indptr = matrix.indptr[first : last + 1] - start
    part.indices, part.data = matrix.indices[start:end], matrix.data[start:end]
    return part


@dataclass(frozen=True, slots=True)
class EligibilityContext:
    """A moment, its events, and how far they lie from the homes.

    Attributes
    ----------
    now_s
        Seconds since 1970 in UTC.
    events
        The candidates.
    distance_m
        Shape (n_homes + 1, n_events), float32; NaN where a point is missing, as in the whole
        last row, so that home -1 finds it.
    """

    now_s: int
    events: EventFacts
    distance_m: NDArray[np.float32]

    def take(self, positions: NDArray[np.intp]) -> "EligibilityContext":
        """The same moment with a choice of the events."""
        return EligibilityContext(
            self.now_s, self.events.take(positions), self.distance_m[:, positions]
        )
