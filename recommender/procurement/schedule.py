"""A venue and a month for every session that a plan buys (排期)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.problem import ProcurementProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Halls:
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
        Lower comes first (the street's own centre before a district hall), shape (V,).
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
    """

    buyer: int
    street: int
    product: int
    venue: int
    month: int
    sessions: int
    placed: bool


def schedule(
    problem: ProcurementProblem, halls: Halls, sessions: NDArray[np.int64]
) -> tuple[Slot, ...]:
    """Place every session.

    The sessions that need most room choose first, then those with most demand; a session takes the
    most preferred venue that is free, in the month in which its product and venue are least busy.

    Parameters
    ----------
    problem, halls
        The problem and its venues.
    sessions
        Shape (B, S, P).
    """
    free = halls.slots.copy()
    demand = problem.demand
    wanted = sorted(
        zip(*np.nonzero(sessions), strict=True),
        key=lambda at: (-halls.needs_seats[at[2]], -demand[at[1], at[2]], at),
    )
    slots: list[Slot] = []
    for b, s, p in wanted:
        months = np.flatnonzero(halls.open_months[p])
        counts: dict[tuple[int, int, bool], int] = {}
        held = np.zeros(halls.open_months.shape[1], dtype=np.int64)
        venues = np.flatnonzero(halls.suits(p) & (halls.street == s))
        venues = venues[np.lexsort((-halls.seats[venues], halls.preference[venues]))]
        for _ in range(int(sessions[b, s, p])):
            place = (-1, int(months[0]) if len(months) else 0, bool(halls.nowhere[p]))
            if halls.nowhere[p]:
                place = (-1, int(min(months, key=lambda m: held[m])), True)
            else:
                for v in venues:
                    open_ = [int(m) for m in months if free[v, m] > 0]
                    if open_:
                        month = min(open_, key=lambda m: (held[m], -free[v, m], m))
                        free[v, month] -= 1
                        place = (int(v), month, True)
                        break
            held[place[1]] += 1
            counts[place] = counts.get(place, 0) + 1
        slots += [
            Slot(int(b), int(s), int(p), venue, month, n, placed)
            for (venue, month, placed), n in sorted(counts.items())
        ]
    return tuple(slots)
