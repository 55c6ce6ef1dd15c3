"""What buyers order and when it takes place: one quarter at a time, the way it is done today.

Buyers (every street, and the district for its big venues) pick from the year's catalogue what was
popular, whom they know, mostly performances, and some things by chance. Every session they order
becomes an event at a venue, day and hour, published two to four weeks ahead.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from data.simulate.district.catalogue import Catalogue
from data.simulate.district.geography import Geography
from data.simulate.district.vocabulary import CATEGORY_NAMES
from data.simulate.settings import DAY_S, OFFSET_S, SimulationSettings

SLOT_MIX = np.array(
    [
        [0.10, 0.15, 0.17, 0.10, 0.28, 0.20],
        [0.00, 0.02, 0.05, 0.30, 0.48, 0.15],
        [0.00, 0.02, 0.08, 0.30, 0.42, 0.18],
        [0.00, 0.05, 0.25, 0.05, 0.35, 0.30],
        [0.02, 0.05, 0.38, 0.05, 0.25, 0.25],
        [0.40, 0.35, 0.02, 0.11, 0.10, 0.02],
    ]
)
"""How sessions spread over the six slots, by audience group (*assumed*)."""
START_MINUTES = (
    (570, 600),
    (810, 840),
    (1_110, 1_140, 1_170),
    (570, 600),
    (840, 870),
    (1_110, 1_140),
)
CATEGORY_PULL = {"performance": 0.9, "lecture": 0.1, "course": 0.1, "activity": 0.2}
DISTRICT_SHARE = 0.15
ORDER_LEAD_DAYS = 45
"""Orders of a quarter are decided this long before it."""
CANCELLED_SHARE = 0.015
ONLINE = CATEGORY_NAMES.index("online")


@dataclass(slots=True)
class Agenda:
    """Orders and events so far; columns grow by one chunk a quarter.

    ``buyer`` is a street's position, or ``len(streets) +`` a district's. ``order`` of an event is
    the row of its order; ``event_effect`` (mean 1) and ``cancelled`` are hidden truth until they
    happen.
    """

    events: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    event_effect: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    orders: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.event_effect)

    def extend(
        self,
        events: dict[str, NDArray[np.int64]],
        event_effect: NDArray[np.float32],
        orders: dict[str, NDArray[np.int64]],
    ) -> None:
        """Append a quarter's events and orders.

        Parameters
        ----------
        events
            Columns, shape (new events,) each.
        event_effect
            Factor on the demand of each new event, mean 1.
        orders
            Columns, shape (new orders,) each.
        """
        for mine, new in ((self.events, events), (self.orders, orders)):
            for name, values in new.items():
                mine[name] = np.concatenate([mine[name], values]) if name in mine else values
        self.event_effect = np.concatenate([self.event_effect, event_effect])


def order_quarter(
    settings: SimulationSettings,
    place: Geography,
    catalogue: Catalogue,
    agenda: Agenda,
    quarter: int,
    popularity: NDArray[np.float64],
    known: NDArray[np.float64],
    seat_factor: float,
    rng: np.random.Generator,
) -> None:
    """Order one quarter's sessions and put them on the agenda.

    Parameters
    ----------
    quarter
        Counted from the start of the history.
    popularity
        Per product, demand per session seen so far relative to the mean, 0 where never offered.
    known
        Shape (buyers, suppliers): sessions ordered before; updated in place.
    seat_factor
        Seats offered, over what the room and the product would allow.
    """
    first = settings.quarters[quarter]
    year = quarter // 4
    listed = catalogue.listed(year)
    n_streets = len(place.streets)
    sessions = _sessions_per_buyer(settings, place, rng)
    pull = np.array([CATEGORY_PULL.get(name, 0.0) for name in CATEGORY_NAMES])
    preference = rng.normal(0, 0.3, (len(sessions), len(CATEGORY_NAMES)))
    chunks: list[dict[str, NDArray[np.int64]]] = []
    for buyer, wanted in enumerate(sessions):
        weight = settings.habit_orders * (
            0.9 * np.log1p(popularity[listed])
            + 0.8 * np.log1p(known[buyer, catalogue.supplier[listed]])
        )
        weight += (pull + preference[buyer])[catalogue.category[listed]]
        weight += rng.gumbel(0, 1, len(listed))
        best = listed[np.argsort(-weight, kind="stable")]
        count = rng.choice([1, 2, 3, 4], len(best), p=[0.5, 0.3, 0.12, 0.08])
        lines = int(np.searchsorted(np.cumsum(count), wanted)) + 1
        best, count = best[:lines], count[:lines]
        np.add.at(known[buyer], catalogue.supplier[best], count)
        venue = _pick_venues(place, buyer, n_streets, len(best), rng)
        chunks.append(
            {"buyer": np.full(len(best), buyer), "product": best, "venue": venue, "sessions": count}
        )
    orders = {name: np.concatenate([c[name] for c in chunks]) for name in chunks[0]}
    orders["venue"] = np.where(catalogue.category[orders["product"]] == ONLINE, -1, orders["venue"])
    n = len(orders["product"])
    orders["quarter"] = np.full(n, quarter)
    orders["amount"] = orders["sessions"] * catalogue.price_fen[orders["product"]]
    decided = int(first.timestamp()) - ORDER_LEAD_DAYS * DAY_S
    orders["decided_s"] = decided + rng.integers(0, 5, n) * DAY_S + rng.integers(9, 17, n) * 3_600
    events, event_effect = schedule(
        settings,
        place,
        catalogue,
        orders,
        first,
        seat_factor,
        rng,
        base=len(agenda.orders.get("buyer", ())),
    )
    orders["first_s"] = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(
        orders["first_s"], events["order"] - len(agenda.orders.get("buyer", ())), events["starts_s"]
    )
    agenda.extend(events, event_effect, orders)


def _sessions_per_buyer(
    settings: SimulationSettings, place: Geography, rng: np.random.Generator
) -> NDArray[np.int64]:
    share = np.concatenate(
        [
            rng.dirichlet(np.full(len(place.streets), 40.0)) * (1 - DISTRICT_SHARE),
            np.full(len(place.districts), DISTRICT_SHARE / len(place.districts)),
        ]
    )
    return np.maximum(1, (share * settings.events / 4).round()).astype(np.int64)


def _pick_venues(
    place: Geography, buyer: int, streets: int, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    if buyer < streets:
        own = np.flatnonzero(place.venue_street == buyer)
        p = np.array(
            [{"street": 8.0, "neighbourhood": 0.6}.get(place.venue_level[v], 0.5) for v in own]
        )
    else:
        inside = place.street_district[place.venue_street] == buyer - streets
        own = np.array(
            [v for v in np.flatnonzero(inside) if place.venue_level[v] != "neighbourhood"]
        )
        p = np.array([{"street": 0.2}.get(place.venue_level[v], 1.0) for v in own])
    return rng.choice(own, count, p=p / p.sum())


def schedule(
    settings: SimulationSettings,
    place: Geography,
    catalogue: Catalogue,
    orders: dict[str, NDArray[np.int64]],
    first: datetime,
    seat_factor: float,
    rng: np.random.Generator,
    base: int = 0,
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.float32]]:
    """Give every ordered session of a quarter a day, an hour and seats.

    Parameters
    ----------
    settings
        All that decides the world.
    place
        Areas and venues.
    catalogue
        Suppliers and products.
    orders
        Columns of the quarter's orders.
    first
        Midnight of the quarter's first day.
    seat_factor
        Factor on the seats of all sessions, > 0.
    rng
        Source of randomness.
    base
        Number of orders in earlier quarters.

    Returns
    -------
    Events' columns (times in seconds UTC) sorted by start, and their event effects.
    """
    after = (first + timedelta(days=95)).replace(day=1)
    days = np.arange((after - first).days)
    weekend = np.array([(first + timedelta(days=int(d))).weekday() >= 5 for d in days])
    order = np.repeat(np.arange(len(orders["product"])), orders["sessions"])
    product, venue = orders["product"][order], orders["venue"][order]
    n = len(order)
    mix = np.cumsum(SLOT_MIX, axis=1)[catalogue.audience[product]]
    slot = (rng.random(n)[:, None] > mix).sum(axis=1).clip(0, 5)
    on_weekend = slot >= 3
    day = np.where(on_weekend, rng.choice(days[weekend], n), rng.choice(days[~weekend], n))
    minute = np.array(
        [START_MINUTES[s][int(rng.integers(len(START_MINUTES[s])))] for s in slot], dtype=np.int64
    )
    starts = int(first.timestamp()) + day * DAY_S + minute * 60
    ahead = rng.integers(14, 29, n)
    published = (starts + OFFSET_S) // DAY_S * DAY_S - OFFSET_S - ahead * DAY_S + 10 * 3_600
    room = np.where(venue >= 0, place.venue_seats[venue], 600)
    seats = (
        np.minimum(room, catalogue.audience_max[product]) * seat_factor * rng.lognormal(0, 0.1, n)
    )
    seats = (np.minimum(seats, room) / 5).round() * 5
    events = {
        "order": order + base,
        "product": product,
        "venue": venue,
        "slot": slot,
        "starts_s": starts,
        "ends_s": starts + catalogue.minutes[product] * 60,
        "published_s": published,
        "closes_s": starts - 2 * 3_600,
        "seats": seats.clip(10).astype(np.int64),
        "ticket_fen": catalogue.ticket_fen[product],
        "cancelled": (rng.random(n) < CANCELLED_SHARE).astype(np.int64),
    }
    sd = settings.overdispersion
    event_effect = np.exp(rng.normal(-sd * sd / 2, sd, n)).astype(np.float32)
    by_start = np.argsort(starts, kind="stable")
    return {name: values[by_start] for name, values in events.items()}, event_effect[by_start]
