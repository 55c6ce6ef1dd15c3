"""A venue and a month for every session that a plan buys (排期)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.plan import Tour
from recommender.procurement.problem import ProcurementProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCalendar:
    """Venues for a plan; V venues, M months.

    Attributes
    ----------
    street
        Street position of each venue, shape (V,).
    seats
        Shape (V,); inf where unknown.
    step_free
        Whether a venue has step-free access, shape (V,).
    preference
        Lower comes first (the street's own centre before a district venue), shape (V,).
    slots
        Sessions that fit into a venue in a month, shape (V, M).
    needs_seats
        Least seats a product asks for, shape (P,).
    needs_step_free
        Whether a product's audience needs step-free access, shape (P,).
    nowhere
        Products held without a venue (online), shape (P,).
    open_months
        Months in which a product may be held (listed, licence valid), shape (P, M).
    series
        Sittings of one session that is bought, all in one venue, shape (P,); empty: one each.
    runs
        Products that last for days and take up no slots, shape (P,); empty: none.
    """

    street: NDArray[np.intp]
    seats: NDArray[np.float64]
    step_free: NDArray[np.bool_]
    preference: NDArray[np.intp]
    slots: NDArray[np.int64]
    needs_seats: NDArray[np.float64]
    needs_step_free: NDArray[np.bool_]
    nowhere: NDArray[np.bool_]
    open_months: NDArray[np.bool_]
    series: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    runs: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def sessions_each(self, product: int) -> int:
        """Sittings of one session of a product."""
        return int(self.series[product]) if len(self.series) else 1

    def is_run(self, product: int) -> bool:
        """Whether a product lasts for days."""
        return bool(len(self.runs) and self.runs[product])

    def suits(self, product: int) -> NDArray[np.bool_]:
        """Venues that a product can be held in, shape (V,)."""
        room = self.seats >= self.needs_seats[product]
        return np.asarray(room & (self.step_free | ~self.needs_step_free[product]))


@dataclass(frozen=True, slots=True)
class Slot:
    """Sessions of one line in one venue and month; venue -1: none, or none was free.

    Attributes
    ----------
    placed
        False when no venue had a slot left: the officer has to find one.
    tour
        Number of the pair of touring sessions this one belongs to: the other half has the same
        number, product and month. -1: it does not tour.
    """

    buyer: int
    street: int
    product: int
    venue: int
    month: int
    sessions: int
    placed: bool
    tour: int = -1


def schedule(
    problem: ProcurementProblem,
    calendar: VenueCalendar,
    sessions: NDArray[np.int64],
    tours: tuple[Tour, ...] = (),
) -> tuple[Slot, ...]:
    """Place every session.

    Tours choose first: both halves come into the same month. Then the sessions that need most
    room, then those with most demand; a session takes the most preferred venue that is free, in
    the month in which its product and venue are least busy.

    Parameters
    ----------
    problem, calendar
        The problem and its venues.
    sessions
        Shape (B, S, P).
    tours
        Which of them tour together. A pair for which no month is free in both streets is placed
        like any other sessions.

    Returns
    -------
    Every session's venue and month.
    """
    free_slots = _FreeSlots(calendar)
    left = sessions.copy()
    number = 0
    for tour in tours:
        sides = [(b, s, tour.product) for b, s in (tour.first, tour.second)]
        for _ in range(tour.sessions):
            months = set(free_slots.months(sides[0])) & set(free_slots.months(sides[1]))
            if not months:
                break
            month = min(months, key=lambda m: (sum(free_slots.held(side)[m] for side in sides), m))
            for side in sides:
                free_slots.place(side, [month], calendar.sessions_each(tour.product), tour=number)
                left[side] -= 1
            number += 1
    demand = problem.demand
    wanted = sorted(
        ((int(b), int(s), int(p)) for b, s, p in zip(*np.nonzero(left), strict=True)),
        key=lambda at: (-calendar.needs_seats[at[2]], -demand[at[1], at[2]], at),
    )
    for at in wanted:
        for _ in range(int(left[at])):
            free_slots.place(at, free_slots.months(at), calendar.sessions_each(at[2]))
    return free_slots.slots(sessions)


_RUNS_A_MONTH = 2
"""Exhibitions that a venue can open in a month (*assumed*)."""

Cell = tuple[int, int, int]
"""Positions of a buyer, a street and a product."""


class _FreeSlots:
    """Which venues are still free, and what was placed where."""

    def __init__(self, calendar: VenueCalendar) -> None:
        self.calendar, self.free = calendar, calendar.slots.copy()
        self.walls = np.where(calendar.slots > 0, _RUNS_A_MONTH, 0)
        self._held: dict[Cell, NDArray[np.int64]] = {}
        self._venues: dict[tuple[int, int], NDArray[np.intp]] = {}
        self._counts: dict[Cell, dict[tuple[int, int, bool, int], int]] = {}

    def held(self, at: Cell) -> NDArray[np.int64]:
        """Sessions of a line by month."""
        months = self.calendar.open_months.shape[1]
        return self._held.setdefault(at, np.zeros(months, dtype=np.int64))

    def venues(self, street: int, product: int) -> NDArray[np.intp]:
        """Suitable venues of a street, most preferred first."""
        if (street, product) not in self._venues:
            calendar = self.calendar
            found = np.flatnonzero(calendar.suits(product) & (calendar.street == street))
            order = np.lexsort((-calendar.seats[found], calendar.preference[found]))
            self._venues[street, product] = found[order]
        return self._venues[street, product]

    def months(self, at: Cell) -> list[int]:
        """Months in which a line's product is open and a venue is free."""
        _, street, product = at
        open_ = [int(m) for m in np.flatnonzero(self.calendar.open_months[product])]
        if self.calendar.nowhere[product]:
            return open_
        venues, free = self.venues(street, product), self._free(product)
        return [m for m in open_ if (free[venues, m] > 0).any()]

    def place(self, at: Cell, months: list[int], number: int = 1, *, tour: int = -1) -> None:
        """Place one session in these months, its sittings in one venue if that has room."""
        free = self._free(at[2])
        venues = self.venues(at[1], at[2]).tolist()
        room = [v for v in venues if free[v, months].sum() >= number]
        for _ in range(number):
            self._place(at, months, room[:1] or venues, tour)

    def _place(self, at: Cell, months: list[int], venues: list[int], tour: int) -> None:
        product, calendar = at[2], self.calendar
        held, free = self.held(at), self._free(product)
        open_ = np.flatnonzero(calendar.open_months[product])
        place = (-1, int(open_[0]) if len(open_) else 0, bool(calendar.nowhere[product]), tour)
        if calendar.nowhere[product]:
            if months:
                place = (-1, min(months, key=lambda m: held[m]), True, tour)
        else:
            for v in venues:
                own = [m for m in months if free[v, m] > 0]
                if own:
                    month = min(own, key=lambda m: (held[m], -free[v, m], m))
                    free[v, month] -= 1
                    place = (v, month, True, tour)
                    break
        held[place[1]] += 1
        counts = self._counts.setdefault(at, {})
        counts[place] = counts.get(place, 0) + 1

    def _free(self, product: int) -> NDArray[np.int64]:
        """Slots that are left for a product; runs of days have walls of their own."""
        return self.walls if self.calendar.is_run(product) else self.free

    def slots(self, sessions: NDArray[np.int64]) -> tuple[Slot, ...]:
        """Everything that was placed, line by line."""
        return tuple(
            Slot(*at, venue, month, n, placed, tour)
            for at in sorted(self._counts)
            if sessions[at]
            for (venue, month, placed, tour), n in sorted(self._counts[at].items())
        )
