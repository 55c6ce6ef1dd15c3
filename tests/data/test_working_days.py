"""The country's calendar by known days, overridden by the table `holidays`."""

from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from data.dataset import canonical
from data.district_time import DEFAULT_ZONE, set_district_zone
from data.schema import TABLES
from data.working_days import country_of, days_between, read_working_days


def table(*rows: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [{"date": pd.Timestamp(day), "name": "", "kind": kind} for day, kind in rows],
        columns=["date", "name", "kind"],
    )
    return canonical(frame, TABLES["holidays"])


@pytest.mark.parametrize(
    ("day", "off", "public"),
    [
        (date(2026, 10, 1), True, True),  # National Day, a Thursday
        (date(2026, 10, 10), False, False),  # an adjusted working Saturday
        (date(2026, 10, 17), True, False),  # a Saturday
        (date(2026, 10, 19), False, False),
        (date(2027, 2, 8), True, True),  # Spring Festival, before its year was announced
    ],
)
def test_days_of_china(day: date, off: bool, public: bool) -> None:
    work = read_working_days(table())
    assert (work.country, work.is_off(day), work.is_public_holiday(day)) == ("CN", off, public)


def test_the_table_overrides_the_library() -> None:
    work = read_working_days(table(("2026-10-01", "workday"), ("2026-10-19", "holiday")))
    assert not work.is_off(date(2026, 10, 1))
    assert not work.is_public_holiday(date(2026, 10, 1))
    assert work.is_off(date(2026, 10, 19))
    assert work.is_public_holiday(date(2026, 10, 19))
    assert work.is_off(date(2026, 10, 2))


def test_the_country_follows_the_zone_or_is_set() -> None:
    assert country_of(ZoneInfo("Asia/Shanghai")) == "CN"
    assert country_of(ZoneInfo("Europe/Warsaw")) == "PL"
    assert country_of(ZoneInfo("UTC")) == ""
    try:
        set_district_zone(ZoneInfo("Europe/Warsaw"))
        assert read_working_days(table()).is_public_holiday(date(2026, 11, 11))
        set_district_zone(ZoneInfo("Europe/Warsaw"), "CN")
        assert not read_working_days(table()).is_public_holiday(date(2026, 11, 11))
        set_district_zone(ZoneInfo("UTC"))
        plain = read_working_days(table())
        assert plain.is_off(date(2026, 11, 14))
        assert not plain.is_off(date(2026, 12, 25))
    finally:
        set_district_zone(DEFAULT_ZONE)


def test_school_holidays_are_of_the_country() -> None:
    work = read_working_days(table())
    found = [work.is_school_holiday(date(2027, m, 10)) for m in (1, 2, 3, 7, 8, 9)]
    assert found == [False, True, False, True, True, False]


def test_days_up_to_another() -> None:
    assert days_between(date(2027, 2, 27), date(2027, 3, 2)) == (
        date(2027, 2, 27), date(2027, 2, 28), date(2027, 3, 1),
    )  # fmt: skip
    assert days_between(date(2027, 3, 2), date(2027, 3, 2)) == ()
