"""How many evenings people have, and how soon they tire of one kind of thing.

Everybody has a whole number of evenings a quarter for public culture; the more active a person,
the more. A visit uses one up, and each visit to a category makes the next to the same category in
that quarter less likely (a fifth lecture is declined more readily than the first). What sessions
take from each other follows from these choices of single persons; no formula for the attendance
of a set of sessions is used anywhere in the simulation. The domain's figures bound it: about half
of all people come at least once a year, those three or four times.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.simulate.district.vocabulary import CATEGORY_NAMES

FURTHER_EVENINGS = 1.0
"""Evenings a quarter beyond the first, for a person of mean activity (*assumed*)."""
MOST_EVENINGS = 12
SATIATION = np.float32(0.6)
"""What a visit to a category leaves of the wish for its next one in the quarter (*assumed*)."""


def draw_evenings(activity: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Evenings a quarter: one, and more by chance for those who look for something to do.

    Parameters
    ----------
    activity
        How often each person looks for something to do, mean about 1, shape (n,).
    rng
        Source of randomness.

    Returns
    -------
    Whole evenings from 1 to ``MOST_EVENINGS``, shape (n,).
    """
    further = rng.poisson(FURTHER_EVENINGS * activity)
    return (1 + further).clip(1, MOST_EVENINGS).astype(np.uint8)


class Appetite:
    """What is left of people's evenings, and what they have had of each category.

    Visits may be whole (single persons deciding) or fractional (expected visits of a crowd).

    Parameters
    ----------
    evenings
        Evenings of the quarter, shape (n,).
    whole
        Whether visits are whole numbers, which are kept in a byte each.
    """

    def __init__(self, evenings: NDArray[np.uint8], *, whole: bool = False) -> None:
        kind = np.uint8 if whole else np.float32
        self._evenings = evenings
        self._used: NDArray[Any] = np.zeros(len(evenings), dtype=kind)
        self._visits: NDArray[Any] = np.zeros((len(CATEGORY_NAMES), len(evenings)), dtype=kind)

    def new_quarter(self) -> None:
        """Evenings come back and satiation is forgotten."""
        self._used[:] = 0
        self._visits[:] = 0

    def wish(self, persons: NDArray[np.int64], category: NDArray[np.int64]) -> NDArray[np.float32]:
        """Chance that persons who are interested still go out, one entry a wish.

        Parameters
        ----------
        persons, category
            Positions, shape (n,); a person's several wishes stand in the order of preference.

        Returns
        -------
        0 without an evening left, else the satiation, in [0, 1], shape (n,).
        """
        order = np.argsort(persons, kind="stable")
        ordered = persons[order]
        earlier = np.empty(len(persons), dtype=np.int64)
        earlier[order] = np.arange(len(persons)) - np.searchsorted(ordered, ordered)
        left = self._used[persons] + earlier < self._evenings[persons]
        visits = self._visits[category, persons].astype(np.float32)
        found: NDArray[np.float32] = left * SATIATION**visits
        return found

    def free(self) -> NDArray[np.float32]:
        """Chance that everybody has an evening left, in [0, 1], shape (n,)."""
        left: NDArray[np.float32] = self._evenings.astype(np.float32) - self._used
        return left.clip(0, 1)

    def eager(self, category: int) -> NDArray[np.float32]:
        """Everybody's satiation with one category, in (0, 1], shape (n,)."""
        found: NDArray[np.float32] = SATIATION ** self._visits[category].astype(np.float32)
        return found

    def go(self, persons: NDArray[np.int64], category: NDArray[np.int64]) -> None:
        """Persons go out once each for every entry.

        Parameters
        ----------
        persons, category
            Positions, shape (n,).
        """
        one = self._used.dtype.type(1)
        np.add.at(self._used, persons, one)
        np.add.at(self._visits, (category, persons), one)

    def all_go(self, category: int, share: NDArray[np.float32]) -> None:
        """Everybody goes to one category with a chance.

        Parameters
        ----------
        category
            Position.
        share
            Chances, shape (n,).
        """
        self._used += share
        self._visits[category] += share
