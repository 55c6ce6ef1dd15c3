"""Lists over HTTP: live rules, switched off, places, degraded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.keys import add_key
from serving.auth.roles import Role
from serving.settings import Settings

pytestmark = pytest.mark.usefixtures("world")
ISSUER = "http://issuer.test"
NOW = datetime.now(tz=UTC)


@pytest.fixture
def key(world, service: Service) -> dict[str, str]:
    made = add_key(
        service.database.engine(),
        "app",
        role=Role.SERVICE,
        scopes=["ingest", "suggestions"],
        now=NOW,
    )
    return {"X-API-Key": made.secret}


@pytest.fixture
def ask(client: httpx.Client, key: dict[str, str]):
    def get(resident: str, **query: object) -> dict:
        answer = client.get(f"/v1/residents/{resident}/suggestions", params=query, headers=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


def events_of(answer: dict) -> list[str]:
    return [line["event_id"] for line in answer["suggestions"]]


def book(client: httpx.Client, key, resident: str, event: str, **more: object) -> None:
    at = datetime.now(tz=UTC).isoformat()
    row = {"booking_id": f"{resident}-{event}", "resident_id": resident, "event_id": event}
    row |= {"booked_at": at, "status": "booked", "updated_at": at, **more}
    answer = client.post("/v1/ingest/bookings", json={"rows": [row]}, headers=key).json()
    assert answer["bad"] == 0, answer


def test_a_list_follows_taste_and_gives_reasons(ask) -> None:
    answer = ask("r0", n=3)
    assert answer["personal"]
    assert not answer["degraded"]
    assert answer["model_version"] == "m1"
    assert [line["rank"] for line in answer["suggestions"]] == [1, 2, 3]
    # r0 came to what leaves 0 when divided by three: performances.
    assert answer["suggestions"][0]["event_id"] in ("u0", "u3", "u6")
    first = answer["suggestions"][0]
    assert first["reasons"]
    assert 0 < first["propensity"] <= 1
    assert datetime.fromisoformat(first["starts_at"]) > datetime.now(tz=UTC)


def test_a_booking_counts_in_the_very_next_request(client, ask, key) -> None:
    before = events_of(ask("r0", n=9))
    book(client, key, "r0", before[0])
    after = events_of(ask("r0", n=9))
    assert before[0] not in after
    assert set(after) < set(before)
    book(client, key, "r0", before[0], status="cancelled")
    assert before[0] in events_of(ask("r0", n=9))


def test_a_full_event_vanishes_for_everybody_at_once(client, ask, key) -> None:
    assert "u4" in events_of(ask("r1", n=9))
    book(client, key, "r0", "u4", seats=40)
    assert "u4" not in events_of(ask("r1", n=9))
    assert "u4" not in events_of(ask("r7", n=9))


def test_wishes_count_in_the_very_next_request(client, ask, token) -> None:
    assert "u2" in events_of(ask("r2", n=9))
    wished = {"personalised": True, "mutes": [{"kind": "event", "target": "u2"}]}
    mine = token(Role.RESIDENT, "r2")
    answer = client.put("/v1/residents/r2/preferences", json=wished, headers=mine)
    assert answer.status_code == 200, answer.text
    assert "u2" not in events_of(ask("r2", n=9))
    wished = {"personalised": True, "mutes": [{"kind": "tag", "target": "tag1"}]}
    client.put("/v1/residents/r2/preferences", json=wished, headers=mine)
    shown = events_of(ask("r2", n=9))
    assert "u2" in shown
    assert not {"u1", "u4", "u7"} & set(shown)


def test_switched_off_means_the_same_list_for_everybody_there(client, ask, token) -> None:
    assert ask("r0")["suggestions"] != ask("r2")["suggestions"]
    for resident in ("r0", "r2"):
        answer = client.put(
            f"/v1/residents/{resident}/preferences",
            json={"personalised": False},
            headers=token(Role.RESIDENT, resident),
        )
        assert answer.status_code == 200
    one, other = ask("r0"), ask("r2")
    assert not one["personal"]
    assert one["suggestions"] == other["suggestions"]
    assert client.get("/v1/places/310105001/suggestions").json()["suggestions"]


def test_a_newcomer_has_a_list_at_once(client, ask, key) -> None:
    row = {"resident_id": "new-one", "area_code": "310105002", "age_band": "35-59"}
    client.post("/v1/ingest/residents", json={"rows": [row]}, headers=key)
    answer = ask("new-one")
    assert answer["suggestions"]
    assert not answer["personal"]


def test_places_and_likeness_need_nobody(client: httpx.Client) -> None:
    for place in ("310105001", "v1"):
        answer = client.get(f"/v1/places/{place}/suggestions", params={"n": 4})
        assert answer.status_code == 200
        assert len(answer.json()["suggestions"]) == 4
    assert client.get("/v1/places/nowhere/suggestions").status_code == 404
    alike = client.get("/v1/events/u0/similar", params={"n": 3}).json()
    assert "u0" not in events_of(alike)
    assert events_of(alike)[0] in ("u3", "u6")
    assert client.get("/v1/events/nothing/similar").status_code == 404


def test_a_position_moves_the_distances_and_the_scores(ask) -> None:
    home = ask("r0", n=9)["suggestions"]
    away = ask("r0", n=9, lat=31.222, lon=121.431)["suggestions"]
    distances = [{line["event_id"]: line["distance_m"] for line in x} for x in (home, away)]
    assert distances[0] != distances[1]
    assert min(distances[1].values()) > 500
    scores = [{line["event_id"]: line["score"] for line in x} for x in (home, away)]
    assert any(
        scores[0][event] != scores[1][event] for event in scores[0].keys() & scores[1].keys()
    )


def test_another_moment_is_answered_as_it_was_known_then(ask) -> None:
    then = datetime.now(tz=UTC) - timedelta(days=20)
    answer = ask("r0", n=9, at=then.isoformat())
    assert answer["suggestions"]
    assert all(event.startswith("e") for event in events_of(answer))
    assert all(datetime.fromisoformat(s["starts_at"]) > then for s in answer["suggestions"])


@pytest.mark.parametrize(
    "query",
    [
        "n=0",
        "n=101",
        "at=yesterday",
        "at=2027-01-01T00:00:00",
        "lat=31",
        "surface=a%20b",
        "at=0001-01-01T00:00:00%2B14:00",
        "at=9999-12-31T23:59:59-12:00",
        "at=2026-10-05T14:00:00-16:00",
    ],
)
def test_wrong_questions_are_problems(client, key, query: str) -> None:
    answer = client.get(f"/v1/residents/r0/suggestions?{query}", headers=key)
    assert answer.status_code == 422
    assert answer.json()["title"]


def test_nobody_and_somebody_else(client, key, token) -> None:
    assert client.get("/v1/residents/nobody/suggestions", headers=key).status_code == 404
    path = "/v1/residents/r0/suggestions"
    assert client.get(path, headers=token(Role.RESIDENT, "r0")).status_code == 200
    assert client.get(path, headers=token(Role.RESIDENT, "r1")).status_code == 403
    assert client.get(path).status_code == 401


def test_an_anonymous_caller_writes_no_impressions(client, key, service: Service) -> None:
    path = "/v1/places/310105001/suggestions?surface=screen"
    invented = {"Authorization": "Bearer invented"}
    for headers in ({}, invented, key):
        assert client.get(path, headers=headers).status_code == 200
    service.recorder.flush()
    with service.database.engine().connect() as connection:
        rows = connection.execute(sa.text("SELECT surface FROM impressions")).scalars().all()
    assert len(rows) == len(client.get(path).json()["suggestions"])
    assert {row.partition("@key-")[0] for row in rows} == {"screen"}


def test_what_is_put_up_is_recorded_with_its_chance(client, ask, service: Service) -> None:
    shown = ask("r0", n=5, surface="app-home")["suggestions"]
    ask("r0", n=5)
    service.recorder.flush()
    with service.database.engine().connect() as connection:
        rows = (
            connection.execute(sa.text("SELECT * FROM impressions ORDER BY position"))
            .mappings()
            .all()
        )
        readers = connection.execute(
            sa.text("SELECT DISTINCT role, action, resident_id FROM access_log")
        ).all()
    assert [(r["event_id"], r["propensity"]) for r in rows] == [
        (line["event_id"], line["propensity"]) for line in shown
    ]
    (shown_by,) = {r["surface"] for r in rows}
    assert shown_by.startswith("app-home@key-")  # whose key it was
    assert {r["resident_id"] for r in rows} == {"r0"}
    assert [tuple(row) for row in readers] == [("service", "suggestions", "r0")]


def test_without_the_database_lists_still_come(client, ask, key, service, monkeypatch) -> None:
    before = ask("r3")

    class Gone:
        def __getattr__(self, name: str):
            raise sa.exc.OperationalError("gone", {}, Exception("gone"))

    monkeypatch.setattr(service.database, "engine", Gone)
    monkeypatch.setattr(service.database, "store", Gone().__getattr__, raising=True)
    service.change_counter.increment()
    answer = client.get("/v1/residents/r3/suggestions", headers=key)
    assert answer.status_code == 200
    assert answer.headers["x-gongxu-degraded"] == "true"
    assert answer.json()["degraded"]
    assert answer.json()["suggestions"] == before["suggestions"]
    refused = client.post("/v1/ingest/areas", json={"rows": [{}]}, headers=key)
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_cached_and_fresh_lists_carry_the_same_headers(api_home: Path, running, key, token) -> None:
    origin = "https://app.test"
    options = ServiceSettings(local_issuer=ISSUER, rate_per_minute=0, cors_origins=[origin])
    service = Service(Settings(home=api_home), options)
    path = "/v1/residents/r4/suggestions"
    with running(create_app(service=service)) as client:
        fresh, cached = (
            client.get(path, params={"n": 5}, headers={**key, "Origin": origin}) for _ in range(2)
        )
        assert {**cached.json(), "at": ""} == {**fresh.json(), "at": ""}
        assert fresh.headers["access-control-allow-origin"] == origin
        assert cached.headers["access-control-allow-origin"] == origin
        assert set(cached.headers) == set(fresh.headers)
        # A cached list is still behind the route's authorisation.
        other = token(Role.RESIDENT, "r5")
        assert client.get("/v1/residents/r5/suggestions", headers=other).status_code == 200
        for _ in range(2):
            assert client.get(path, params={"n": 5}, headers=other).status_code == 403
