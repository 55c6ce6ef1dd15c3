"""A day and an hour for every session of a schedule, fitting those who are to come (排期).

A hall holds one thing at a time,
a street no two things of one category at a time; what comes again comes a week later at the
earliest, a series of lessons on one weekday at one hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.audience_times import (
    AFTER_SCHOOL_MINUTE,
    AFTERNOON,
    START_MINUTES,
    CalendarDays,
    time_ranks,
)
from recommender.procurement.schedule import Slot

_SAME_DAY, _SAME_WEEK, _TOO_SOON = 1.5, 0.15, 4.0


@dataclass(frozen=True, slots=True)
class Engagements:
    """What already stands in halls and streets.

    Attributes
    ----------
    venues
        (venue, day, part of the day) that are taken, by position; parts from ``MORNING`` on.
    kinds
        (street, day, part, category) likewise.
    runs
        (venue, day) on which an exhibition is up.
    """

    venues: frozenset[tuple[int, int, int]] = frozenset()
    kinds: frozenset[tuple[int, int, int, int]] = frozenset()
    runs: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What is known of products for their days; P products.

    Attributes
    ----------
    audience
        Groups of the contract, one tuple a product.
    category
        Position of its category, shape (P,).
    run_days
        Days in a row that one session lasts, shape (P,).
    series
        Whether its sessions are lessons of one course, shape (P,).
    """

    audience: Sequence[tuple[str, ...]]
    category: NDArray[np.intp]
    run_days: NDArray[np.int64]
    series: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Appointment:
    """One session's day and hour.

    Attributes
    ----------
    slot
        Position of its slot in the schedule.
    first, last
        Its day; first and last day of a run.
    minute
        When it starts, minutes after midnight; 0 for a run, which is open when its place is.
    """

    slot: int
    first: date
    last: date
    minute: int


def arrange(
    slots: Sequence[Slot],
    calendar: CalendarDays,
    timing: Timing,
    engagements: Engagements = Engagements(),
    tours: Mapping[int, tuple[date, date]] | None = None,
) -> tuple[Appointment, ...]:
    """Give every session of a schedule its day.

    Tours come first, on the days they agreed on; then runs and series; then what suits fewest
    times. Each takes the best time that is free in its month.

    Parameters
    ----------
    slots
        Venue and month of the sessions.
    calendar, timing
        The days, and what products need.
    engagements
        What already stands.
    tours
        First and second day by the number of a tour.

    Returns
    -------
    In the order of slots and days; a session for which no time is free is missing.
    """
    book = _Book(calendar, timing, engagements)
    made: list[Appointment] = []
    seen: set[int] = set()
    for position in _in_order(slots, timing):
        slot = slots[position]
        if slot.tour >= 0 and tours is not None:
            pair = tours[slot.tour]
            made += book.tour(position, slot, pair[slot.tour in seen])
            seen.add(slot.tour)
        elif timing.run_days[slot.product] > 1:
            made += book.runs(position, slot)
        elif timing.series[slot.product]:
            made += book.series(position, slot)
        else:
            made += book.single(position, slot)
    return tuple(sorted(made, key=lambda each: (each.slot, each.first, each.minute)))


def _in_order(slots: Sequence[Slot], timing: Timing) -> list[int]:
    """Positions of placed slots: tours, runs and series, then the choosiest first."""

    def key(position: int) -> tuple[bool, bool, bool, bool, int]:
        p = slots[position].product
        choosy = set(timing.audience[p]) & {"senior", "children", "disabled"}
        return (
            slots[position].tour < 0,
            timing.run_days[p] <= 1,
            not timing.series[p],
            not choosy,
            position,
        )

    return sorted((n for n, slot in enumerate(slots) if slot.placed), key=key)


