"""Runs of days of different lengths: how many come, beside a run of the usual length."""

import numpy as np
from numpy.typing import NDArray

from recommender.runs import share_reached


def reach_of_runs(days: NDArray[np.int64], category: NDArray[np.intp]) -> NDArray[np.float64]:
    """Attendances that a run's length allows, over those of its category's usual length.

    Of those who will ever come, 1 - exp(-d / s) come in the first d days; the demand of a product
    is that at the usual length, the middle one of its category.

    Parameters
    ----------
    days
        Days of each session, shape (events,), >= 1.
    category
        Position of its category, shape (events,).

    Returns
    -------
    Factors > 0, shape (events,); 1 where all of a category last equally long.
    """
    usual = np.ones(len(days))
    for each in np.unique(category):
        own = category == each
        usual[own] = np.median(days[own])
    found = share_reached(days.astype(np.float64)) / share_reached(usual)
    return np.asarray(np.where(days == usual, 1.0, found))
