"""What a quarter of today's supply leaves of people's wish for one session more."""

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.appetite import Appetite
from data.simulate.behaviour.seating import PARTY_MEAN
from data.simulate.district.catalogue import interest
from data.simulate.district.vocabulary import CATEGORY_NAMES
from data.simulate.evaluation.crowd import Crowd, able, notice, season_of
from data.simulate.settings import DAY_S
from data.simulate.world import SimulatedWorld

DAYS = 91
WEEK_S = 7 * DAY_S


def standing_wish(
    world: SimulatedWorld, crowd: Crowd, notices: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Mean chance, over the newest quarter, that evenings and satiation leave room for one more.

    Every person chooses in expectation: sessions come in order of time, and those who get a seat
    have an evening fewer and have had one more of the category.

    Parameters
    ----------
    world
        A world whose history has run.
    crowd
        Persons.
    notices
        kappa E (see :mod:`data.simulate.evaluation.truth`), shape (streets, streets + 1).

    Returns
    -------
    Chances in [0, 1] by category and person, shape (categories, persons).
    """
    e, people, catalogue = world.agenda.events, world.people, world.catalogue
    until = world.settings.until_s
    held = (e["starts_s"] >= until - DAYS * DAY_S) & (e["starts_s"] < until) & (e["cancelled"] == 0)
    streets = np.append(world.place.venue_street, -1)
    preference, age = people.preference[crowd.index], people.age[crowd.index]
    appetite = Appetite(people.evenings[crowd.index])
    total = np.zeros((len(CATEGORY_NAMES), len(crowd)), dtype=np.float32)
    looked, week = 0, -1
    comes: dict[tuple[int, int], NDArray[np.float32]] = {}
    for event in np.flatnonzero(held).tolist():
        if (now := int(e["starts_s"][event]) // WEEK_S) != week:
            week, looked = now, looked + 1
            for c in range(len(total)):
                total[c] += appetite.free() * appetite.eager(c)
        where = int(e["venue"][event]), int(e["slot"][event])
        if where not in comes:
            if len(comes) > 1_000:
                comes.clear()
            heard = notice(world, crowd, notices, int(streets[where[0]]))
            comes[where] = -np.expm1(-heard * able(world, crowd.index, *where))
        product = e["product"][[event]]
        category = int(catalogue.category[product[0]])
        season = season_of(world, catalogue.category[product], int(e["starts_s"][event]))[0]
        wish = interest(catalogue, preference, age, product)[:, 0] * comes[where] * season
        wish *= appetite.free() * appetite.eager(category)
        asked = PARTY_MEAN * float(wish @ crowd.weight)
        appetite.all_go(category, wish * np.float32(min(1.0, int(e["seats"][event]) / asked)))
    found: NDArray[np.float32] = total / np.float32(looked) if looked else np.ones_like(total)
    return found
