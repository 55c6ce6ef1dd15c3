"""Periods and the local calendar."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from recommender.demand.periods import period_months

LOCAL = ZoneInfo("Asia/Shanghai")
"""The zone whose days and hours residents live by."""


def period_bounds(period: str) -> tuple[datetime, datetime]:
    """First moment of a period and of the one after it, in UTC.

    Parameters
    ----------
    period
        ``2027`` (year), ``2027Q1`` (quarter) or ``2027-01`` (month), of the local calendar.

    Raises
    ------
    UsageError
        If the text is none of these.
    """
    first, after = (int(month.astype(np.int64)) for month in period_months(period))
    start, end = (datetime(1970 + m // 12, m % 12 + 1, 1, tzinfo=LOCAL) for m in (first, after))
    return start.astimezone(UTC), end.astimezone(UTC)


def period_of(moment: datetime) -> str:
    """The quarter that holds a moment, such as ``2027Q1``."""
    local = moment.astimezone(LOCAL)
    return f"{local.year}Q{(local.month + 2) // 3}"


def next_period(period: str) -> str:
    """The quarter after the one that ``period`` ends in."""
    return period_of(period_bounds(period)[1] + timedelta(days=1))
