"""The district's time zone and country, and periods of its calendar.

The one place that knows them. A program sets it once, when it starts, from the setting
``GONGXU_TIMEZONE``; everything that shows or reads local times asks here, and what computes with
local hours or days (``features/``) takes the zone as an argument.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from recommender.demand.periods import period_months

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
