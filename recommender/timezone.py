"""The district's time zone: whose days and hours periods, opening times and calendars follow."""

from zoneinfo import ZoneInfo

DEFAULT = "Asia/Shanghai"

_zones = [ZoneInfo(DEFAULT)]


def district_zone() -> ZoneInfo:
    """The zone that times without an offset are in, and that people are shown."""
    return _zones[-1]


def set_district_zone(name: str) -> None:
    """Choose the zone, once, when a program starts (the setting ``GONGXU_TIMEZONE``).

    Raises
    ------
    ZoneInfoNotFoundError
        If the time zone database has no such zone.
    """
    _zones[-1] = ZoneInfo(name)
