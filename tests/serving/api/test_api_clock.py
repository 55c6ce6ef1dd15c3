"""The clock jumps while the service runs: nothing taken is lost, nothing wrong is said."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.keys import add_key, revoke_key
from serving.auth.roles import Role
from serving.outcomes.changes import note_changes
from serving.settings import Settings
from serving.store_tables import live_changes

pytestmark = pytest.mark.usefixtures("world")


class Clock:
    """The real time, and how far it was set."""

    def __init__(self) -> None:
        self.away = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(tz=UTC) + self.away


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jumping(api_home: Path, clock: Clock, running) -> Iterator[tuple[httpx.Client, Service]]:
    service = Service(Settings(home=api_home), ServiceSettings(rate_per_minute=0), now=clock)
    with running(create_app(service=service)) as client:
        yield client, service


@pytest.fixture
def key(jumping):
    return add_key(
        jumping[1].database.engine(),
        "app",
        role=Role.SERVICE,
        scopes=["ingest", "suggestions"],
        now=datetime.now(tz=UTC),
    )


def booked(client: httpx.Client, headers, resident: str, event: str) -> None:
    at = (datetime.now(tz=UTC) - timedelta(minutes=1)).isoformat()
    row = {"booking_id": f"jump-{resident}-{event}", "resident_id": resident, "event_id": event}
    row |= {"booked_at": at, "updated_at": at, "status": "booked", "seats": 1}
    answer = client.post("/v1/ingest/bookings", json={"rows": [row]}, headers=headers)
    assert (answer.status_code, answer.json()["bad"]) == (200, 0), answer.text


@pytest.mark.parametrize("days", [1, -1])
def test_bookings_count_whatever_the_clock_does(jumping, key, clock: Clock, days: int) -> None:
    client, service = jumping
    headers = {"X-API-Key": key.secret}

    def listed() -> set[str]:
        answer = client.get("/v1/residents/r1/suggestions?n=9", headers=headers).json()
        return {line["event_id"] for line in answer["suggestions"]}

    booked(client, headers, "r1", "u8")
    assert "u8" not in listed()
    clock.away = timedelta(days=days)
    booked_before = {"u8"}
    if days > 0:  # a clock that is late calls what happens now the future, and refuses it
        booked(client, headers, "r1", "u7")
        booked_before.add("u7")
    assert not booked_before & listed()
    clock.away = timedelta()
    booked(client, headers, "r1", "u6")
    assert not (booked_before | {"u6"}) & listed()
    with service.database.engine().connect() as connection:
        query = sa.text("SELECT event_id FROM bookings WHERE booking_id LIKE 'jump-r1-%'")
        held = set(connection.execute(query).scalars())
    assert held == booked_before | {"u6"}


def test_events_that_are_over_by_the_new_clock_are_not_shown(jumping, key, clock: Clock) -> None:
    client, _ = jumping
    clock.away = timedelta(days=30)
    answer = client.get("/v1/residents/r1/suggestions?n=9", headers={"X-API-Key": key.secret})
    assert answer.status_code == 200
    assert answer.json()["suggestions"] == []


def test_a_revoked_key_ends_though_the_clock_was_set_back(jumping, key, clock: Clock) -> None:
    client, service = jumping
    headers = {"X-API-Key": key.secret}
    path = "/v1/residents/r1/suggestions"
    assert client.get(path, headers=headers).status_code == 200
    revoke_key(service.database.engine(), key.key_id, now=clock())
    clock.away = timedelta(days=-1)
    for _ in range(200):
        if client.get(path, headers=headers).status_code == 401:
            return
        # What is remembered is so for two seconds of real time.
        client.get("/healthz")
    status = service.authenticator.authenticate(key.secret)
    assert status is None


def test_a_jump_ahead_hides_no_change_from_a_worker_that_is_behind(jumping, clock: Clock) -> None:
    _, service = jumping
    rows = [{"resident_id": "r1", "event_id": "u1"}]
    with service.database.engine().begin() as connection:
        note_changes(connection, "bookings", rows, now=clock())
        first = connection.execute(sa.select(sa.func.max(live_changes.c.entry))).scalar_one()
        note_changes(connection, "bookings", rows, now=clock() + timedelta(days=1))
        kept = connection.execute(sa.select(live_changes.c.entry)).scalars().all()
    assert first in kept
