"""On what kind of day a session is held: an ordinary one, a public holiday, a school holiday."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from data.working_days import WorkingDays, days_between
from features.demand.counts import Sessions

ORDINARY, PUBLIC_HOLIDAY, SCHOOL_HOLIDAY = range(3)
KINDS = 3


def session_day_kinds(sessions: Sessions, calendar: WorkingDays) -> NDArray[np.intp]:
    """The kind of day of every session.

    Parameters
    ----------
    sessions
        The sessions, with their local starts.
    calendar
        The district's holidays.

    Returns
    -------
    :data:`ORDINARY`, :data:`PUBLIC_HOLIDAY` or :data:`SCHOOL_HOLIDAY`, shape (events,).
    """
    days, at = np.unique(sessions.local_starts.astype("datetime64[D]"), return_inverse=True)
    kinds = [ORDINARY if np.isnat(day) else _kind(day.item(), calendar) for day in days]
    return np.array(kinds, dtype=np.intp)[at]


def month_day_kinds(calendar: WorkingDays, first: date) -> NDArray[np.float64]:
    """Shares of the kinds of days in each calendar month, as they come next.

    Parameters
    ----------
    calendar
        The district's holidays.
    first
        The year that begins on this day is looked at.

    Returns
    -------
    Shape (12, :data:`KINDS`), January first; rows sum to 1.
    """
    count = np.zeros((12, KINDS))
    for day in days_between(first, first + timedelta(days=365)):
        count[day.month - 1, _kind(day, calendar)] += 1.0
    return np.asarray(count / count.sum(axis=1, keepdims=True))


def _kind(day: date, calendar: WorkingDays) -> int:
    # A weekend beside a public holiday is one too; any other weekend is a time of the week.
    if calendar.is_public_holiday(day):
        return PUBLIC_HOLIDAY
    return SCHOOL_HOLIDAY if calendar.is_school_holiday(day) else ORDINARY
