"""Periods and the local calendar."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from recommender.errors import UsageError

LOCAL = ZoneInfo("Asia/Shanghai")
"""The zone whose days and hours residents live by."""

_PERIOD = re.compile(r"^(\d{4})(?:Q([1-4])|-(0[1-9]|1[0-2]))?$")


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
    match = _PERIOD.match(period)
    if match is None:
        raise UsageError(
            f"{period!r} is not a period.", "Write a quarter as 2027Q1, a month as 2027-01."
        )
    year, quarter, month = match.groups()
    first = 3 * int(quarter) - 2 if quarter else int(month) if month else 1
    months = 3 if quarter else 1 if month else 12
    end = int(year) * 12 + first - 1 + months
    start = datetime(int(year), first, 1, tzinfo=LOCAL)
    return start.astimezone(UTC), datetime(end // 12, end % 12 + 1, 1, tzinfo=LOCAL).astimezone(UTC)


def period_of(moment: datetime) -> str:
    """The quarter that holds a moment, such as ``2027Q1``."""
    local = moment.astimezone(LOCAL)
    return f"{local.year}Q{(local.month + 2) // 3}"


def next_period(period: str) -> str:
    """The quarter after the one that ``period`` ends in."""
    return period_of(period_bounds(period)[1] + timedelta(days=1))
