"""Every page of the console, every role, own and foreign streets and plans."""

import re

import httpx
import pytest
import sqlalchemy as sa

from serving.api.app import api_routes, create_app
from serving.api.service import Service
from serving.store_tables import plan_requests
from serving.web.route import PageRoute

OFFICERS, OPERATORS = {"officer", "district"}, {"operator"}
OPEN = {"GET /console/sign-in", "POST /console/sign-in"}
ALLOWED = {
    "GET /console": OFFICERS | OPERATORS,
    "POST /console/sign-out": OFFICERS | OPERATORS,
    "GET /console/models": OPERATORS,
    "GET /console/plans": OFFICERS,
    "POST /console/plans": OFFICERS,
    "GET /console/plans/{plan_id}": OFFICERS,
    "GET /console/plans/{plan_id}/{name}": OFFICERS,
    "POST /console/plans/{plan_id}/decisions": OFFICERS,
    "GET /console/streets": OFFICERS,
    "GET /console/streets/{code}": OFFICERS,
    "GET /console/streets/{code}/demand.csv": OFFICERS,
    "GET /console/streets/{code}/products/{product}": OFFICERS,
}
OWN = {"code": "310105001", "plan_id": "ask-310105001"}
FOREIGN = {"code": "310105002", "plan_id": "ask-310105002"}
REST = {"product": "p1", "street": "310105001", "line": "x-1", "supplier_id": "s1"}
REST |= {"name": "plan.csv", "product_id": "p1"}
USERS_OF_AREAS = ("officer",)


@pytest.fixture(scope="module")
def asked_plans(as_user, site_service: Service) -> None:
    with site_service.database.engine().begin() as connection:
        for street in ("310105001", "310105002"):
            connection.execute(
                plan_requests.insert().values(
                    request_id=f"ask-{street}",
                    asked_at=site_service.now(),
                    asked_by="o1",
                    asked={"period": "2026Q4", "buyer": street},
                    status="failed",
                    detail="a test",
                )
            )
        assert connection.execute(sa.select(sa.func.count(plan_requests.c.request_id))).scalar()


def console_pages(service: Service) -> set[str]:
    return {
        f"{method} {route.path}"
        for route in api_routes(create_app(service=service))
        if isinstance(route, PageRoute) and route.path.startswith("/console")
        for method in route.methods or ()
    }


def test_the_list_of_who_may_open_what_is_whole(site_service: Service) -> None:
    assert console_pages(site_service) == OPEN | set(ALLOWED)


def send(browser: httpx.Client, name: str, ids: dict[str, str]) -> httpx.Response:
    method, path = name.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda found: {**REST, **ids}[found[1]], path)
    sent = {}
    if method == "POST":
        # The right token, and nothing else: access is judged before what the form says.
        html = browser.get("/console").text if browser.cookies else ""
        found = re.search(r'name="form_token" value="([^"]+)"', html)
        sent = {"data": {"form_token": found[1] if found else ""}}
    return browser.request(method, path, **sent)


def test_every_page_against_every_user(site: httpx.Client, as_user, asked_plans) -> None:
    wrong = []
    order = sorted(ALLOWED, key=lambda name: name.endswith("sign-out"))
    for name in order:
        for ids in (FOREIGN, OWN):
            for user in ("officer", "district", "operator"):
                if name.endswith("sign-out") and ids is FOREIGN:
                    continue
                answer = send(as_user(user), name, ids)
                reserved = user in USERS_OF_AREAS and ("{code}" in name or "{plan_id}" in name)
                may = user in ALLOWED[name] and (ids is OWN or not reserved)
                status = answer.status_code
                fits = status != 403 and status < 500 if may else status == 403
                if not fits:
                    wrong.append((name, user, ids is OWN, status))
            nobody = send(site, name, ids)
            led_away = nobody.status_code == 303 or name.startswith("POST")
            if not led_away or nobody.status_code not in (303, 403):
                wrong.append((name, "nobody", ids is OWN, nobody.status_code))
    assert wrong == []
