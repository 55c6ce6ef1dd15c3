"""Residents book: the day-by-day run of the platform.

Each day some registered residents open the app, look down the list they are shown, and of what
they look at book what (1) interests them, (2) they can reach, (3) suits their hours. Interest in a
product is settled once for a resident: being shown it again does not draw a new lot, so the
second session of a product finds fewer who still want it. Seats run out; some then join the
waiting list, and move up when others cancel.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from data.simulate.agenda import Agenda
from data.simulate.attention import EXAMINED, Attention, surface_of
from data.simulate.catalogue import AGE_FIT, Catalogue
from data.simulate.geography import Geography
from data.simulate.journal import (
    ATTENDED,
    BOOKED,
    CANCELLED,
    NO_SHOW,
    WAITLISTED,
    Columns,
    Journal,
    chance,
)
from data.simulate.people import WILLING, People
from data.simulate.settings import DAY_S, OFFSET_S, SimulationSettings

CANCEL_SHARE = 0.12
WAIT_SHARE = 0.5
PARTY_SHARES = (0.80, 0.16, 0.04)
PARTY_MEAN = 1.24
"""Seats a booking: 1, 2 or 3 (*assumed*)."""
OUTSIDE_SHARE = 0.5
"""Posters, friends: one unlogged notice at every second visit (*assumed*)."""
ONLINE_REACH = np.float32(0.3)
HOURS = np.array(
    [1, 1, 0, 0, 0, 1, 3, 5, 6, 6, 6, 7, 9, 7, 5, 5, 5, 6, 7, 9, 11, 11, 8, 4], dtype=float
)


class BookingRun:
    """State of the platform from day to day.

    Parameters
    ----------
    settings, place, people, catalogue, agenda
        The world; ``agenda`` may grow between days.
    reach_home, reach_work
        Willingness by committee and venue, by workplace and venue.
    season
        Shape (categories, 4): interest by quarter of the year, mean 1.
    rng
        Chance.
    """

    def __init__(
        self,
        settings: SimulationSettings,
        place: Geography,
        people: People,
        catalogue: Catalogue,
        agenda: Agenda,
        reach_home: NDArray[np.float32],
        reach_work: NDArray[np.float32],
        season: NDArray[np.float32],
        rng: np.random.Generator,
    ) -> None:
        self._settings, self._people, self._catalogue = settings, people, catalogue
        self._agenda, self._rng, self._season = agenda, rng, season
        online = np.full((1, 1), ONLINE_REACH)
        self._home = np.hstack([reach_home, np.repeat(online, len(reach_home), axis=0)])
        self._work = np.hstack([reach_work, np.repeat(online, len(reach_work), axis=0)])
        self._attention = Attention(settings, place)
        n = people.registered
        self._rate = np.cumsum(people.activity[:n].astype(np.float64))
        self._suppliers = np.full((n, 4), -1, dtype=np.int32)
        self._busy = np.zeros((64, n), dtype=bool)
        bits = max(22, int(np.ceil(np.log2(n * settings.years * 40))))
        self._seen = np.zeros(1 << min(bits, 30), dtype=bool)
        self._log = Columns("resident", "event", "booked_s", "updated_s", "seats", "status")
        self._taken = np.zeros(0, dtype=np.int64)
        self._wanted = np.zeros(0, dtype=np.int64)
        self._exposure = np.zeros((len(place.streets), 0))
        self._cancels: dict[int, list[NDArray[np.int64]]] = defaultdict(list)
        self._waiting = np.zeros(0, dtype=np.int64)
        self._kept: list[dict[str, NDArray[np.generic]]] = []
        self._visits = 0

    def day(self, midnight_s: int) -> None:
        """Run one local day that begins at ``midnight_s``."""
        self._grow()
        e = self._agenda.events
        if not len(self._agenda):
            return
        self._cancel(midnight_s)
        tomorrow = midnight_s + DAY_S
        is_open = (e["published_s"] < midnight_s) & (e["starts_s"] >= midnight_s)
        # A cancelled event is taken down three days before.
        is_open &= (e["cancelled"] == 0) | (e["starts_s"] - 3 * DAY_S > tomorrow)
        open_events = np.flatnonzero(is_open)
        if not len(open_events):
            return
        rng, people = self._rng, self._people
        weekday = (midnight_s + OFFSET_S) // DAY_S % 7  # 1970-01-01 was a Thursday: 2 = Saturday
        busy_day = 1.25 if weekday in (2, 3) else 0.9
        mean = self._rate[-1] * self._settings.visits_per_year / 365 * busy_day
        # In order, the search is many times quicker; the hour drawn below mixes them again.
        lots = np.sort(rng.random(rng.poisson(mean)))
        visitors = np.searchsorted(self._rate, lots * self._rate[-1])
        visitors = visitors[people.joined_s[visitors] < midnight_s]
        hours = np.cumsum(HOURS) / HOURS.sum()
        hour = np.searchsorted(hours, rng.random(len(visitors)), side="right").clip(0, 23)
        seconds = hour * 3_600 + rng.integers(0, 3_300, len(visitors))
        by_time = np.argsort(seconds, kind="stable")
        visitors, at_s = visitors[by_time], midnight_s + seconds[by_time]

        street = people.street[visitors]
        venue = e["venue"][open_events]
        chances = self._attention.surfaces(
            venue, e["starts_s"][open_events], self._taken[open_events], midnight_s
        )
        column, propensity = self._attention.draw(chances, street, rng)
        shown = np.ones(column.shape, dtype=bool)
        for slot in range(1, column.shape[1]):
            shown[:, slot] = (column[:, :slot] != column[:, [slot]]).all(axis=1)
        shown &= e["closes_s"][open_events][column] > at_s[:, None]
        self._keep(
            midnight_s, visitors, street, at_s, open_events, column, propensity, shown, chances
        )

        heard = self._attention.nearby(chances, street, rng)
        by_hearsay = rng.random(len(visitors)) < OUTSIDE_SHARE
        by_hearsay &= e["closes_s"][open_events][heard] > at_s
        row, position = np.nonzero(shown)
        who = np.concatenate([row, np.flatnonzero(by_hearsay)])
        event = open_events[np.concatenate([column[row, position], heard[by_hearsay]])]
        look = np.concatenate([EXAMINED[position], np.full(by_hearsay.sum(), EXAMINED[0])])
        self._choose(visitors[who], at_s[who] + rng.integers(10, 300, len(who)), event, look)

    def _choose(
        self,
        resident: NDArray[np.int64],
        at_s: NDArray[np.int64],
        event: NDArray[np.int64],
        look: NDArray[np.float32],
    ) -> None:
        """From what was looked at to what is booked."""
        rng, people, e = self._rng, self._people, self._agenda.events
        product = e["product"][event]
        supplier = self._catalogue.supplier[product].astype(np.int32)
        knows = (self._suppliers[resident] == supplier[:, None]).any(axis=1)
        look = look * np.where(knows, np.float32(self._settings.habit), np.float32(1))
        look = look * self._agenda.luck[event]
        cell = people.street[resident] * np.int64(self._exposure.shape[1]) + event
        np.add.at(self._exposure.reshape(-1), cell, look)
        quarter = (e["starts_s"][event] + OFFSET_S) // DAY_S % 365 // 92
        able = look * self.able(resident, e["venue"][event], e["slot"][event])
        able *= self._season[self._catalogue.category[product], quarter.clip(0, 3)]
        yes = np.flatnonzero(rng.random(len(resident)) < able)
        resident, at_s, event, product = resident[yes], at_s[yes], event[yes], product[yes]

        key = resident.astype(np.uint64) * np.uint64(len(self._catalogue)) + product.astype(
            np.uint64
        )
        logit = np.einsum("ij,ij->i", people.taste[resident], self._catalogue.loading[product])
        logit += self._catalogue.appeal[product]
        logit += AGE_FIT[self._catalogue.audience[product], people.age[resident]]
        yes = np.flatnonzero(chance(key, self._settings.seed) < 1 / (1 + np.exp(-logit)))
        resident, at_s, event, key = resident[yes], at_s[yes], event[yes], key[yes]

        mask = np.uint64(len(self._seen) - 1)
        spots = [
            (key * np.uint64(prime)) >> np.uint64(20) & mask
            for prime in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
        ]
        again = self._seen[spots[0]] & self._seen[spots[1]]
        rebook = self._catalogue.rebook[e["product"][event]]
        day = (e["starts_s"][event] + OFFSET_S) // DAY_S % 64
        free = ~self._busy[day, resident] & (~again | (rng.random(len(event)) < rebook))
        # Nobody books one day twice in the same hour either.
        _, first = np.unique(resident * 64 + day, return_index=True)
        once = np.zeros(len(resident), dtype=bool)
        once[first] = True
        yes = np.flatnonzero(free & once)
        resident, at_s, event, day = resident[yes], at_s[yes], event[yes], day[yes]
        for spot in spots:
            self._seen[spot[yes]] = True
        self._seat(resident, at_s, event, day)

    def _seat(
        self,
        resident: NDArray[np.int64],
        at_s: NDArray[np.int64],
        event: NDArray[np.int64],
        day: NDArray[np.int64],
    ) -> None:
        rng, e = self._rng, self._agenda.events
        party = 1 + np.searchsorted(
            np.cumsum(PARTY_SHARES[:2]), rng.random(len(event)), side="right"
        )
        np.add.at(self._wanted, event, party)
        queue = np.lexsort((at_s, event))
        resident, at_s, event, day, party = (x[queue] for x in (resident, at_s, event, day, party))
        running = np.cumsum(party)
        start = np.searchsorted(event, event, side="left")
        ahead = running - np.where(start > 0, running[start - 1], 0)
        fits = self._taken[event] + ahead <= e["seats"][event]
        waits = ~fits & (rng.random(len(event)) < WAIT_SHARE)
        np.add.at(self._taken, event[fits], party[fits])
        kept = np.flatnonzero(fits | waits)
        by_time = kept[np.argsort(at_s[kept], kind="stable")]
        rows = self._log.append(
            resident=resident[by_time],
            event=event[by_time],
            booked_s=at_s[by_time],
            updated_s=at_s[by_time],
            seats=party[by_time],
            status=np.where(fits[by_time], BOOKED, WAITLISTED),
        )
        self._busy[day[by_time], resident[by_time]] = True
        slot = rng.integers(0, 4, len(rows))
        self._suppliers[resident[by_time], slot] = self._catalogue.supplier[
            e["product"][event[by_time]]
        ]
        self._waiting = np.concatenate([self._waiting, rows[~fits[by_time]]])
        # Some change their mind, at any time until three hours before.
        leaves = np.flatnonzero(rng.random(len(rows)) < CANCEL_SHARE)
        booked, starts = at_s[by_time][leaves], e["starts_s"][event[by_time]][leaves]
        when = booked + (rng.random(len(leaves)) * (starts - 3 * 3_600 - booked)).astype(np.int64)
        leaves, when = leaves[when > booked + 600], when[when > booked + 600]
        on_day = (when + OFFSET_S) // DAY_S
        today = (at_s[0] + OFFSET_S) // DAY_S if len(at_s) else 0
        for value in np.unique(on_day):
            chosen = on_day == value
            due = max(int(value), int(today) + 1)
            self._cancels[due].append(np.stack([rows[leaves[chosen]], when[chosen]]))

    def _cancel(self, midnight_s: int) -> None:
        """Take back the day's cancellations and let the waiting list move up."""
        number = (midnight_s + OFFSET_S) // DAY_S
        self._busy[(number - 1) % 64] = False
        chunks = self._cancels.pop(number, [])
        log, e = self._log, self._agenda.events
        down = np.flatnonzero(
            (e["cancelled"] == 1)
            & (e["starts_s"] - 3 * DAY_S > midnight_s)
            & (e["starts_s"] - 3 * DAY_S <= midnight_s + DAY_S)
        )
        if len(down):
            hit = np.flatnonzero(np.isin(log["event"], down) & (log["status"] <= WAITLISTED))
            log["status"][hit] = CANCELLED
            log["updated_s"][hit] = midnight_s + 9 * 3_600
        if not chunks:
            return
        rows, when = np.concatenate(chunks, axis=1)
        live = log["status"][rows] <= WAITLISTED
        rows, when = rows[live], when[live]
        held = log["status"][rows] == BOOKED
        freed = np.zeros(len(self._taken), dtype=np.int64)
        np.add.at(freed, log["event"][rows[held]], log["seats"][rows[held]])
        self._taken -= freed
        log["status"][rows] = CANCELLED
        log["updated_s"][rows] = when
        waiting = self._waiting
        alive = (log["status"][waiting] == WAITLISTED) & (
            e["starts_s"][log["event"][waiting]] > midnight_s + DAY_S
        )
        waiting = waiting[alive]
        hopeful = waiting[freed[log["event"][waiting]] > 0]
        queue = hopeful[np.argsort(log["event"][hopeful], kind="stable")]
        event, seats = log["event"][queue], log["seats"][queue]
        running = np.cumsum(seats)
        start = np.searchsorted(event, event, side="left")
        ahead = running - np.where(start > 0, running[start - 1], 0)
        up = queue[self._taken[event] + ahead <= e["seats"][event]]
        np.add.at(self._taken, log["event"][up], log["seats"][up])
        log["status"][up] = BOOKED
        log["updated_s"][up] = midnight_s + 22 * 3_600
        self._waiting = waiting[log["status"][waiting] == WAITLISTED]

    def able(
        self, resident: NDArray[np.int64], venue: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Chance that place and hour suit, in (0, 1]."""
        people = self._people
        near = self._home[people.committee[resident], venue]
        work = people.work_street[resident]
        at_work = np.where((work >= 0) & (slot < 3), self._work[work, venue], np.float32(0))
        found: NDArray[np.float32] = np.maximum(near, at_work) * WILLING[people.age[resident], slot]
        return found

    def _keep(
        self,
        midnight_s: int,
        visitors: NDArray[np.int64],
        street: NDArray[np.int16],
        at_s: NDArray[np.int64],
        open_events: NDArray[np.int64],
        column: NDArray[np.int64],
        propensity: NDArray[np.float64],
        shown: NDArray[np.bool_],
        chances: NDArray[np.float64],
    ) -> None:
        """Log the lists, if they are recent enough to be kept."""
        first_visit = self._visits
        self._visits += len(visitors)
        if midnight_s < self._settings.until_s - self._settings.impressions_kept_days * DAY_S:
            return
        row, position = np.nonzero(shown)
        chosen = column[row, position]
        self._kept.append(
            {
                "resident": visitors[row].astype(np.int32),
                "event": open_events[chosen].astype(np.int32),
                "shown_s": at_s[row],
                "position": (position + 1).astype(np.int8),
                "propensity": propensity[row, position].astype(np.float32),
                "surface": surface_of(chances, street[row], chosen, self._rng),
                "visit": first_visit + row,
            }
        )

    def _grow(self) -> None:
        more = len(self._agenda) - len(self._taken)
        if more:
            self._taken = np.concatenate([self._taken, np.zeros(more, dtype=np.int64)])
            self._wanted = np.concatenate([self._wanted, np.zeros(more, dtype=np.int64)])
            self._exposure = np.hstack([self._exposure, np.zeros((len(self._exposure), more))])

    @property
    def wanted(self) -> NDArray[np.int64]:
        """Seats asked for at each event so far."""
        return self._wanted

    @property
    def pressure(self) -> NDArray[np.float64]:
        """Seats asked for over seats, for each event so far."""
        found: NDArray[np.float64] = (
            self._wanted / self._agenda.events["seats"][: len(self._wanted)]
        )
        return found

    def finish(self) -> Journal:
        """Close the run: who of those with a seat came, and who did not."""
        self._grow()
        log = self._log.freeze()
        e, settings, rng = self._agenda.events, self._settings, self._rng
        over = (log["status"] == BOOKED) & (e["ends_s"][log["event"]] <= settings.until_s)
        paid = e["ticket_fen"][log["event"]] > 0
        base = np.where(paid, settings.no_show_paid, settings.no_show_free)
        absent = rng.random(len(base)) < (base * self._people.careless[log["resident"]]).clip(
            0, 0.95
        )
        log["status"] = np.where(over, np.where(absent, NO_SHOW, ATTENDED), log["status"])
        log["updated_s"] = np.where(over, e["ends_s"][log["event"]], log["updated_s"])
        kept = (
            {name: np.concatenate([chunk[name] for chunk in self._kept]) for name in self._kept[0]}
            if self._kept
            else {}
        )
        return Journal(log, kept, self._wanted, self._exposure)
