"""Problem documents, headers, limits, metrics, the reference."""

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from serving.api.app import api_routes, create_app
from serving.api.service import Service
from serving.auth.keys import add_key
from serving.auth.roles import Role
from serving.pages.settings import settings_page


@pytest.fixture
def nothing_served(service: Service) -> None:
    with service.database.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM served_model"))


def test_alive_and_not_ready_without_a_model(nothing_served, client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "Not ready: model."
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("PUT", "/healthz", 405), ("POST", "/v1/sessions", 422)],
)
def test_every_error_is_a_problem_document(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["instance"]) == (status, path)
    assert body["request_id"] == answer.headers["x-request-id"]
    assert bool(body["errors"]) == (status == 422)


@pytest.mark.parametrize("body", [b"{", b"\xb8\x10\xe7", b""])
def test_a_body_that_is_not_json_is_400_and_documented(client: httpx.Client, body: bytes) -> None:
    sent = {"Content-Type": "application/json"}
    answer = client.post("/v1/sessions", content=body, headers=sent)
    assert answer.status_code == (400 if body else 422)
    if body:
        assert answer.json()["detail"] == "The body is not JSON."
    document = client.get("/openapi.json").json()["paths"]["/v1/sessions"]["post"]
    assert str(answer.status_code) in document["responses"]


def test_a_wrong_password_is_not_repeated_in_the_answer(client: httpx.Client) -> None:
    sent = {"username": "x", "password": ["secret-word"]}
    assert "secret-word" not in client.post("/v1/sessions", json=sent).text


def test_request_ids_are_kept_or_made(client: httpx.Client) -> None:
    kept = client.get("/healthz", headers={"X-Request-Id": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    forged = client.get("/healthz", headers={"X-Request-Id": "a b;c"})
    assert re.fullmatch("[0-9a-f]{16}", forged.headers["x-request-id"])


def test_security_headers_are_on_everything(client: httpx.Client) -> None:
    for path in ("/healthz", "/nowhere", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers
    preflight = client.options(
        "/healthz", headers={"Origin": "http://a.test", "Access-Control-Request-Method": "GET"}
    )
    assert "access-control-allow-origin" not in preflight.headers


def test_bodies_have_a_limit(client: httpx.Client, service: Service) -> None:
    too_long = b"x" * (int(service.options.body_max_mb * 1_000_000) + 1)
    answer = client.post("/v1/sessions", content=too_long)
    assert answer.status_code == 413
    assert answer.json()["title"] == "Content Too Large"

    def pieces():
        yield from (too_long[:4_000_000] for _ in range(5))

    assert client.post("/v1/sessions", content=pieces()).status_code == 413


def test_a_body_is_as_long_as_its_caller_may_send(client: httpx.Client, service, token) -> None:
    made = add_key(
        service.database.engine(),
        "feed",
        role=Role.SERVICE,
        scopes=["ingest"],
        now=datetime.now(tz=UTC),
    )

    def send(size: int, headers: dict[str, str]) -> int:
        def pieces():
            yield from (b" " * 50_000 for _ in range(size // 50_000))

        answer = client.post("/v1/ingest/areas", content=pieces(), headers=headers)
        return answer.status_code

    nobody, invented = {}, {"Authorization": "Bearer invented"}
    person, feed = token(Role.DISTRICT), {"X-API-Key": made.secret}
    assert [send(50_000, who) for who in (nobody, invented)] == [401, 401]
    assert [send(100_000, who) for who in (nobody, invented)] == [413, 413]
    assert [send(size, person) for size in (900_000, 1_100_000)] == [403, 413]
    # Blanks are no JSON: the body was taken in whole.
    assert [send(size, feed) for size in (1_100_000, 15_000_000, 17_000_000)] == [400, 400, 413]


def test_metrics_are_for_operators(client: httpx.Client, token) -> None:
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=token(Role.OFFICER, "o", "1")).status_code == 403
    client.get("/nowhere")
    shown = client.get("/metrics", headers=token(Role.OPERATOR)).text
    assert 'gongxu_http_requests_total{method="GET",route="/metrics",status="403"} 1.0' in shown
    assert 'route="none",status="404"' in shown


def test_the_reference_names_every_route_and_loads_nothing(
    client: httpx.Client, app: FastAPI
) -> None:
    page = client.get("/docs").text
    document = client.get("/openapi.json").json()
    assert "<script" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    for path in document["paths"]:
        assert path in page
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            assert "422" not in operation["responses"] or (
                "application/problem+json" in operation["responses"]["422"]["content"]
            )
    documented = set(document["paths"])
    served = {route.path for route in api_routes(app) if route.include_in_schema}
    assert documented == served


def test_the_settings_page_is_what_the_code_says() -> None:
    page = Path(__file__).parents[4] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_page(), (
        "run: python -m serving.pages.settings > docs/settings.md"
    )


def test_an_unexpected_error_is_a_problem_document(
    service: Service, running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "model_version", broken)
    with running(create_app(service=service)) as client:
        answer = client.get("/v1/ranking")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert client.get("/healthz").status_code == 200
