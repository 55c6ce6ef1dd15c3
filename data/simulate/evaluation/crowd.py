"""The people whom the truth is summed over, and what decides whether each of them comes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.booking import ONLINE_REACH
from data.simulate.district.people import WILLING
from data.simulate.settings import OFFSET_S
from data.simulate.world import SimulatedWorld


@dataclass(frozen=True, slots=True)
class Crowd:
    """Persons that stand for all people.

    ``app`` is 1 for registered ones; ``weight`` counts people.
    """

    index: NDArray[np.int64]
    weight: NDArray[np.float32]
    app: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.index)


def gather_crowd(world: SimulatedWorld, size: int) -> Crowd:
    """Everybody, or a systematic sample over street, age and sex of about ``size`` persons.

    Parameters
    ----------
    world
        A world whose history has run.
    size
        Most persons to sum over, >= 1.

    Returns
    -------
    Persons and the number of people that each represents.
    """
    people = world.people
    n = len(people)
    if n <= size:
        chosen, scale = np.arange(n), np.float32(1)
    else:
        order = np.lexsort(
            (people.sex, people.age, people.street, np.arange(n) < people.registered)
        )
        step = n / size
        chosen = order[(np.arange(int(n / step)) * step + step / 2).astype(np.int64)]
        scale = np.float32(n / len(chosen))
    return Crowd(chosen, people.weight[chosen] * scale, chosen < people.registered)


def able(
    world: SimulatedWorld, persons: NDArray[np.int64], venue: int, slot: int
) -> NDArray[np.float32]:
    """Chance that place and hour suit each person; venue -1 is online.

    Parameters
    ----------
    world
        A world whose history has run.
    persons
        Positions, shape (n,).
    venue, slot
        Position of the venue and time slot.

    Returns
    -------
    Probabilities, shape (n,).
    """
    people = world.people
    if venue < 0:
        near = np.full(len(persons), ONLINE_REACH, dtype=np.float32)
    else:
        near = world.reach_home[people.committee[persons], venue]
        if slot < 3:
            work = people.work_street[persons]
            near = np.maximum(near, np.where(work >= 0, world.reach_work[work, venue], 0))
    found: NDArray[np.float32] = near * WILLING[people.age[persons], slot]
    return found


def notice(
    world: SimulatedWorld, crowd: Crowd, exposure: NDArray[np.float64], street: int
) -> NDArray[np.float32]:
    """Expected notices of one session in a street (-1 online), per person.

    Parameters
    ----------
    world
        A world whose history has run.
    crowd
        Persons to sum over.
    exposure
        Examined notices of one session per unit of activity, by street of home and street of the
        session (online last), shape (streets, streets + 1).
    street
        Position, or -1.

    Returns
    -------
    Expected counts, shape (persons,).
    """
    people = world.people
    heard = exposure[people.street[crowd.index], street] * people.activity[crowd.index]
    reach = np.where(crowd.app, 1.0, world.settings.offline_reach)
    found: NDArray[np.float32] = (heard * reach).astype(np.float32)
    return found


def season_of(
    world: SimulatedWorld, category: NDArray[np.int64], moment_s: int
) -> NDArray[np.float32]:
    """Season's factor on interest, by category.

    Parameters
    ----------
    world
        A world whose history has run.
    category
        Positions of categories.
    moment_s
        Time, seconds since 1970.

    Returns
    -------
    Factors, mean 1 over the four quarters.
    """
    quarter = min((moment_s + OFFSET_S) // 86_400 % 365 // 92, 3)
    found: NDArray[np.float32] = world.season[category, quarter]
    return found
