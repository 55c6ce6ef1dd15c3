"""Quarters of a street: what was held there, who came, and nothing of fewer than ten."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from data.store.store import Store
from serving.reporting.trend import past_quarters, read_trend


@pytest.fixture
def connection(database_url: str) -> Iterator[sa.Connection]:
    store = Store.connect(database_url)
    with store.engine.begin() as opened:

        def put(table: str, **row: object) -> None:
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            opened.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)

        for code, parent in (("S1", None), ("N1", "S1"), ("S2", None)):
            level = "neighbourhood" if parent else "street"
            put("areas", area_code=code, name=code, level=level, parent_code=parent)
        for venue, area in (("V1", "S1"), ("V2", "N1"), ("V3", "S2")):
            put("venues", venue_id=venue, name=venue, area_code=area)
        events = (
            ("E1", "V1", datetime(2026, 5, 1, tzinfo=UTC), "held"),
            ("E2", "V2", datetime(2026, 6, 1, tzinfo=UTC), None),
            ("E3", "V3", datetime(2026, 6, 1, tzinfo=UTC), "held"),
            ("E4", "V1", datetime(2026, 6, 1, tzinfo=UTC), "cancelled"),
            ("E5", "V1", datetime(2026, 8, 1, tzinfo=UTC), "held"),
        )
        for event, venue, at, status in events:
            put("events", event_id=event, venue_id=venue, starts_at=at, seats=50, status=status)
        for n in range(16):
            for event in ("E1", "E3", *(("E5",) if n < 9 else ())):
                put(
                    "bookings", booking_id=f"{event}-{n}", resident_id=f"r{n}", event_id=event,
                    booked_at=datetime(2026, 4, 1, tzinfo=UTC), seats=2,
                    status="attended" if n < 12 else "cancelled",
                )  # fmt: skip
        yield opened
    store.close()


def test_quarters_of_a_street_and_its_neighbourhoods(connection: sa.Connection) -> None:
    first, second, third = read_trend(connection, "S1", ["2026Q1", "2026Q2", "2026Q3"])
    assert first == {"period": "2026Q1", "sessions": 0, "seats": None, "people": None}
    assert second == {"period": "2026Q2", "sessions": 2, "seats": 100, "people": 25}
    assert third == {"period": "2026Q3", "sessions": 1, "seats": 50, "people": None}


def test_the_last_whole_quarters() -> None:
    now = datetime(2026, 11, 5, tzinfo=UTC)
    assert past_quarters(now, 3) == ["2026Q1", "2026Q2", "2026Q3"]
