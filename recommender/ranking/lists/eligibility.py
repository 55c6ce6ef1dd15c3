"""Who may be shown what: small named rules, each with the reason it gives.

Every rule answers for all residents × events at once. Rules that speak of the event alone
return one value an event, the others one a pair; :func:`eligible` joins them.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.types import Reason

UNKNOWN_AGE = 999
"""The age of somebody whose age band is not known: old enough for everything."""

ADULT = 18

TRAVEL_M_PER_S = 15 / 3.6
"""Door to door speed in a city, 15 km/h (assumed): what a gap between two bookings must allow."""

DROP_IN_S = 12 * 3600
"""An event longer than this is open to drop in (an exhibition), so it clashes with nothing."""

EARTH_M = 6_371_008.8


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
        """The residents of a range of rows."""
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
        """Somebody of whom nothing is known but the place."""
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


Test = Callable[[ResidentFacts, EligibilityContext], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition for being shown.

    Attributes
    ----------
    name
        Stable; the code of its refusal is ``not_`` and the name.
    test
        True where the event may be shown; shape (n_events,) or (n_residents, n_events).
    """

    name: str
    test: Test

    @property
    def reason(self) -> Reason:
        """The refusal."""
        return Reason(f"not_{self.name}")


def haversine_m(
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    other_lat: NDArray[np.float64],
    other_lon: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Great-circle distance in metres; arguments in degrees, broadcast together; NaN stays."""
    a, b = np.radians(lat), np.radians(other_lat)
    half = (
        np.sin((b - a) / 2) ** 2
        + np.cos(a) * np.cos(b) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    )
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def _future(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return context.events.starts_s > context.now_s


def _published(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return context.events.published_s <= context.now_s


def _open(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return context.events.open & (context.events.closes_s > context.now_s)


def _seats(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return (context.events.seats_left >= 1) | context.events.waiting_list


def _age(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return residents.oldest[:, None] >= context.events.min_age


def _audience(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return residents.oldest[:, None] >= context.events.audience_age


def _guardian(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    alone = (residents.oldest < ADULT) & ~residents.guardian_consent
    return ~(alone[:, None] & context.events.paid)


def _access(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return ~residents.needs_step_free[:, None] | (context.events.step_free | context.events.online)


def _booked(residents: ResidentFacts, _: EligibilityContext) -> NDArray[np.bool_]:
    return ~_dense(residents.booked)


def _muted(residents: ResidentFacts, _: EligibilityContext) -> NDArray[np.bool_]:
    return ~_dense(residents.muted)


def _dense(matrix: sp.csr_matrix) -> NDArray[np.bool_]:
    # A resident's own bookings are few, mostly none.
    return matrix.toarray() if matrix.nnz else np.zeros(matrix.shape, dtype=np.bool_)


def _reach(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    far = context.distance_m[residents.home] > residents.reach_m[:, None]  # NaN is never far
    return ~far | context.events.online


def _clash(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    free = np.ones((len(residents), len(context.events)), dtype=np.bool_)
    if len(residents.busy_starts_s) == 0:
        return free
    events = context.events
    who = np.repeat(np.arange(len(residents)), np.diff(residents.busy_from))
    travel_m = haversine_m(
        residents.busy_lat[:, None], residents.busy_lon[:, None], events.lat, events.lon
    )
    travel_s = np.nan_to_num(travel_m, nan=0.0) / TRAVEL_M_PER_S
    starts, ends = residents.busy_starts_s[:, None], residents.busy_ends_s[:, None]
    clash = (
        (events.starts_s < ends + travel_s)
        & (starts < events.ends_s + travel_s)
        & (ends - starts <= DROP_IN_S)
        & (events.ends_s - events.starts_s <= DROP_IN_S)
    )
    booking, event = np.nonzero(clash)
    free[who[booking], event] = False
    return free


EVENT_RULES = (
    Rule("future", _future),
    Rule("published", _published),
    Rule("open", _open),
    Rule("seats", _seats),
)
"""Rules that speak of the event alone."""

RESIDENT_RULES = (
    Rule("age", _age),
    Rule("audience", _audience),
    Rule("guardian", _guardian),
    Rule("access", _access),
    Rule("booked", _booked),
    Rule("clash", _clash),
    Rule("reach", _reach),
    Rule("muted", _muted),
)
"""Rules that speak of the resident and the event."""

RULES = EVENT_RULES + RESIDENT_RULES


_NOBODY = ResidentFacts.anonymous(0)
"""What rules that speak of the event alone are given to ignore."""


def bookable(context: EligibilityContext) -> NDArray[np.bool_]:
    """Events that somebody may be shown: every rule that speaks of the event alone.

    Returns
    -------
    Booleans, shape (n_events,).
    """
    mask = np.ones(len(context.events), dtype=np.bool_)
    for rule in EVENT_RULES:
        mask &= rule.test(_NOBODY, context)
    return mask


def eligible(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    """Pairs for which every rule holds.

    Returns
    -------
    Booleans, shape (n_residents, n_events).
    """
    mask = np.broadcast_to(bookable(context), (len(residents), len(context.events))).copy()
    for rule in RESIDENT_RULES:
        mask &= rule.test(residents, context)
    return mask


def refusals(resident: ResidentFacts, context: EligibilityContext) -> list[tuple[Reason, ...]]:
    """Why each event is not shown to one resident; empty where it may be.

    Parameters
    ----------
    resident
        Facts of exactly one resident.

    Raises
    ------
    ValueError
        If there is more than one resident.
    """
    if len(resident) != 1:
        raise ValueError("refusals are told to one resident")
    passed = np.array(
        [
            np.broadcast_to(rule.test(resident, context), (1, len(context.events)))[0]
            for rule in RULES
        ]
    )
    return [
        tuple(rule.reason for rule, holds in zip(RULES, column, strict=True) if not holds)
        for column in passed.T
    ]
