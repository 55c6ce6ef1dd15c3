from datetime import UTC, datetime

import pytest

from data.district_time import next_period, parse_moment, period_bounds, period_of
from recommender.errors import UsageError


def test_a_quarter_runs_by_the_local_calendar() -> None:
    start, end = period_bounds("2026Q4")
    assert start == datetime(2026, 9, 30, 16, tzinfo=UTC)
    assert end == datetime(2026, 12, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(("period", "days"), [("2027", 365), ("2028-02", 29), ("2027Q1", 90)])
def test_years_quarters_and_months(period: str, days: int) -> None:
    start, end = period_bounds(period)
    assert (end - start).days == days


@pytest.mark.parametrize("text", ["", "2027Q5", "2027-13", "Q1", "2027q1", "next", "9999", "0000"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="period"):
        period_bounds(text)


def test_the_quarter_of_a_moment_and_the_one_after() -> None:
    assert period_of(datetime(2026, 12, 31, 17, tzinfo=UTC)) == "2027Q1"
    assert next_period("2026Q4") == "2027Q1"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-01", datetime(2027, 2, 28, 16, tzinfo=UTC)),
        ("2027-03-01T08:00+08:00", datetime(2027, 3, 1, tzinfo=UTC)),
        ("2027-03-01 08:00:00-12:00", datetime(2027, 3, 1, 20, tzinfo=UTC)),
    ],
)
def test_moments_as_commands_take_them(text: str, moment: datetime) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    ["soon", "", "2026-02-30", "2026-10-05T14:00-16:00", "2026-10-05T14:00+14:30", "0001-01-01",
     "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "2200-01-01T00:00Z"],
)  # fmt: skip
def test_moments_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_moment(text)
