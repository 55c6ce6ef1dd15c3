"""The days of a period: holidays, lead time, and what stands in halls."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from recommender.errors import UsageError
from serving.planning.problem.days import (
    agreed_days,
    months_of,
    open_shares,
    read_days,
    read_engagements,
    read_timing,
)
from serving.planning.problem.shapes import read_shapes
from serving.planning.rules_file import parse_rules

ZONE = ZoneInfo("Asia/Shanghai")
EARLY = datetime(2026, 12, 1, tzinfo=ZONE)


def quarter(dataset, rules: str = "", as_of: datetime = EARLY):
    read = parse_rules(rules)
    return read_days(dataset, "2027Q1", months_of("2027Q1", read), read, as_of=as_of)


def test_public_holidays_are_closed_and_the_table_opens_them(dataset_of) -> None:
    days, told = quarter(dataset_of())
    closed = {day for day, is_closed in zip(days.days, days.closed, strict=True) if is_closed}
    assert (len(days.days), told) == (90, ())
    assert date(2027, 1, 1) in closed
    assert date(2027, 2, 8) in closed
    assert date(2027, 3, 1) not in closed
    opened = [{"date": pd.Timestamp("2027-02-08"), "name": "", "kind": "workday"}]
    days, _ = quarter(dataset_of(holidays=opened))
    assert date(2027, 2, 8) in agreed_days(days)


def test_the_lead_time_closes_days_and_yields_by_default_alone(dataset_of) -> None:
    start = datetime(2027, 1, 1, tzinfo=ZONE)
    days, _ = quarter(dataset_of(), as_of=start)
    assert min(agreed_days(days)) == date(2027, 1, 15)
    assert open_shares(days, 3).tolist() == pytest.approx([17 / 31, 1, 1])
    days, _ = quarter(dataset_of(), "[plan]\nlead_days = 40\n", as_of=start)
    assert min(agreed_days(days)) == date(2027, 2, 11)  # Spring Festival ends on the 10th
    late = datetime(2027, 3, 25, tzinfo=ZONE)
    days, told = quarter(dataset_of(), as_of=late)
    assert not days.early.any()
    assert "14 天" in told[0]
    with pytest.raises(UsageError, match=r"line 2\): plan.lead_days|line 2: plan.lead_days"):
        quarter(dataset_of(), "[plan]\nlead_days = 14\n", as_of=late)


def test_events_take_halls_by_their_hours_and_runs_take_none(dataset_of) -> None:
    def event(name: str, start: str, end: str) -> dict[str, object]:
        return {
            "event_id": name, "product_id": "P1", "venue_id": "V1", "status": "open", "title": "t",
            "starts_at": pd.Timestamp(start, tz=ZONE), "ends_at": pd.Timestamp(end, tz=ZONE),
        }  # fmt: skip

    dataset = dataset_of(
        events=[
            event("noon", "2027-03-01 11:00", "2027-03-01 13:00"),
            event("late", "2027-03-02 19:00", "2027-03-02 21:00"),
            event("run", "2027-03-03 09:00", "2027-03-05 17:00"),
        ]
    )
    days, _ = quarter(dataset)
    products = dataset["products"].set_index("product_id")
    shapes = read_shapes(dataset, products, np.full(2, 9), as_of=EARLY)
    found = read_engagements(
        dataset, days, read_timing(products, shapes), products, dataset["venues"], np.array([0, 1]),
        as_of=EARLY,
    )  # fmt: skip
    at = days.days.index(date(2027, 3, 1))
    assert found.venues == {(0, at, 0), (0, at, 1), (0, at + 1, 2)}
    assert found.kinds == {(0, at, 0, 0), (0, at, 1, 0), (0, at + 1, 2, 0)}
    assert found.runs == {(0, at + 2), (0, at + 3), (0, at + 4)}


def test_months_outside_the_period_are_refused() -> None:
    with pytest.raises(UsageError, match="2027-07 is not in 2027Q1"):
        months_of("2027Q1", parse_rules('[plan]\nmonths = ["2027-07"]\n'))
