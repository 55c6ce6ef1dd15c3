"""A plan's calendar is read back by the library: sittings, runs, and what has no day."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pandas as pd
from icalendar import Calendar

from serving.exports.plan_calendar import plan_calendar


def test_sittings_and_runs_are_read_back() -> None:
    lines = pd.DataFrame(
        [
            ("L-1", "昆曲", "S1街道", "中心", "2027-01-16 14:00;2027-02-06 19:00", "居委1;居委2"),
            ("L-2", "画展", "S1街道", None, "2027-03-01/2027-03-14", ""),
            ("L-3", "未定", "S1街道", "中心", "", ""),
        ],
        columns=["line_id", "title", "street", "venue", "dates", "committees"],
    )
    document = SimpleNamespace(
        lines=lines, period="2027Q1", data_date=datetime(2026, 12, 1, tzinfo=UTC)
    )
    made = Calendar.from_ical(plan_calendar(document))  # type: ignore[arg-type]
    events = made.walk("VEVENT")
    assert [str(each["summary"]) for each in events] == [
        "昆曲 · S1街道", "昆曲 · S1街道", "画展 · S1街道",
    ]  # fmt: skip
    first = events[0]["dtstart"].dt
    assert first.astimezone(UTC) == datetime(2027, 1, 16, 6, tzinfo=UTC)
    assert str(events[0]["description"]) == "居委1、居委2"
    assert (events[2]["dtstart"].dt, events[2]["dtend"].dt) == (
        date(2027, 3, 1), date(2027, 3, 15),
    )  # fmt: skip
    assert len({str(each["uid"]) for each in events}) == 3
