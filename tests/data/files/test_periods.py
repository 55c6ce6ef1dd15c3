"""Periods in every spelling, and texts that are none."""

import pytest

from data.files.periods import read_period
from recommender.demand.periods import period_months
from recommender.errors import UsageError


@pytest.mark.parametrize(
    ("period", "texts"),
    [
        ("2027Q1", "2027Q1|2027 Q1|2027q1|2027-Q1|2027年第一季度|2027年1季度|2027年 一季|2027 1Q"),
        ("2027-01", "2027-01|2027/1|2027.01|2027年1月|2027-1"),
        ("2027-12", "2027-12|2027年12月|2027 . 12"),
        ("2027", "2027|2027年|2027 年度"),
    ],
)
def test_loose_periods_are_read(period: str, texts: str) -> None:
    assert {read_period(text) for text in texts.split("|")} == {period}
    period_months(period)


@pytest.mark.parametrize(
    "text",
    ["", "2027Q5", "2027-13", "2027-00", "20271", "202701", "27Q1", "9999", "0000Q1", "Q1", "next"],
)
def test_other_texts_are_none(text: str) -> None:
    assert read_period(text) is None
    with pytest.raises(UsageError):
        period_months(text)
