"""Residents' rights over HTTP: wishes, export, erasure, the calendar."""

from datetime import UTC, datetime

import httpx
import icalendar
import pytest
import sqlalchemy as sa

from serving.api.service import Service
from serving.auth.keys import add_key
from serving.auth.roles import Role
from serving.auth.secrets import digest_of

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def mine(token) -> dict[str, str]:
    return token(Role.RESIDENT, "r5")


@pytest.fixture
def key(world, service: Service) -> dict[str, str]:
    made = add_key(
        service.database.engine(),
        "app",
        role=Role.SERVICE,
        scopes=["ingest", "suggestions"],
        now=datetime.now(tz=UTC),
    )
    return {"X-API-Key": made.secret}


WISHED = {
    "personalised": True,
    "follows": [{"kind": "tag", "target": "舞蹈"}],
    "mutes": [{"kind": "event", "target": "u8"}, {"kind": "category", "target": "film"}],
}


def test_wishes_are_kept_and_replaced(client: httpx.Client, mine) -> None:
    path = "/v1/residents/r5/preferences"
    assert client.get(path, headers=mine).json() == {
        "personalised": True,
        "follows": [],
        "mutes": [],
        "consent": None,
    }
    put = client.put(path, json=WISHED, headers=mine).json()
    assert put == client.get(path, headers=mine).json()
    assert sorted(map(str, put["mutes"])) == sorted(map(str, WISHED["mutes"]))
    emptied = client.put(path, json={"follows": []}, headers=mine).json()
    assert (emptied["follows"], emptied["mutes"]) == ([], put["mutes"])


def test_what_a_put_leaves_out_stays(client: httpx.Client, mine) -> None:
    path = "/v1/residents/r5/preferences"
    before = client.put(path, json=WISHED, headers=mine).json()
    off = client.put(path, json={"personalised": False}, headers=mine).json()
    assert off["personalised"] is False
    assert (off["follows"], off["mutes"]) == (before["follows"], before["mutes"])
    muted = client.put(path, json={"mutes": WISHED["mutes"][:1]}, headers=mine).json()
    assert muted["personalised"] is False
    assert muted["mutes"] == WISHED["mutes"][:1]
    assert muted["consent"] == off["consent"]


def test_without_recorded_consent_there_is_no_profile(client, key, token) -> None:
    row = {"resident_id": "new", "age_band": "35-59", "area_code": "310105001"}
    client.post("/v1/ingest/residents", json={"rows": [row]}, headers=key)
    own, path = token(Role.RESIDENT, "new"), "/v1/residents/new/preferences"
    assert client.get(path, headers=own).json()["personalised"] is False
    client.post("/v1/ingest/residents", json={"rows": [row | {"personalised": True}]}, headers=key)
    assert client.get(path, headers=own).json()["personalised"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"personalised": "perhaps"},
        {"personalised": True, "face": "x"},
        {"personalised": True, "follows": [{"kind": "event", "target": "x"}]},
        {"personalised": True, "mutes": [{"kind": "tag", "target": "a\u0000"}]},
        {"follows": [{"kind": "category", "target": "表演"}]},
        {"follows": [{"kind": "product", "target": "P999"}]},
    ],
)
def test_wishes_that_are_none(client: httpx.Client, mine, wrong) -> None:
    answer = client.put("/v1/residents/r5/preferences", json=wrong, headers=mine)
    assert answer.status_code == 422


def test_consent_is_written_with_version_and_date(client, mine, service) -> None:
    path = "/v1/residents/r5/preferences"
    for wished in (False, True, True):
        sent = {"personalised": wished, "consent_version": "2027-01"}
        assert client.put(path, json=sent, headers=mine).status_code == 200
    shown = client.get(path, headers=mine).json()["consent"]
    assert (shown["given"], shown["version"]) == (True, "2027-01")
    held = client.get("/v1/residents/r5/export", headers=mine).json()["consents"]
    assert [(c["given"], c["version"]) for c in held] == [(False, "2027-01"), (True, "2027-01")]


@pytest.mark.parametrize(
    ("band", "consent", "allowed"),
    [("0-13", True, False), ("14-17", False, False), ("14-17", True, True), ("18-34", None, True)],
)
def test_minors_are_profiled_only_as_the_law_allows(
    client, key, token, band, consent, allowed
) -> None:
    row = {"resident_id": "kid", "age_band": band, "guardian_consent": consent}
    client.post("/v1/ingest/residents", json={"rows": [row]}, headers=key)
    kid = token(Role.RESIDENT, "kid")
    answer = client.put("/v1/residents/kid/preferences", json={"personalised": True}, headers=kid)
    assert answer.status_code == (200 if allowed else 422)
    off = client.put("/v1/residents/kid/preferences", json={"personalised": False}, headers=kid)
    assert off.status_code == 200


