"""When a new snapshot is due."""

from datetime import UTC, datetime, timedelta

import pytest

from serving.suggestions.serving_snapshot import AGED, BuildSchedule

NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    passed = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: passed[0])
    return passed


def test_another_model_is_due_at_once_and_rows_after_a_pause(ticking: list[float]) -> None:
    schedule = BuildSchedule(30.0)
    assert schedule.is_due("m1", 0, NOW)
    schedule.note("m1", NOW, 0, 1.0)
    assert schedule.is_due("m2", 0, NOW)
    assert not schedule.is_due("m1", 5, NOW)
    ticking[0] += 31
    assert schedule.is_due("m1", 5, NOW)
    assert not schedule.is_due("m1", 0, NOW)
    assert schedule.is_due("m1", 0, NOW + AGED + timedelta(seconds=1))
    assert schedule.is_due("m1", 0, NOW - AGED - timedelta(seconds=1))


def test_building_takes_a_tenth_of_the_time_at_most(ticking: list[float]) -> None:
    schedule = BuildSchedule(30.0)
    schedule.note("m1", NOW, 0, 60.0)
    ticking[0] += 599
    assert not schedule.is_due("m1", 5, NOW)
    ticking[0] += 2
    assert schedule.is_due("m1", 5, NOW)
