"""GONGXU_TIMEZONE=Europe/Paris from the imported file to every list, as summer time ends."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import icalendar
import numpy as np
import pytest

from data.dataset import Dataset
from data.district_time import DEFAULT_ZONE, district_zone, period_bounds, set_district_zone
from data.store.store import Store
from features.ranking.snapshot import build_snapshot
from recommender.errors import UsageError
from recommender.ranking.features.schedule import Schedule
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.keys import add_key
from serving.auth.roles import Role
from serving.cli.app import app as commands
from serving.exports.event_documents import event_document, read_event
from serving.known_settings import require_known_settings
from serving.settings import Settings
from training.registry.bundle import Manifest, save_bundle
from training.registry.served import switch
from training.suggestions.fit import fit_suggestions

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 10, 23, tzinfo=UTC)
"""The events to come begin two days later, an hour before the clocks of Paris go back."""
SUMMER, WINTER = "2026-10-25T02:00:00+02:00", "2026-10-25T06:00:00+01:00"


@pytest.fixture
def paris(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setenv("GONGXU_TIMEZONE", "Europe/Paris")
    monkeypatch.setenv("GONGXU_HOME", str(tmp_path / "home"))
    yield tmp_path
    set_district_zone(DEFAULT_ZONE)


def write_local(world: dict, folder: Path) -> None:
    """The tables as a programme office in Paris writes them: times without an offset."""
    folder.mkdir()
    for name, frame in world.items():
        written = frame.copy()
        for column in frame.select_dtypes("datetimetz").columns:
            local = frame[column].dt.tz_convert(PARIS)
            written[column] = local.dt.strftime("%Y-%m-%d %H:%M:%S").where(local.notna(), "")
        written.to_csv(folder / f"{name}.csv", index=False)


def test_paris_events_show_paris_hours(
    paris: Path, database_url: str, monkeypatch, capsys, running, make_world
) -> None:
    monkeypatch.setenv("GONGXU_DATABASE_URL", database_url)
    write_local(make_world(NOW), paris / "files")
    commands(["import", str(paris / "files")], standalone_mode=False)
    assert district_zone() == PARIS
    settings = Settings()
    store = Store.connect(database_url)
    try:
        tables = store.load()
        starts = tables["events"].set_index("event_id")["starts_at"]
        assert starts["u0"].to_pydatetime() == datetime.fromisoformat(SUMMER)
        assert starts["u1"].to_pydatetime() == datetime.fromisoformat(WINTER)
        model = fit_suggestions(tables, as_of=NOW, rng=np.random.default_rng(1))
        manifest = Manifest(data_hash="x", created_at=NOW, as_of=NOW, seed=1)
        parts = {"suggestions": model.to_arrays()}
        save_bundle(settings.home / "models" / "m1", parts, manifest)
        switch(store.engine, "m1", now=NOW)
        key = add_key(store.engine, "app", role=Role.SERVICE, scopes=["suggestions"], now=NOW)
        with store.engine.connect() as connection:
            document = event_document(read_event(connection, "u1", now=NOW))
        assert document["startDate"] == WINTER
    finally:
        store.close()

    capsys.readouterr()
    call = ["suggest", "r0", "-n", "9", "--at", "2026-10-23T02:00", "--format", "json"]
    commands(call, standalone_mode=False)
    listed = {line["event_id"]: line for line in json.loads(capsys.readouterr().out)}
    assert (listed["u0"]["starts_at"], listed["u1"]["starts_at"]) == (SUMMER, WINTER)

    options = ServiceSettings(demo_clock=NOW, rate_per_minute=0)
    service = Service(settings, options)
    try:
        with running(create_app(service=service)) as client:
            check_service(client, {"X-API-Key": key.secret})
    finally:
        service.close()


def check_service(client: httpx.Client, key: dict[str, str]) -> None:
    """The API's answer, a calendar file and a page."""
    answer = client.get("/v1/residents/r0/suggestions", params={"n": 9}, headers=key).json()
    shown = {line["event_id"]: line["starts_at"] for line in answer["suggestions"]}
    assert (shown["u0"], shown["u1"]) == (SUMMER, WINTER)

    for event, local in (("u0", "20261025T020000"), ("u1", "20261025T060000")):
        feed = client.get(f"/events/{event}/calendar.ics").text
        assert f"DTSTART;TZID=Europe/Paris:{local}" in feed
        (begins,) = (each["DTSTART"].dt for each in icalendar.Calendar.from_ical(feed).events)
        assert begins.astimezone(UTC) == datetime.fromisoformat(shown[event])
        assert "BEGIN:VTIMEZONE" in feed

    page = client.get("/events/u1", headers={"accept": "text/html"}).text
    assert re.search(r"10月25日[^<]*06:00", page)


@pytest.mark.parametrize(
    ("zone", "times"),
    [(PARIS, {"u0": (6, 2), "u1": (6, 6)}), (DEFAULT_ZONE, {"u0": (6, 8), "u1": (6, 13)})],
)
def test_weekday_and_hour_signals_go_by_the_zone(make_world, zone: ZoneInfo, times: dict) -> None:
    schedule = Schedule(build_snapshot(Dataset(make_world(NOW)), NOW, zone))
    events = schedule.snapshot.events.positions(list(times))
    found = schedule.signals(events, schedule.snapshot.as_of)
    pairs = zip(found["weekday"], found["hour"], strict=True)
    assert dict(zip(times, pairs, strict=True)) == times


def test_periods_are_those_of_the_districts_calendar(paris: Path) -> None:
    set_district_zone(PARIS)
    start, end = period_bounds("2027-03")
    assert (start, end) == (
        datetime(2027, 2, 28, 23, tzinfo=UTC),
        datetime(2027, 3, 31, 22, tzinfo=UTC),
    )
    assert end - start == timedelta(days=31) - timedelta(hours=1)


@pytest.mark.parametrize("name", ["Nowhere/Land", "+08:00", "../../etc/passwd", ""])
def test_a_bad_name_is_one_sentence_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GONGXU_TIMEZONE", name)
    with pytest.raises(UsageError, match="GONGXU_TIMEZONE has a bad value") as found:
        require_known_settings({"GONGXU_TIMEZONE": name})
    assert "\n" not in str(found.value)
