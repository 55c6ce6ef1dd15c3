"""Rows sent in: verdicts, order, repeats, erasure, rubbish."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.api.service import Service
from serving.auth.keys import add_key
from serving.auth.roles import Role
from serving.store_tables import live_changes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
WORLD = {
    "areas": [{"area_code": "310105", "name": "长宁区", "level": "district"}],
    "products": [{"product_id": "p1", "title": "Tea", "category": "lecture", "tags": ["a", "b"]}],
    "events": [{"event_id": "e1", "product_id": "p1", "starts_at": "2027-01-01T10:00:00+08:00"}],
    "residents": [{"resident_id": "r1", "area_code": "310105"}, {"resident_id": "r2"}],
}


@pytest.fixture
def key(service: Service) -> dict[str, str]:
    made = add_key(service.database.engine(), "app", role=Role.SERVICE, scopes=["ingest"], now=NOW)
    return {"X-API-Key": made.secret}


@pytest.fixture
def engine(service: Service) -> sa.Engine:
    engine = service.database.engine()
    with engine.begin() as connection:
        for name in ("bookings", "residents", "events", "products", "areas", "erasures"):
            connection.execute(sa.text(f"DELETE FROM {name}"))
    return engine


@pytest.fixture
def send(client: httpx.Client, key: dict[str, str], engine: sa.Engine):
    def post(table: str, rows: object, **headers: str) -> httpx.Response:
        return client.post(f"/v1/ingest/{table}", json={"rows": rows}, headers={**key, **headers})

    for table, rows in WORLD.items():
        assert post(table, rows).json()["new"] == len(rows)
    return post


def booking(status: str = "booked", minute: int = 0, **more: object) -> dict[str, object]:
    return {
        "booking_id": "b1",
        "resident_id": "r1",
        "event_id": "e1",
        "booked_at": "2026-10-01T09:00:00+08:00",
        "status": status,
        "updated_at": f"2026-10-01T09:{minute:02}:00+08:00",
        **more,
    }


def held(engine: sa.Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        return [dict(r) for r in connection.execute(sa.text("SELECT * FROM bookings")).mappings()]


def words(answer: httpx.Response) -> list[str]:
    return [row["verdict"] for row in answer.json()["rows"]]


def test_every_row_gets_its_verdict(send, engine: sa.Engine) -> None:
    answer = send(
        "bookings",
        [
            booking(seats=2),
            booking(booking_id="b2", event_id="nowhere"),
            booking(booking_id="b3", resident_id="13800138000"),
            booking(booking_id="b4", status="perhaps"),
            booking(booking_id="b5", face_template="abc"),
            "not an object",
            booking(seats=2),
            {"booking_id": "b6"},
        ],
    )
    assert answer.status_code == 200
    body = answer.json()
    assert words(answer) == ["same", "bad", "bad", "bad", "bad", "bad", "new", "bad"]
    assert body["received"] == body["new"] + body["changed"] + body["same"] + body["bad"] == 8
    reasons = [(row["column"], row["reason"]) for row in body["rows"]]
    assert reasons[1] == ("event_id", "is not in events")
    assert reasons[2] == ("resident_id", "is a phone number, not a pseudonym")
    assert reasons[4] == ("face_template", "is not a column of bookings")
    assert reasons[7][1].startswith("is empty")
    assert [row["seats"] for row in held(engine)] == [2]
    assert "13800138000" not in answer.text


def test_the_same_rows_again_change_nothing(send, engine: sa.Engine) -> None:
    assert words(send("bookings", [booking()])) == ["new"]
    before = held(engine)
    assert words(send("bookings", [booking()])) == ["same"]
    assert held(engine) == before


STATES = [booking("booked", 0), booking("waitlisted", 1), booking("cancelled", 2)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_states_in_any_order_end_in_the_newest(send, engine: sa.Engine, order) -> None:
    for position in order:
        send("bookings", [STATES[position]])
    assert [row["status"] for row in held(engine)] == ["cancelled"]


def test_many_at_once_end_in_the_newest(send, engine: sa.Engine) -> None:
    states = [booking("booked", n) for n in range(20)] + [booking("attended", 30)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda state: send("bookings", [state]), states))
    for answer, state in zip(answers, states, strict=True):
        while answer.status_code == 503:
            assert answer.headers["retry-after"] == "1"
            answer = send("bookings", [state])
    assert [row["status"] for row in held(engine)] == ["attended"]


def test_a_column_left_out_keeps_what_is_held(send, engine: sa.Engine) -> None:
    send("bookings", [booking(seats=3)])
    assert words(send("bookings", [booking("cancelled", 5)])) == ["changed"]
    (row,) = held(engine)
    assert (row["seats"], row["status"]) == (3, "cancelled")


def test_lists_come_as_arrays(send, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT tags FROM products")).scalar_one() == "a;b"


def test_periods_and_targets_are_judged_as_in_files(send, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM follows"))
        connection.execute(sa.text("DELETE FROM budgets"))
    periods = ["2027 Q1", "2027Q5", "2027年第二季度"]
    rows = [{"buyer_code": "310105", "period": p, "amount_fen": 10} for p in periods]
    told = send("budgets", rows).json()["rows"]
    assert [row["verdict"] for row in told] == ["new", "bad", "new"]
    assert [row["verdict"] for row in send("budgets", rows).json()["rows"]] == [
        "same",
        "bad",
        "same",
    ]
    wishes = [("product", "p1"), ("product", "p9"), ("category", "表演"), ("venue", "v9")]
    rows = [{"resident_id": "r1", "target_kind": kind, "target": target} for kind, target in wishes]
    told = send("follows", rows).json()["rows"]
    assert [row["verdict"] for row in told] == ["new", "bad", "bad", "bad"]


def test_a_key_makes_a_request_happen_once(send, engine: sa.Engine) -> None:
    first = send("bookings", [booking()], **{"Idempotency-Key": "k1"})
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM bookings"))
    again = send("bookings", [booking()], **{"Idempotency-Key": "k1"})
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert held(engine) == []
    other = send("bookings", [booking("cancelled")], **{"Idempotency-Key": "k1"})
    assert other.status_code == 422
    assert send("bookings", [booking()], **{"Idempotency-Key": "a b"}).status_code == 422


def test_the_erased_do_not_come_back(send, engine: sa.Engine, service: Service) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM residents WHERE resident_id = 'r1'"))
        service.erasures.store(connection, [service.erasures.digest("r1")], now=NOW)
    answer = send("residents", [{"resident_id": "r1"}, {"resident_id": "r3"}])
    assert words(answer) == ["bad", "new"]
    assert words(send("bookings", [booking()])) == ["bad"]


def test_changes_are_noted_for_everybody(send, engine: sa.Engine, service: Service) -> None:
    before = service.change_counter.count()
    send("bookings", [booking()])
    assert service.change_counter.count() > before
    with engine.connect() as connection:
        last = connection.execute(
            sa.select(live_changes).order_by(live_changes.c.entry.desc()).limit(1)
        ).one()
    assert (last.kind, last.resident_id, last.event_id) == ("bookings", "r1", "e1")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"rows": [NaN]}', 400),
        (b'{"rows": "\\ud800"}', 400),
        (b'{"rows": 3}', 422),
        (b'{"rows": []}', 422),
        (b"[" * 5000, 400),
        (b'{"rows": [' + b"1," * 10_000 + b"1]}", 422),
    ],
)
def test_bodies_that_are_none(client: httpx.Client, key, body: bytes, status: int) -> None:
    answer = client.post("/v1/ingest/bookings", content=body, headers=key)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("depth", [260, 900, 1000])
def test_a_value_that_is_nested_deeply_is_422(send, client: httpx.Client, key, depth) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        value = opening * depth + "1" + closing * depth
        body = f'{{"rows": [{{"resident_id": "r1", "area_code": {value}}}]}}'
        answer = client.post("/v1/ingest/residents", content=body, headers=key)
        assert answer.status_code == 422, answer.text


def test_an_import_is_shown_within_seconds(world, client, api_home: Path, tmp_path: Path) -> None:
    assert client.get("/v1/events/imported/similar").status_code == 404
    starts = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    row = f"imported,p1,v1,{starts},2026-01-01T00:00:00Z,20"
    rows = f"event_id,product_id,venue_id,starts_at,published_at,seats\n{row}\n"
    (tmp_path / "events.csv").write_text(rows, "utf-8")
    environment = {**os.environ, "GONGXU_HOME": str(api_home)}
    command = [sys.executable, "-m", "serving.cli", "import", str(tmp_path)]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    until = time.monotonic() + 20  # of thirty seconds between two snapshots
    while client.get("/v1/events/imported/similar").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_only_tables_of_the_contract_and_only_keys_for_it(client: httpx.Client, key, token) -> None:
    assert client.post("/v1/ingest/api_keys", json={"rows": [{}]}, headers=key).status_code == 422
    for role in (Role.RESIDENT, Role.OFFICER, Role.DISTRICT, Role.OPERATOR):
        answer = client.post("/v1/ingest/areas", json={"rows": [{}]}, headers=token(role, "r1"))
        assert answer.status_code == 403
    assert client.post("/v1/ingest/areas", json={"rows": [{}]}).status_code == 401


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70).filter(lambda n: -(2**63) <= n < 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["b1", "r1", "r2", "e1", "booked", "2026-10-01T09:00:00Z", "\x00", "a'b"]),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=1),
)
rows = st.lists(
    st.dictionaries(
        st.sampled_from(
            ["booking_id", "resident_id", "event_id", "booked_at", "status", "seats", "updated_at"]
        ),
        scalars,
        max_size=7,
    ),
    min_size=1,
    max_size=6,
)


@given(sent=rows)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_good_rows_in_and_bad_rows_named(send, sent) -> None:
    answer = send("bookings", [*sent, booking("attended", 59, booking_id="good")])
    assert answer.status_code == 200
    body = answer.json()
    assert len(body["rows"]) == len(sent) + 1
    assert body["rows"][-1]["verdict"] in ("new", "same")
    assert all(row["reason"] for row in body["rows"] if row["verdict"] == "bad")
