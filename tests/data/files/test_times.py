"""Times without an offset, where clocks go forward and back: the same from text and Parquet."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from data.district_time import DEFAULT_ZONE, set_district_zone
from data.files.times import (
    explain_unread_time,
    parse_dates,
    parse_times,
    read_range,
    read_time,
)


@pytest.fixture(autouse=True)
def restored_zone() -> Iterator[None]:
    yield
    set_district_zone(DEFAULT_ZONE)


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        ("Europe/Paris", "2027-01-10 20:30", "2027-01-10T19:30:00+00:00"),
        ("Europe/Paris", "2027-07-10 20:30", "2027-07-10T18:30:00+00:00"),
        ("Europe/Paris", "2027-10-31 02:30", "2027-10-31T00:30:00+00:00"),  # twice: the earlier
        ("Europe/Paris", "2027-03-28 01:59", "2027-03-28T00:59:00+00:00"),
        ("Europe/Paris", "2027-03-28 02:30", None),  # never
        ("Europe/Paris", "2027-03-28 03:00", "2027-03-28T01:00:00+00:00"),
        ("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04T03:00:00+00:00"),  # skipped midnight
        ("America/Sao_Paulo", "2018-11-04 00:30", None),
        ("Asia/Shanghai", "2027-03-28 02:30", "2027-03-27T18:30:00+00:00"),
    ],
)
def test_text_and_parquet_agree(zone: str, wall: str, utc: str | None) -> None:
    set_district_zone(ZoneInfo(zone))
    stored = pa.array([datetime.fromisoformat(wall)], pa.timestamp("ms"))
    expected = None if utc is None else datetime.fromisoformat(utc)
    for values in (pa.array([wall]), stored):
        assert parse_times(pa.chunked_array([values])).to_pylist() == [expected]


def test_a_skipped_time_is_named_as_such() -> None:
    assert explain_unread_time("2027-03-28 02:30") == "is skipped by the clocks"
    assert explain_unread_time("0001-01-01 00:00") == "is out of range: not in the calendar"
    assert explain_unread_time("soon") == "is not a time"


def test_a_moment_falls_on_the_districts_day() -> None:
    moment = pa.chunked_array([pa.array(["2027-07-10T22:30:00Z"])])
    days = []
    for zone in ("Europe/London", "Europe/Paris", "Asia/Shanghai"):
        set_district_zone(ZoneInfo(zone))
        days += [day.isoformat() for day in parse_dates(moment).to_pylist()]
    assert days == ["2027-07-10", "2027-07-11", "2027-07-11"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2026-10-05（周一）14:00", True),
        ("2026年10月5日 星期一 14:00", True),
        ("2026年10月4日（周日）", True),
        ("2026年10月4日星期天 9:30", True),
        ("2026-10-05（周日）14:00", False),
        ("2026年10月5日星期天", False),
    ],
)
def test_a_day_of_the_week_is_the_dates_or_a_finding(text: str, fits: bool) -> None:
    assert (read_time(text) is not None) == fits
    reason = "names another day of the week than its date"
    assert (explain_unread_time(text) == reason) == (not fits)


def test_a_range_on_another_day_of_the_week_is_a_finding() -> None:
    assert read_range("2026-10-05（周一）14:00-16:00") is not None
    assert read_range("2026-10-05（周日）14:00-16:00") is None
    assert explain_unread_time("2026-10-05（周日）14:00-16:00").startswith("names another day")
    assert explain_unread_time("2026-13-05（周日）14:00") == "is not a time"


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-05 上午", "2026-10-05 晚上12点", "10月5日（周日）14:00", "周六 14:00",
        "2026.10.05 七点半", "2026-10-05 12:00 AM", "05/10/2026 14:00", "每周六上午",
    ],
)  # fmt: skip
def test_what_needs_guessing_is_a_finding(text: str) -> None:
    assert read_time(text) is None
    assert read_range(text) is None
