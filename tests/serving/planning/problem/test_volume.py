"""What is usual, and the caps that follow from it by default."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.demand.streets import read_streets
from serving.planning.problem.history import StandingSupply
from serving.planning.problem.volume import (
    UsualVolume,
    most_sessions,
    read_volume,
    sessions_per_product,
)
from serving.planning.rules_file import parse_rules

AS_OF = datetime(2026, 12, 20, tzinfo=UTC)
NOTHING = StandingSupply(np.zeros((2, 3), dtype=np.int64), {})


def held(venue: str, days: pd.DatetimeIndex, **changes: Any) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"{venue}-{day:%Y%m%d}",
            "product_id": "P1",
            "venue_id": venue,
            "starts_at": day.tz_localize("UTC"),
            "status": "done",
        }
        | changes
        for day in days
    ]


def test_a_usual_quarter_and_the_busiest_month_are_counted(dataset_of: Any) -> None:
    year = pd.date_range("2026-01-05", "2026-12-10", freq="5D")
    rows = held("V1", year) + held("V2", pd.date_range("2026-11-01", periods=9, freq="D"))
    rows += held("V2", pd.date_range("2026-10-01", periods=20, freq="D"), status="cancelled")
    rows += held("V2", pd.date_range("2027-01-03", periods=4, freq="D"), status="open")
    dataset = dataset_of(events=rows)
    found = read_volume(dataset, read_streets(dataset), ["S1", "S2"], "2027Q1", as_of=AS_OF)
    assert found.sessions[0] == pytest.approx(len(year) / 349 * 90, rel=0.02)
    assert found.sessions[1] == pytest.approx(9 / 349 * 90, rel=0.02)
    assert found.busiest_month == {"V1": 7, "V2": 9}


def test_without_history_nothing_is_capped(dataset_of: Any) -> None:
    dataset = dataset_of()
    found = read_volume(dataset, read_streets(dataset), ["S1", "S2"], "2027Q1", as_of=AS_OF)
    assert (found.sessions == 0).all()
    assert found.busiest_month == {}
    people, floors = np.ones(2), np.zeros(2, dtype=np.int64)
    assert most_sessions(parse_rules(""), found, NOTHING, floors, people) is None


def test_growth_is_capped_but_never_below_the_floor() -> None:
    volume = UsualVolume(np.array([10.0, 2.0]), {})
    people = np.array([1_000.0, 1_000.0])
    floors = np.array([0, 7])
    standing = StandingSupply(np.array([[4, 0, 0], [0, 0, 0]]), {})
    found = most_sessions(parse_rules(""), volume, standing, floors, people)
    assert found is not None
    # 1.5 x 10 less the four that stand; half of a fair share of twelve is three, the floor seven.
    assert found.tolist() == [11, 7]
    wide = parse_rules("[plan]\ngrowth_max = 4.0\n")
    assert most_sessions(wide, volume, standing, floors, people).tolist() == [36, 12]


def test_once_a_product_unless_the_catalogue_is_small() -> None:
    volume = UsualVolume(np.array([4.0]), {})
    most, said = sessions_per_product(parse_rules(""), np.ones((1, 8), dtype=bool), volume)
    assert (most, said) == (1, ())
    most, said = sessions_per_product(parse_rules(""), np.ones((1, 7), dtype=bool), volume)
    assert most == 3
    assert "7" in said[0]
    given = parse_rules("[plan]\nsessions_per_product = 2\n")
    assert sessions_per_product(given, np.ones((1, 3), dtype=bool), volume) == (2, ())
