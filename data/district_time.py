"""The district's time zone and country, and periods of its calendar.

The one place that knows them. A program sets it once, when it starts, from the setting
``GONGXU_TIMEZONE``; everything that shows or reads local times asks here, and what computes with
local hours or days (``features/``) takes the zone as an argument.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from recommender.demand.periods import period_months
from recommender.errors import UsageError

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")

_zone = DEFAULT_ZONE
_country = ""


def district_zone() -> ZoneInfo:
    """The zone that times without an offset are in, and that people are shown."""
    return _zone


def district_country() -> str:
    """The country whose public holidays count, as it was set; empty: the one of the zone."""
    return _country


def set_district_zone(zone: ZoneInfo, country: str = "") -> None:
    """Choose the zone and country of this process.

    Parameters
    ----------
    zone
        The time zone.
    country
        ISO 3166 code; empty: the country of the zone.
    """
    global _zone, _country
    _zone, _country = zone, country


_FIRST, _AFTER = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_OFFSETS = timedelta(hours=-12), timedelta(hours=14)
_WRITTEN = "Write it as 2027-03-01 or 2027-03-01T08:00+08:00."


def parse_moment(text: str) -> datetime:
    """A moment as people give it to a command; without an offset it is in the district's zone.

    Parameters
    ----------
    text
        ISO 8601, such as ``2027-03-01`` or ``2027-03-01T08:00+08:00``.

    Returns
    -------
    With a zone.

    Raises
    ------
    UsageError
        If it is none, or none that :func:`require_moment` lets pass.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a time.", _WRITTEN) from None
    return require_moment(moment if moment.tzinfo is not None else moment.replace(tzinfo=_zone))


def require_moment(moment: datetime) -> datetime:
    """A moment with a zone, if it is one that happens.

    Parameters
    ----------
    moment
        From anywhere outside.

    Returns
    -------
    The same.

    Raises
    ------
    UsageError
        If no place has its offset, as that of a range of times (``14:00-16:00``), or it lies
        outside 1900 to 2200.
    """
    if not _OFFSETS[0] <= (moment.utcoffset() or timedelta()) <= _OFFSETS[1]:
        raise UsageError(f"{moment.isoformat()} has an offset that no place has.", _WRITTEN)
    if not _FIRST <= moment < _AFTER:
        raise UsageError(f"{moment.isoformat()} is not between 1900 and 2200.", _WRITTEN)
    return moment


def period_bounds(period: str) -> tuple[datetime, datetime]:
    """First moment of a period and of the one after it, in UTC.

    Parameters
    ----------
    period
        ``2027`` (year), ``2027Q1`` (quarter) or ``2027-01`` (month), of the district's calendar.

    Raises
    ------
    UsageError
        If the text is none of these.
    """
    first, after = (int(month.astype(np.int64)) for month in period_months(period))
    start, end = (datetime(1970 + m // 12, m % 12 + 1, 1, tzinfo=_zone) for m in (first, after))
    return start.astimezone(UTC), end.astimezone(UTC)


def period_of(moment: datetime) -> str:
    """The quarter that holds a moment, such as ``2027Q1``."""
    local = moment.astimezone(_zone)
    return f"{local.year}Q{(local.month + 2) // 3}"


def next_period(period: str) -> str:
    """The quarter after the one that ``period`` ends in."""
    return period_of(period_bounds(period)[1] + timedelta(days=1))
