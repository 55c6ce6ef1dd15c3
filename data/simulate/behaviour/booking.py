"""Residents book: the day-by-day run of the platform.

Each day some registered residents open the app, look down the list they are shown, and of what
they look at book what (1) interests them, (2) they can reach, (3) suits their hours. Interest in a
product is settled once for a resident: being shown it again does not draw a new lot, so the
second session of a product finds fewer who still want it; nor does anybody go out more often than
she has evenings, or as gladly to a third lecture of a quarter as to the first. Seats run out;
some then join the waiting list, and move up when others cancel.
"""

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.appetite import Appetite
from data.simulate.behaviour.attention import EXAMINED, Attention, surface_of
from data.simulate.behaviour.event_log import ATTENDED, BOOKED, NO_SHOW, Journal, chance
from data.simulate.behaviour.purchasing import Agenda
from data.simulate.behaviour.seating import PARTY_MEAN as PARTY_MEAN
from data.simulate.behaviour.seating import Seating
from data.simulate.district.catalogue import AGE_FIT, Catalogue
from data.simulate.district.geography import Geography
from data.simulate.district.people import WILLING, People
from data.simulate.settings import DAY_S, OFFSET_S, SimulationSettings

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
        bits = max(22, int(np.ceil(np.log2(n * settings.years * 40))))
        self._seen = np.zeros(1 << min(bits, 30), dtype=bool)
        self._seating = Seating(agenda, n, rng)
        self._appetite = Appetite(people.evenings[:n], whole=True)
        self._exposure = np.zeros((len(place.streets), 0))
        self._kept: list[dict[str, NDArray[np.generic]]] = []
        self._visits = 0

    def new_quarter(self) -> None:
        """Everybody's evenings come back."""
        self._appetite.new_quarter()

    def day(self, midnight_s: int) -> None:
        """Run one local day that begins at ``midnight_s``."""
        self._grow()
        e = self._agenda.events
        if not len(self._agenda):
            return
        self._seating.turn_day(midnight_s)
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
            venue, e["starts_s"][open_events], self._seating.taken[open_events], midnight_s
        )
        column, propensity = self._attention.sample(chances, street, rng)
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
        visit = self._visits - len(visitors) + who
        visit[len(row) :] = -1
        self._choose(visitors[who], at_s[who] + rng.integers(10, 300, len(who)), event, look, visit)

    def _choose(
        self,
        resident: NDArray[np.int64],
        at_s: NDArray[np.int64],
        event: NDArray[np.int64],
        look: NDArray[np.float32],
        visit: NDArray[np.int64],
    ) -> None:
        """From what was looked at to what is booked."""
        rng, people, e = self._rng, self._people, self._agenda.events
        product = e["product"][event]
        supplier = self._catalogue.supplier[product].astype(np.int32)
        knows = (self._suppliers[resident] == supplier[:, None]).any(axis=1)
        look = look * np.where(knows, np.float32(self._settings.habit), np.float32(1))
        look = look * self._agenda.event_effect[event]
        cell = people.street[resident] * np.int64(self._exposure.shape[1]) + event
        np.add.at(self._exposure.reshape(-1), cell, look)
        quarter = (e["starts_s"][event] + OFFSET_S) // DAY_S % 365 // 92
        able = look * self.able(resident, e["venue"][event], e["slot"][event])
        able *= self._season[self._catalogue.category[product], quarter.clip(0, 3)]
        yes = np.flatnonzero(rng.random(len(resident)) < able)
        resident, at_s, event, product = resident[yes], at_s[yes], event[yes], product[yes]
        visit = visit[yes]

        key = resident.astype(np.uint64) * np.uint64(len(self._catalogue)) + product.astype(
            np.uint64
        )
        logit = np.einsum("ij,ij->i", people.preference[resident], self._catalogue.loading[product])
        logit += self._catalogue.appeal[product]
        logit += AGE_FIT[self._catalogue.audience[product], people.age[resident]]
        yes = np.flatnonzero(chance(key, self._settings.seed) < 1 / (1 + np.exp(-logit)))
        resident, at_s, event, key = resident[yes], at_s[yes], event[yes], key[yes]
        visit = visit[yes]

        mask = np.uint64(len(self._seen) - 1)
        spots = [
            (key * np.uint64(prime)) >> np.uint64(20) & mask
            for prime in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
        ]
        again = self._seen[spots[0]] & self._seen[spots[1]]
        rebook = self._catalogue.rebook[e["product"][event]]
        free = self._seating.are_free(resident, event)
        yes = np.flatnonzero(free & (~again | (rng.random(len(event)) < rebook)))
        category = self._catalogue.category[e["product"][event]]
        wish = self._appetite.wish(resident[yes], category[yes])
        yes = yes[rng.random(len(yes)) < wish]
        kept = yes[self._seating.seat(resident[yes], at_s[yes], event[yes], visit[yes])]
        self._appetite.go(resident[kept], category[kept])
        # Who was turned away may still come to another session.
        for spot in spots:
            self._seen[spot[kept]] = True
        known = self._catalogue.supplier[e["product"][event[kept]]]
        self._suppliers[resident[kept], rng.integers(0, 4, len(kept))] = known

    def able(
        self, resident: NDArray[np.int64], venue: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Chance that place and hour suit, in (0, 1].

        Parameters
        ----------
        resident, venue, slot
            Positions of residents, venues (-1 online) and time slots, shape (n,).

        Returns
        -------
        The chances, shape (n,).
        """
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
        self._seating.grow()
        more = len(self._agenda) - self._exposure.shape[1]
        if more:
            self._exposure = np.hstack([self._exposure, np.zeros((len(self._exposure), more))])

    @property
    def wanted(self) -> NDArray[np.int64]:
        """Seats asked for at each event so far."""
        return self._seating.wanted

    @property
    def pressure(self) -> NDArray[np.float64]:
        """Seats asked for over seats, for each event so far."""
        seats = self._agenda.events["seats"][: len(self.wanted)]
        found: NDArray[np.float64] = self.wanted / seats
        return found

    def finish(self) -> Journal:
        """Close the run: who of those with a seat came, and who did not."""
        self._grow()
        log = self._seating.log.freeze()
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
        return Journal(log, kept, self.wanted, self._exposure)
