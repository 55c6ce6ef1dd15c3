"""Circumstances of a session: the levels of its place, hour, season, day and time on sale."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from data.working_days import WorkingDays
from features.demand.counts import Sessions
from features.demand.products import ProductFeatures
from features.demand.sessions import SALE_LEVELS, months, on_sale, time_slots
from recommender.demand.observations.session_effects import Floats, combine_effects
from training.demand.day_kinds import KINDS, month_day_kinds, session_day_kinds

VENUE, SLOT, AUDIENCE_SLOT, SEASON, CATEGORY_SEASON, DAY, CATEGORY_DAY = range(7)
"""Positions of the factors; behind them those of the time on sale."""
SALE = slice(7, None)
SLOTS = 6
TWO_YEARS = np.timedelta64(700, "D")
"""So long must sessions reach back for a season of each category; else it is everybody's."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Levels of every session in every kind of circumstance.

    Attributes
    ----------
    levels
        In the order of :data:`VENUE` and the others, shape (events,) each; -1 where there is none.
    sizes
        Number of levels of each.
    """

    levels: list[NDArray[np.intp]]
    sizes: list[int]

    def on_sale(self, factors: list[Floats], size: int) -> Floats:
        """Factor of the time on sale alone, shape (events,).

        Parameters
        ----------
        factors
            One array a kind of circumstance.
        size
            Number of sessions.

        Returns
        -------
        Factors, > 0.
        """
        return combine_effects(factors[SALE], self.levels[SALE], size)


def read_circumstances(
    sessions: Sessions, product_features: ProductFeatures, calendar: WorkingDays
) -> Circumstances:
    """The circumstances of all sessions.

    Parameters
    ----------
    sessions
        The sessions.
    product_features
        Their products, with audience and category.
    calendar
        The district's holidays.

    Returns
    -------
    Levels; categories have a season of their own where sessions reach back two years.
    """
    slot = time_slots(sessions)
    group = product_features.group[sessions.product]
    audience = product_features.audience[sessions.product]
    quarter = np.asarray((months(sessions).astype(int) % 12) // 3, dtype=np.intp)
    day = session_day_kinds(sessions, calendar)
    held = sessions.starts[sessions.past]
    long = len(held) > 0 and held.max() - held.min() >= TWO_YEARS
    categories = len(product_features.categories)
    levels = [
        sessions.venue,
        slot,
        audience * SLOTS + slot,
        quarter,
        group * 4 + quarter if long else np.full(len(group), -1, dtype=np.intp),
        day,
        group * KINDS + day,
        *on_sale(sessions),
    ]
    sizes = [
        len(sessions.venues),
        SLOTS,
        SLOTS * (int(product_features.audience.max(initial=0)) + 1),
        4,
        4 * categories,
        KINDS,
        KINDS * categories,
        SALE_LEVELS,
        SALE_LEVELS,
    ]
    return Circumstances(levels, sizes)


def season(
    factors: list[Floats], categories: int, calendar: WorkingDays, first: date
) -> NDArray[np.float64]:
    """Factor of each calendar month by category: its quarter's, and its holidays'.

    Parameters
    ----------
    factors
        One array a kind of circumstance.
    categories
        Number of categories.
    calendar
        The district's holidays.
    first
        Months are those of the year that begins on this day.

    Returns
    -------
    Shape (categories, 12), > 0.
    """
    by_quarter = factors[SEASON] * factors[CATEGORY_SEASON].reshape(categories, 4)
    by_day = factors[DAY] * factors[CATEGORY_DAY].reshape(categories, KINDS)
    return np.repeat(by_quarter, 3, axis=1) * (by_day @ month_day_kinds(calendar, first).T)
