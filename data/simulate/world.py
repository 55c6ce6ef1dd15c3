"""A simulated world: everything drawn, in one order, from one seed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.booking import BookingRun
from data.simulate.behaviour.event_log import Journal
from data.simulate.behaviour.purchasing import ORDER_LEAD_DAYS, Agenda, order_quarter
from data.simulate.district.catalogue import Catalogue, compile_catalogue
from data.simulate.district.geography import Geography, lay_out
from data.simulate.district.people import People, populate, reach
from data.simulate.district.vocabulary import CATEGORY_NAMES
from data.simulate.settings import DAY_S, SimulationSettings

LEAD_DAYS = 28


@dataclass(frozen=True, slots=True)
class SimulatedWorld:
    """A district with its hidden truth; :mod:`data.simulate.tables` shows what is observed."""

    settings: SimulationSettings
    place: Geography
    people: People
    catalogue: Catalogue
    agenda: Agenda
    journal: Journal
    reach_home: NDArray[np.float32]
    reach_work: NDArray[np.float32]
    season: NDArray[np.float32]
    rng_seeds: list[np.random.SeedSequence]

    def rng(self, use: str) -> np.random.Generator:
        """A generator of its own for each later use, so that one does not shift another."""
        uses = ("ratings", "follows", "surveys", "walk-ins", "residents", "orders", "requests")
        return np.random.default_rng(self.rng_seeds[uses.index(use)])


def create_world(
    settings: SimulationSettings, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> SimulatedWorld:
    """Draw a world and run its history up to the present.

    Parameters
    ----------
    settings
        All that decides the world.
    progress
        Called with the days done and the days there are.

    Returns
    -------
    The world, with the log of its history.
    """
    seeds = np.random.SeedSequence(settings.seed).spawn(13)
    rngs = [np.random.default_rng(s) for s in seeds[:6]]
    place = lay_out(settings, rngs[0])
    people = populate(settings, place, rngs[1])
    catalogue = compile_catalogue(settings, rngs[2])
    reach_home, reach_work = reach(settings, place)
    season = np.exp(rngs[4].normal(0, 0.1, (len(CATEGORY_NAMES), 4)))
    season = (season / season.mean(axis=1, keepdims=True)).astype(np.float32)
    agenda = Agenda()
    run = BookingRun(
        settings, place, people, catalogue, agenda, reach_home, reach_work, season, rngs[3]
    )
    known = np.zeros((len(place.streets) + len(place.districts), len(catalogue.supplier_name)))
    order_rng = rngs[5]
    midnight = int(settings.start.timestamp()) - LEAD_DAYS * DAY_S
    factor = first_seat_factor(settings)
    order_quarter(
        settings, place, catalogue, agenda, 0, np.zeros(len(catalogue)), known, factor, order_rng
    )
    due = {
        int((q - timedelta(days=ORDER_LEAD_DAYS - 7)).timestamp()): number
        for number, q in enumerate(settings.quarters)
        if number
    }
    turns = {int(q.timestamp()) for q in settings.quarters}
    first = midnight
    while midnight < settings.until_s:
        progress((midnight - first) // DAY_S, (settings.until_s - first) // DAY_S)
        if midnight in due:
            factor *= adjust_seats(settings, run, agenda, midnight)
            order_quarter(
                settings,
                place,
                catalogue,
                agenda,
                due[midnight],
                popularity(catalogue, agenda, run.wanted),
                known,
                factor,
                order_rng,
            )
        if midnight in turns:
            run.new_quarter()
        run.day(midnight)
        midnight += DAY_S
    return SimulatedWorld(
        settings,
        place,
        people,
        catalogue,
        agenda,
        run.finish(),
        reach_home,
        reach_work,
        season,
        seeds[6:],
    )


def first_seat_factor(settings: SimulationSettings) -> float:
    """What seats start with, until there is demand to learn from."""
    shift: float = 2.5 ** ((0.2 - max(settings.sold_out_share, 0.2)) / 0.2)
    return 0.75 * shift / settings.seat_scarcity


def adjust_seats(
    settings: SimulationSettings, run: BookingRun, agenda: Agenda, midnight_s: int
) -> float:
    """Factor that would have sold out the wanted share of the last ninety days' sessions.

    Parameters
    ----------
    settings
        All that decides the world.
    run
        The history so far.
    agenda
        All events.
    midnight_s
        The present, seconds since 1970.

    Returns
    -------
    A factor > 0 on seats; 1 with fewer than thirty sessions.
    """
    starts = agenda.events["starts_s"][: len(run.wanted)]
    recent = (starts < midnight_s) & (starts > midnight_s - 60 * DAY_S)
    if recent.sum() < 30 or settings.sold_out_share == 0:
        return 1.0
    pressure = run.pressure[recent] / settings.seat_scarcity
    target = float(np.quantile(pressure, 1 - settings.sold_out_share))
    return float(np.clip(target, 0.3, 3.0)) ** 0.8 if target > 0 else 1.0


def popularity(
    catalogue: Catalogue, agenda: Agenda, wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Demand per session of each product so far, over the mean; 0 where never offered.

    Parameters
    ----------
    catalogue
        Suppliers and products.
    agenda
        All events.
    wanted
        Seats asked for by event so far, shape (events,).

    Returns
    -------
    Relative demand by product, shape (products,).
    """
    product = agenda.events["product"][: len(wanted)]
    sessions = np.bincount(product, minlength=len(catalogue))
    asked = np.bincount(product, weights=wanted, minlength=len(catalogue))
    mean = max(wanted.mean(), 1e-9)
    return np.where(sessions > 0, asked / np.maximum(sessions, 1) / mean, 0.0)