@dataclass(slots=True)
class _Book:
    """What is taken so far, by arrays that grow with halls and streets."""

    calendar: CalendarDays
    timing: Timing
    engagements: Engagements
    venues: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    runs_in: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    kinds: dict[tuple[int, int], NDArray[np.bool_]] = field(default_factory=dict)
    load: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    held: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    ranks: dict[tuple[str, ...], NDArray[np.float64]] = field(default_factory=dict)
    weekly: dict[tuple[int, int, int], tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for venue, day, part in self.engagements.venues:
            self._hall(venue)[day, part] = True
        for street, day, part, category in self.engagements.kinds:
            self._kind(street, category)[day, part] = True
            self._load(street)[day] += 1
        for venue, day in self.engagements.runs:
            self._runs_in(venue)[day] = True

    def single(self, position: int, slot: Slot) -> list[Appointment]:
        """Each session at its best free time, a week from the product's others."""
        made = []
        for _ in range(slot.sessions):
            cost = self._cost(slot)
            best = int(cost.argmin())
            day, part = divmod(best, 3)
            if not np.isfinite(cost.flat[best]):
                break
            made.append(self._take(position, slot, day, part))
        return made

    def series(self, position: int, slot: Slot) -> list[Appointment]:
        """Lessons on one weekday at one hour, week by week."""
        key, made = (slot.buyer, slot.street, slot.product), []
        for _ in range(slot.sessions):
            cost = self._cost(slot)
            if key in self.weekly:
                weekday, hour = self.weekly[key]
                off_beat = np.ones(cost.shape, dtype=np.bool_)
                off_beat[self._weekdays() == weekday, hour] = False
                cost = cost + 100.0 * off_beat
            # The earliest week that is free, then the best time in it.
            cost = cost + 0.6 * (np.arange(len(self.calendar.days)) // 7)[:, None]
            best = int(cost.argmin())
            day, part = divmod(best, 3)
            if not np.isfinite(cost.flat[best]):
                break
            self.weekly.setdefault(key, (self.calendar.days[day].weekday(), part))
            made.append(self._take(position, slot, day, part))
        return made

    def runs(self, position: int, slot: Slot) -> list[Appointment]:
        """A run of days where the place has no other one; it takes up no hall."""
        length, made = int(self.timing.run_days[slot.product]), []
        n = len(self.calendar.days)
        for _ in range(slot.sessions):
            taken = self._runs_in(slot.venue)
            starts = np.flatnonzero((self.calendar.month == slot.month) & ~self.calendar.closed)
            last = max((int(s) for s in starts), default=0)
            fits = [
                int(s)
                for s in starts
                if not taken[s : s + length].any() and (s + length <= n or s == last)
            ]
            whole = [s for s in fits if s + length <= n]
            # One that the period cuts short only where no other fits.
            first = min(whole or fits, default=None)
            if first is None:
                break
            until = min(first + length, n)
            taken[first:until] = True
            days = self.calendar.days
            made.append(Appointment(position, days[first], days[until - 1], 0))
        return made

    def tour(self, position: int, slot: Slot, day: date) -> list[Appointment]:
        """The agreed day, at the best free hour."""
        at = self.calendar.days.index(day)
        cost = self._cost(slot)[at]
        part = int(cost.argmin())
        if not np.isfinite(cost[part]):
            return []
        return [self._take(position, slot, at, part)]

    def _cost(self, slot: Slot) -> NDArray[np.float64]:
        """What each time costs, shape (D, 3); infinite where it cannot be."""
        calendar, category = self.calendar, int(self.timing.category[slot.product])
        cost = self._rank(slot.product).copy()
        load = self._load(slot.street)
        week = np.convolve(load, np.ones(7), mode="same")[: len(load)]
        cost += (_SAME_DAY * load + _SAME_WEEK * week)[:, None]
        for day in self.held.get((slot.street, slot.product), ()):
            cost[max(0, day - 6) : day + 7] += _TOO_SOON
        never = calendar.closed | (calendar.month != slot.month)
        cost[never] = np.inf
        cost[self._kind(slot.street, category)] = np.inf
        if slot.venue >= 0:
            cost[self._hall(slot.venue)] = np.inf
        return cost

    def _take(self, position: int, slot: Slot, day: int, part: int) -> Appointment:
        calendar, product = self.calendar, slot.product
        if slot.venue >= 0:
            self._hall(slot.venue)[day, part] = True
        self._kind(slot.street, int(self.timing.category[product]))[day, part] = True
        self._load(slot.street)[day] += 1
        self.held.setdefault((slot.street, product), []).append(day)
        minute = START_MINUTES[part]
        school = not (calendar.off[day] or calendar.school_holiday[day])
        if (
            part == AFTERNOON
            and school
            and {"children", "family"} & set(self.timing.audience[product])
        ):
            minute = AFTER_SCHOOL_MINUTE
        return Appointment(position, calendar.days[day], calendar.days[day], minute)

    def _rank(self, product: int) -> NDArray[np.float64]:
        audience = self.timing.audience[product]
        if audience not in self.ranks:
            self.ranks[audience] = time_ranks(audience, self.calendar)
        return self.ranks[audience]

    def _hall(self, venue: int) -> NDArray[np.bool_]:
        return self.venues.setdefault(venue, self._times())

    def _runs_in(self, venue: int) -> NDArray[np.bool_]:
        return self.runs_in.setdefault(venue, np.zeros(len(self.calendar.days), dtype=np.bool_))

    def _kind(self, street: int, category: int) -> NDArray[np.bool_]:
        return self.kinds.setdefault((street, category), self._times())

    def _load(self, street: int) -> NDArray[np.float64]:
        return self.load.setdefault(street, np.zeros(len(self.calendar.days)))

    def _times(self) -> NDArray[np.bool_]:
        return np.zeros((len(self.calendar.days), 3), dtype=np.bool_)

    def _weekdays(self) -> NDArray[np.int64]:
        return np.array([day.weekday() for day in self.calendar.days], dtype=np.int64)
