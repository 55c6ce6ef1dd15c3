"""Seats, waiting lists and cancellations: who of those who want a seat gets one."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.event_log import BOOKED, CANCELLED, WAITLISTED, Columns
from data.simulate.behaviour.purchasing import Agenda
from data.simulate.settings import DAY_S, OFFSET_S

CANCEL_SHARE = 0.12
WAIT_SHARE = 0.5
"""Of those who find an event full, how many join its waiting list (*assumed*)."""
PARTY_SHARES = (0.80, 0.16, 0.04)
PARTY_MEAN = 1.24
"""Seats a booking: 1, 2 or 3 (*assumed*)."""
CALENDAR = 64


class Seating:
    """Every event's seats and queue, and every resident's calendar of the coming weeks.

    Parameters
    ----------
    agenda
        The events; it may grow (see :meth:`grow`).
    residents
        How many there are.
    rng
        Party sizes, patience, changes of mind.

    Attributes
    ----------
    log
        All bookings, in order of time.
    taken, wanted
        Seats given away, and asked for, at each event.
    """

    def __init__(self, agenda: Agenda, residents: int, rng: np.random.Generator) -> None:
        self._agenda, self._rng = agenda, rng
        self.log = Columns("resident", "event", "booked_s", "updated_s", "seats", "status", "visit")
        self.taken = np.zeros(0, dtype=np.int64)
        self.wanted = np.zeros(0, dtype=np.int64)
        self._busy = np.zeros((CALENDAR, residents), dtype=bool)
        self._cancels: dict[int, list[NDArray[np.int64]]] = defaultdict(list)
        self._waiting = np.zeros(0, dtype=np.int64)

    def grow(self) -> None:
        """Make room for events that came onto the agenda."""
        more = np.zeros(len(self._agenda) - len(self.taken), dtype=np.int64)
        self.taken = np.concatenate([self.taken, more])
        self.wanted = np.concatenate([self.wanted, more])

    def _day(self, event: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = (
            (self._agenda.events["starts_s"][event] + OFFSET_S) // DAY_S % CALENDAR
        )
        return found

    def are_free(self, resident: NDArray[np.int64], event: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Who has nothing else on the event's day; of several wishes for one day, the first.

        Parameters
        ----------
        resident, event
            Positions, shape (n,), in the order of preference.

        Returns
        -------
        Mask, shape (n,).
        """
        day = self._day(event)
        _, first = np.unique(resident * CALENDAR + day, return_index=True)
        once = np.zeros(len(resident), dtype=bool)
        once[first] = True
        return ~self._busy[day, resident] & once

    def seat(
        self,
        resident: NDArray[np.int64],
        at_s: NDArray[np.int64],
        event: NDArray[np.int64],
        visit: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Book as far as seats go; returns the positions of those with a seat or in a queue.

        Parameters
        ----------
        resident
            Positions, shape (n,).
        at_s
            Time of each request, seconds since 1970.
        event
            Event of each request.
        visit
            The visit whose list showed the event; -1: it was heard of elsewhere.

        Returns
        -------
        Positions in ``resident``, ascending.
        """
        if not len(event):
            return np.zeros(0, dtype=np.int64)
        rng, e = self._rng, self._agenda.events
        sizes = np.cumsum(PARTY_SHARES[:2])
        party = 1 + np.searchsorted(sizes, rng.random(len(event)), side="right")
        np.add.at(self.wanted, event, party)
        queue = np.lexsort((at_s, event))
        fits = np.zeros(len(event), dtype=bool)
        ahead = _running(event[queue], party[queue])
        fits[queue] = self.taken[event[queue]] + ahead <= e["seats"][event[queue]]
        waits = ~fits & (rng.random(len(event)) < WAIT_SHARE)
        np.add.at(self.taken, event[fits], party[fits])
        kept = np.flatnonzero(fits | waits)
        kept = kept[np.argsort(at_s[kept], kind="stable")]
        rows = self.log.append(
            resident=resident[kept],
            event=event[kept],
            booked_s=at_s[kept],
            updated_s=at_s[kept],
            seats=party[kept],
            status=np.where(fits[kept], BOOKED, WAITLISTED),
            visit=visit[kept],
        )
        self._busy[self._day(event[kept]), resident[kept]] = True
        self._waiting = np.concatenate([self._waiting, rows[~fits[kept]]])
        self._plan_cancels(rows, at_s[kept], e["starts_s"][event[kept]])
        return kept

    def _plan_cancels(
        self, rows: NDArray[np.int64], booked_s: NDArray[np.int64], starts_s: NDArray[np.int64]
    ) -> None:
        """Some change their mind, at any time until three hours before."""
        rng = self._rng
        leaves = np.flatnonzero(rng.random(len(rows)) < CANCEL_SHARE)
        booked = booked_s[leaves]
        span = starts_s[leaves] - 3 * 3_600 - booked
        when = booked + (rng.random(len(leaves)) * span).astype(np.int64)
        late = when > booked + 600
        leaves, when = leaves[late], when[late]
        tomorrow = (int(booked_s[0]) + OFFSET_S) // DAY_S + 1 if len(rows) else 0
        due = np.maximum((when + OFFSET_S) // DAY_S, tomorrow)
        for day in np.unique(due):
            self._cancels[int(day)].append(np.stack([rows[leaves], when])[:, due == day])

    def turn_day(self, midnight_s: int) -> None:
        """Clear yesterday, take cancelled events down, and let waiting lists move up."""
        number = (midnight_s + OFFSET_S) // DAY_S
        self._busy[(number - 1) % CALENDAR] = False
        log, e = self.log, self._agenda.events
        down = np.flatnonzero(
            (e["cancelled"] == 1)
            & (e["starts_s"] - 3 * DAY_S > midnight_s)
            & (e["starts_s"] - 3 * DAY_S <= midnight_s + DAY_S)
        )
        if len(down):
            hit = np.flatnonzero(np.isin(log["event"], down) & (log["status"] <= WAITLISTED))
            log["status"][hit] = CANCELLED
            log["updated_s"][hit] = midnight_s + 9 * 3_600
        chunks = self._cancels.pop(number, [])
        if chunks:
            freed = self._free(*np.concatenate(chunks, axis=1))
            self._move_up(freed, midnight_s)

    def _free(self, rows: NDArray[np.int64], when: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cancel bookings; returns the seats freed at each event."""
        log = self.log
        live = log["status"][rows] <= WAITLISTED
        rows, when = rows[live], when[live]
        held = rows[log["status"][rows] == BOOKED]
        freed = np.zeros(len(self.taken), dtype=np.int64)
        np.add.at(freed, log["event"][held], log["seats"][held])
        self.taken -= freed
        log["status"][rows] = CANCELLED
        log["updated_s"][rows] = when
        return freed

    def _move_up(self, freed: NDArray[np.int64], midnight_s: int) -> None:
        """Give freed seats to those who have waited longest."""
        log, e = self.log, self._agenda.events
        waiting = self._waiting
        starts = e["starts_s"][log["event"][waiting]]
        waiting = waiting[(log["status"][waiting] == WAITLISTED) & (starts > midnight_s + DAY_S)]
        hopeful = waiting[freed[log["event"][waiting]] > 0]
        queue = hopeful[np.argsort(log["event"][hopeful], kind="stable")]
        event, seats = log["event"][queue], log["seats"][queue]
        up = queue[self.taken[event] + _running(event, seats) <= e["seats"][event]]
        np.add.at(self.taken, log["event"][up], log["seats"][up])
        log["status"][up] = BOOKED
        log["updated_s"][up] = midnight_s + 22 * 3_600
        self._waiting = waiting[log["status"][waiting] == WAITLISTED]


def _running(event: NDArray[np.int64], seats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seats asked for at the same event up to and with each entry; events stand together."""
    total = np.cumsum(seats)
    start = np.searchsorted(event, event, side="left")
    found: NDArray[np.int64] = total - np.where(start > 0, total[start - 1], 0)
    return found