def test_export_holds_everything_and_is_noted(client, mine, key) -> None:
    client.put("/v1/residents/r5/preferences", json=WISHED, headers=mine)
    client.get("/v1/residents/r5/suggestions?surface=app", headers=key)
    answer = client.get("/v1/residents/r5/export", headers=mine)
    assert answer.status_code == 200, answer.text
    held = answer.json()
    assert held["residents"][0]["resident_id"] == "r5"
    assert len(held["bookings"]) > 5
    assert held["impressions"]
    assert len(held["mutes"]) == 2
    assert {row["resident_id"] for rows in held.values() for row in rows} == {"r5"}
    assert [(r["role"], r["action"]) for r in held["access_log"]] == [("service", "suggestions")]


def everything(engine: sa.Engine) -> str:
    """All rows of all tables as text, as a dump of the database would hold them."""
    parts = []
    with engine.connect() as connection:
        names = (
            connection.execute(
                sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            )
            .scalars()
            .all()
        )
        for name in names:
            rows = connection.execute(sa.text(f'SELECT t::text FROM "{name}" t')).scalars()
            parts.append("\n".join(rows))
    return "\n".join(parts)


def test_erased_means_erased(client, key, mine, token, service) -> None:
    name = "erase-me-4711"
    rows = [{"resident_id": name, "area_code": "310105001", "age_band": "35-59"}]
    client.post("/v1/ingest/residents", json={"rows": rows}, headers=key)
    at = datetime.now(tz=UTC).isoformat()
    booking = {"booking_id": "b-x", "resident_id": name, "event_id": "u1", "booked_at": at}
    booking |= {"status": "booked", "seats": 40, "updated_at": at}
    client.post(
        "/v1/ingest/bookings",
        json={"rows": [booking]},
        headers={**key, "Idempotency-Key": "once"},
    )
    me = token(Role.RESIDENT, name)
    client.put(f"/v1/residents/{name}/preferences", json=WISHED, headers=me)
    calendar = client.post(f"/v1/residents/{name}/calendar-token", headers=me).json()["path"]
    assert client.get(calendar).status_code == 200
    client.get(f"/v1/residents/{name}/suggestions?surface=app", headers=key)
    assert name in everything(service.database.engine())

    assert client.delete(f"/v1/residents/{name}", headers=me).status_code == 204
    service.recorder.flush()
    assert name not in everything(service.database.engine())
    assert service.erasures.digest(name) in everything(service.database.engine())
    assert digest_of(name) not in everything(service.database.engine())
    for path in ("suggestions", "preferences", "export"):
        assert client.get(f"/v1/residents/{name}/{path}", headers=me).status_code == 404
    assert client.get(f"/v1/residents/{name}/suggestions", headers=key).status_code == 404
    assert client.get(calendar).status_code == 401
    # The seats are free again, and late rows do not bring the resident back.
    free = client.get("/v1/places/310105001/suggestions?n=9").json()["suggestions"]
    assert "u1" in [line["event_id"] for line in free]
    late = client.post("/v1/ingest/residents", json={"rows": rows}, headers=key).json()
    assert late["bad"] == 1
    assert client.delete(f"/v1/residents/{name}", headers=me).status_code == 204
    assert client.delete("/v1/residents/r5", headers=token(Role.RESIDENT, "r6")).status_code == 403
    stranger = token(Role.RESIDENT, "never-was")
    assert client.delete("/v1/residents/never-was", headers=stranger).status_code == 404


def test_the_calendar_opens_with_its_token_alone(client, mine) -> None:
    path = "/v1/residents/r5/calendar-token"
    made = client.post(path, headers=mine).json()
    feed = client.get(made["path"])
    assert feed.headers["content-type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(feed.content)
    events = calendar.walk("VEVENT")
    assert len(events) == 9
    assert all(event["UID"].endswith("@gongxu") for event in events)
    assert all(event.end > event.start for event in events)
    other = made["path"].replace("/r5/", "/r6/")
    assert client.get(other).status_code == 401
    again = client.post(path, headers=mine).json()
    assert client.get(made["path"]).status_code == 401
    assert client.get(again["path"]).status_code == 200
    client.delete(path, headers=mine)
    assert client.get(again["path"]).status_code == 401
