"""Point 9.2 of the benchmark of plans counts halls, sessions and categories from the tables."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from benchmarks.plans.volume import count
from data.dataset import Dataset, canonical
from data.schema import TABLES


def event(number: int, day: str, venue: str = "V1", status: str = "done") -> dict[str, Any]:
    at = pd.Timestamp(f"{day}T10:00+08:00")
    return {
        "event_id": f"e{number}", "title": "x", "venue_id": venue, "starts_at": at, "ends_at": at,
        "seats": 50, "status": status,
    }  # fmt: skip


def test_halls_sessions_and_categories_are_counted() -> None:
    days = [
        *["2026-05-01"] * 10, *["2026-06-01"] * 8, *["2024-02-01"] * 2, "2027-01-20", "2027-01-21",
    ]  # fmt: skip
    events = [event(n, day) for n, day in enumerate(days)]
    events.append(event(99, "2026-07-01", status="cancelled"))
    dataset = Dataset({"events": canonical(pd.DataFrame(events), TABLES["events"])})
    lines = pd.DataFrame(
        {"venue_id": ["V1", "V1", None, "V9"], "months": ["2027-01×9", "2027-02×11;2027-03×3",
         "2027-01×1", "2027-01×5"], "sessions": [9, 14, 1, 5]}
    )  # fmt: skip
    wants = {
        "film": {"wants": 0.4, "attendances": 0.5}, "tour": {"wants": 0.2, "attendances": 0.06},
        "online": {"wants": 0.0, "attendances": 0.0},
    }  # fmt: skip
    document: Any = SimpleNamespace(period="2027Q1", lines=lines, summary={"wants": wants})
    found = count(dataset, document, seed=1)
    assert found.sessions == 29
    assert found.sessions_ratio == pytest.approx((29 + 2) / (18 / 4))
    assert (found.halls, found.halls_above) == (2, 0)  # 9 + 2 in January: ten and a tenth
    assert found.hall_use == pytest.approx(1.1)
    assert (found.scarcest, found.wants_share) == ("tour", pytest.approx(0.3))
    document.lines = lines.assign(months=["2027-01×10", "2027-02×11;2027-03×3", None, "2027-01×5"])
    assert count(dataset, document, seed=1).halls_above == 1
