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
IMPORTERS, COUNTERS = {"district", "operator"}, {"district", "counter"}
OPEN = {"GET /console/sign-in", "POST /console/sign-in"}
ALLOWED = {
    "GET /console": OFFICERS | OPERATORS | {"counter"},
    "POST /console/sign-out": OFFICERS | OPERATORS | {"counter"},
    "GET /console/counter": COUNTERS,
    "GET /console/counter/{event_id}": COUNTERS,
    "POST /console/counter/{event_id}/book": COUNTERS,
    "POST /console/counter/{event_id}/cancel": COUNTERS,
    "GET /console/models": OPERATORS,
    "POST /console/models/{version}/promote": OPERATORS,
    "POST /console/models/rollback": OPERATORS,
    "GET /console/operations": OPERATORS,
    "GET /console/accounts": OPERATORS,
    "POST /console/accounts/users": OPERATORS,
    "POST /console/accounts/users/{username}/disable": OPERATORS,
    "POST /console/accounts/keys": OPERATORS,
    "POST /console/accounts/keys/{key_id}/revoke": OPERATORS,
    "GET /console/imports": IMPORTERS,
    "GET /console/imports/template.xlsx": IMPORTERS,
    "POST /console/imports": IMPORTERS,
    "POST /console/imports/{upload}/keep": IMPORTERS,
    "GET /console/imports/{upload}/quarantine.csv": IMPORTERS,
    "GET /console/catalogue": OFFICERS,
    "GET /console/catalogue/products/{product_id}": OFFICERS,
    "GET /console/catalogue/suppliers/{supplier_id}": OFFICERS,
    "GET /console/orders": OFFICERS,
    "POST /console/orders/{order_id}/advance": OFFICERS,
    "GET /console/requests": OFFICERS,
    "POST /console/requests/answer": OFFICERS,
    "POST /console/requests/surveys": OFFICERS,
    "GET /console/plans/{plan_id}/audit": OFFICERS,
    "POST /console/plans/{plan_id}/cancel": OFFICERS,
    "POST /console/plans/{plan_id}/retry": OFFICERS,
    "GET /console/plans/{plan_id}/draft": OFFICERS,
    "POST /console/plans/{plan_id}/draft": OFFICERS,
    "POST /console/plans/{plan_id}/again": OFFICERS,
    "GET /console/plans/{plan_id}/weigh": OFFICERS,
    "GET /console/plans/{plan_id}/compare": OFFICERS,
    "POST /console/plans/{plan_id}/stages": OFFICERS,
    "GET /console/plans/{plan_id}/what-if": OFFICERS,
    "GET /console/plans/{plan_id}/why-not": OFFICERS,
    "GET /console/plans": OFFICERS,
    "POST /console/plans": OFFICERS,
    "GET /console/plans/{plan_id}": OFFICERS,
    "GET /console/plans/{plan_id}/{name}": OFFICERS,
    "POST /console/plans/{plan_id}/decisions": OFFICERS,
    "POST /console/plans/{plan_id}/workbook": OFFICERS,
    "GET /console/streets": OFFICERS,
    "GET /console/streets/{code}": OFFICERS,
    "GET /console/streets/{code}/demand.csv": OFFICERS,
    "GET /console/streets/{code}/products/{product}": OFFICERS,
}
OWN = {"code": "310105001", "plan_id": "ask-310105001", "order_id": "o-310105001"}
FOREIGN = {"code": "310105002", "plan_id": "ask-310105002", "order_id": "o-310105002"}
REST = {"product": "p1", "street": "310105001", "line": "x-1", "supplier_id": "s1"}
REST |= {"name": "plan.csv", "product_id": "p1", "version": "none", "username": "nobody"}
REST |= {"key_id": "key-none", "upload": "0" * 32, "event_id": "u1"}
USERS_OF_AREAS = ("officer",)
OF_AREAS = re.compile(r"\{(code|plan_id|order_id)\}|requests/(answer|surveys)")


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
            connection.execute(
                sa.text(
                    "INSERT INTO orders (order_id, buyer_code, product_id, sessions, status)"
                    " VALUES (:order, :street, 'p1', 1, 'accepted')"
                ),
                {"order": f"o-{street}", "street": street},
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
        # The right token and an area: access is judged before what else the form says.
        html = browser.get("/console", follow_redirects=True).text if browser.cookies else ""
        found = re.search(r'name="form_token" value="([^"]+)"', html)
        sent = {"data": {"form_token": found[1] if found else "", "area": ids["code"]}}
    return browser.request(method, path, **sent)


def test_every_page_against_every_user(site: httpx.Client, as_user, asked_plans) -> None:
    wrong = []
    order = sorted(ALLOWED, key=lambda name: name.endswith("sign-out"))
    for name in order:
        for ids in (FOREIGN, OWN):
            for user in ("officer", "district", "counter", "operator"):
                if name.endswith("sign-out") and ids is FOREIGN:
                    continue
                answer = send(as_user(user), name, ids)
                reserved = user in USERS_OF_AREAS and OF_AREAS.search(name) is not None
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
