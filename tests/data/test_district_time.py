from datetime import UTC, datetime

import pytest

from data.district_time import next_period, period_bounds, period_of
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
