"""Every route, every role, own and foreign resources: nothing is open that should not be."""

import re
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from serving.api.app import api_routes
from serving.api.service import Service
from serving.auth.keys import add_key
from serving.auth.roles import Role
from serving.store_tables import plan_requests
from serving.web.route import PageRoute

pytestmark = pytest.mark.usefixtures("world")

OPEN = {
    "GET /healthz",
    "GET /readyz",
    "GET /docs",
    "GET /.well-known/openid-configuration",
    "GET /.well-known/jwks.json",
    "POST /v1/sessions",
    "GET /v1/places/{area_or_venue}/suggestions",
    "GET /v1/events/{event_id}/similar",
    "GET /v1/events/{event_id}",
    "GET /v1/ranking",
    "GET /v1/residents/{resident_id}/calendar.ics",  # asks for its own token
}
CONSOLE = {Role.OFFICER, Role.DISTRICT, Role.COUNTER, Role.OPERATOR}
OFFICERS = {Role.OFFICER, Role.DISTRICT}
ALLOWED = {
    "GET /metrics": {Role.OPERATOR},
    "DELETE /v1/sessions/current": CONSOLE,
    "POST /v1/ingest/{table}": {Role.SERVICE},
    "GET /v1/residents/{resident_id}/suggestions": {Role.RESIDENT, Role.SERVICE},
    "GET /v1/residents/{resident_id}/preferences": {Role.RESIDENT},
    "PUT /v1/residents/{resident_id}/preferences": {Role.RESIDENT},
    "GET /v1/residents/{resident_id}/export": {Role.RESIDENT},
    "POST /v1/residents/{resident_id}/calendar-token": {Role.RESIDENT},
    "DELETE /v1/residents/{resident_id}/calendar-token": {Role.RESIDENT},
    "DELETE /v1/residents/{resident_id}": {Role.RESIDENT},
    "GET /v1/streets/{code}/demand": {Role.OFFICER, Role.DISTRICT},
    "POST /v1/plans": OFFICERS,
    "GET /v1/plans/{plan_id}": OFFICERS,
    "POST /v1/plans/{plan_id}/what-if": OFFICERS,
    "GET /v1/plans/{plan_id}/why-not/{product}/{street}": OFFICERS,
    "POST /v1/plans/{plan_id}/lines/{line}/decision": OFFICERS,
    "POST /v1/plans/{plan_id}/decisions": OFFICERS,
    "GET /v1/orders": OFFICERS,
    "POST /v1/orders/{order_id}/status": OFFICERS,
    "GET /v1/suppliers/{supplier_id}/scorecard": OFFICERS,
    "GET /v1/indices": OFFICERS,
    "GET /v1/models": {Role.OPERATOR},
    "POST /v1/models/{version}/promote": {Role.OPERATOR},
    "POST /v1/models/rollback": {Role.OPERATOR},
}
OWN = {"resident_id": "r1", "code": "310105001", "plan_id": "ask-310105001"}
FOREIGN = {"resident_id": "r2", "code": "310105002", "plan_id": "ask-310105002"}
REST = {"product": "p1", "street": "310105001", "line": "x-1", "supplier_id": "s1"}
REST |= {
    "order_id": "o-1",
    "table": "areas",
    "version": "m1",
    "area_or_venue": "v1",
    "event_id": "u1",
}


def named(app: FastAPI) -> list[str]:
    """Routes for programs; those for browsers are in tests/serving/web/test_page_access.py."""
    return [
        f"{method} {route.path}"
        for route in api_routes(app)
        for method in route.methods or ()
        if not isinstance(route, PageRoute) and not route.path.startswith("/static")
    ]


def test_the_list_of_who_may_what_is_whole(app: FastAPI) -> None:
    assert set(named(app)) == OPEN | set(ALLOWED)
    assert len(named(app)) == len(set(named(app)))


@pytest.fixture
def callers(world, service: Service, token) -> dict[Role | str, dict[str, str]]:
    engine, now = service.database.engine(), datetime.now(tz=UTC)
    with engine.begin() as connection:
        for street in ("310105001", "310105002"):
            connection.execute(
                plan_requests.insert().values(
                    request_id=f"ask-{street}",
                    asked_at=now,
                    asked_by="o1",
                    asked={"period": "2026Q4", "buyer": street},
                    status="failed",
                    detail="a test",
                )
            )
    scoped = {
        scope: add_key(engine, scope, role=Role.SERVICE, scopes=[scope], now=now).secret
        for scope in ("ingest", "suggestions")
    }
    return {
        Role.RESIDENT: token(Role.RESIDENT, "r1"),
        Role.OFFICER: token(Role.OFFICER, "o1", "310105001"),
        Role.DISTRICT: token(Role.DISTRICT, "d1"),
        Role.OPERATOR: token(Role.OPERATOR, "op1"),
        "ingest": {"X-API-Key": scoped["ingest"]},
        "suggestions": {"X-API-Key": scoped["suggestions"]},
        "nobody": {},
        "forged": {"Authorization": "Bearer gxk_" + "A" * 43},
        "basic": {"Authorization": "Basic b3A6b3A="},
    }


def asked(client: httpx.Client, name: str, ids: dict[str, str], headers) -> int:
    method, path = name.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda m: {**REST, **ids}[m[1]], path)
    if path.endswith("demand"):
        path += "?period=2026Q4"
    # An empty body is refused only after the caller was let in.
    body = {"content": b"\x00"} if method in ("POST", "PUT") else {}
    return client.request(method, path, headers=headers, **body).status_code


def test_every_route_against_every_caller(client: httpx.Client, callers) -> None:
    wrong = []
    # What deletes comes last, the resident last of all.
    order = sorted(ALLOWED, key=lambda name: (name.startswith("DELETE"), name == "DELETE /v1/r"))
    order.sort(key=lambda name: name == "DELETE /v1/residents/{resident_id}")
    for name in order:
        for ids in (FOREIGN, OWN):
            for caller, headers in callers.items():
                may = _may(name, caller, own=ids is OWN)
                status = asked(client, name, ids, headers)
                if caller in ("nobody", "forged", "basic"):
                    fits = status == 401
                elif may:
                    fits = status not in (401, 403) and status < 500
                else:
                    fits = status == 403
                if not fits:
                    wrong.append((name, str(caller), ids is OWN, status))
    assert wrong == []


def _may(name: str, caller: Role | str, *, own: bool) -> bool:
    if caller in ("ingest", "suggestions"):
        return Role.SERVICE in ALLOWED[name] and caller in name
    if caller not in ALLOWED[name]:
        return False
    reserved = caller is Role.RESIDENT or (
        caller is Role.OFFICER and ("{code}" in name or "{plan_id}" in name)
    )
    return own or not reserved


def test_open_routes_give_nothing_of_a_person_away(client: httpx.Client) -> None:
    for name in sorted(OPEN):
        method, path = name.split(" ")
        path = re.sub(r"\{(\w+)\}", lambda m: {**REST, **OWN}[m[1]], path)
        answer = client.request(method, path)
        assert answer.status_code < 500 or path == "/readyz", name
        assert '"r1"' not in answer.text, name
