"""Working days, days off and school holidays: the country's calendar, and the table over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pandas as pd

from data.district_time import district_country, district_zone

_SCHOOL_HOLIDAYS = {
    "CN": ((1, 20, 2, 20), (7, 1, 8, 31)),
    "": ((7, 1, 8, 31),),
}
"""First and last month and day of school holidays by country; schools differ (*assumed*)."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Which days people work on.

    Attributes
    ----------
    country
        ISO 3166 code, such as ``CN``; empty: weekends alone are days off.
    overrides
        Days of the table `holidays`: whether the day is off.
    """

    country: str
    overrides: Mapping[date, bool]

    def is_off(self, day: date) -> bool:
        """Whether people are off: weekends and public holidays, adjusted working days aside."""
        if day in self.overrides:
            return self.overrides[day]
        calendar = _calendar(self.country)
        if calendar is None:
            return day.weekday() >= 5
        return not calendar.is_working_day(day)

    def is_public_holiday(self, day: date) -> bool:
        """Whether it is a public holiday, or a weekday off beside one."""
        if day in self.overrides:
            return self.overrides[day]
        calendar = _calendar(self.country)
        return calendar is not None and day in calendar

    def is_school_holiday(self, day: date) -> bool:
        """Whether schools are on holiday for weeks (寒暑假)."""
        spans = _SCHOOL_HOLIDAYS.get(self.country, _SCHOOL_HOLIDAYS[""])
        return any(date(day.year, a, b) <= day <= date(day.year, c, d) for a, b, c, d in spans)


def read_working_days(table: pd.DataFrame) -> WorkingDays:
    """The district's calendar.

    Parameters
    ----------
    table
        The table `holidays`; its days override the country's.

    Returns
    -------
    The calendar of the country that the district is in.
    """
    kinds = table["kind"].astype(str)
    overrides = {
        moment.date(): kind == "holiday" for moment, kind in zip(table["date"], kinds, strict=True)
    }
    return WorkingDays(district_country() or country_of(district_zone()), overrides)


def country_of(zone: ZoneInfo) -> str:
    """The country that a time zone belongs to, by the zone database; empty where it has none."""
    listed = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in listed.splitlines() if not line.startswith("#"))
    return next((row[0] for row in rows if row[2] == str(zone)), "")


def days_between(first: date, after: date) -> tuple[date, ...]:
    """All days from the first up to, not including, another.

    Parameters
    ----------
    first, after
        The ends.

    Returns
    -------
    In order.
    """
    return tuple(first + timedelta(days=n) for n in range((after - first).days))


_CALENDARS: dict[str, Any] = {}


def _calendar(country: str) -> Any:
    """The library's calendar of a country, which fills in years as they are asked for."""
    if country not in _CALENDARS:
        known = country in holidays.list_supported_countries(include_aliases=False)
        _CALENDARS[country] = holidays.country_holidays(country) if known else None
    return _CALENDARS[country]
