"""When whom a product is for can come: days and parts of the day, ranked.

Weekday mornings for older people, evenings and days off for people who work, after school, days
off and school holidays for children and families (*assumed*).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

MORNING, AFTERNOON, EVENING = 0, 1, 2
START_MINUTES = (570, 840, 1140)
"""9:30, 14:00 and 19:00."""
AFTER_SCHOOL_MINUTE = 990
"""16:30, in the place of 14:00 for children on school days."""

_NEVER = 9.0
_RANKS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]] = {
    # on school days, on other working days, on days off: morning, afternoon, evening
    "senior": ((0, 0.5, _NEVER), (0, 0.5, _NEVER), (2, 2.5, _NEVER)),
    "disabled": ((0.5, 0, _NEVER), (0.5, 0, _NEVER), (1, 1, _NEVER)),
    "children": ((_NEVER, 2, _NEVER), (1, 1, _NEVER), (0, 0, _NEVER)),
    "family": ((_NEVER, 4, 2), (2, 2, 2), (0.5, 0, 1)),
    "youth": ((_NEVER, 3, 2), (2, 1, 1), (2, 0, 0.5)),
    "adult": ((_NEVER, 6, 0), (_NEVER, 6, 0), (1.5, 0, 0.5)),
    "all": ((5, 4, 0.5), (5, 4, 0.5), (1, 0, 0.5)),
}
"""How far a time is from the best one for a group; lower is better."""


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """The days that sessions can be held on; D days.

    Attributes
    ----------
    days
        In order.
    month
        Position of each day's month, shape (D,).
    off
        Days on which people are off, shape (D,).
    school_holiday
        Shape (D,).
    closed
        Days on which nothing is scheduled: public holidays, and early days.
    early
        Days before the lead time is over.
    """

    days: tuple[date, ...]
    month: NDArray[np.intp]
    off: NDArray[np.bool_]
    school_holiday: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    early: NDArray[np.bool_]


def time_ranks(audience: tuple[str, ...], calendar: CalendarDays) -> NDArray[np.float64]:
    """How far each time is from the best one for an audience, shape (D, 3).

    Parameters
    ----------
    audience
        Groups; several are served by what suits them on average.
    calendar
        The days.

    Returns
    -------
    Lower is better.
    """
    groups = [_RANKS[group] for group in audience if group in _RANKS] or [_RANKS["all"]]
    school, working, off = np.array(groups).mean(axis=0)
    found = np.where(calendar.school_holiday[:, None], working, school)
    return np.asarray(np.where(calendar.off[:, None], off, found), dtype=np.float64)
