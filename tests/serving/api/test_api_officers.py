"""Demand, models: what officers and operators see."""

import httpx
import pytest

from serving.auth.roles import Role

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def officer(token) -> dict[str, str]:
    return token(Role.OFFICER, "o1", "310105")


def test_demand_comes_page_by_page(client: httpx.Client, officer) -> None:
    path = "/v1/streets/310105001/demand?period=2026Q4"
    whole = client.get(path, headers=officer).json()
    assert len(whole["items"]) == 9
    assert whole["next"] is None
    assert {row["street_code"] for row in whole["items"]} == {"310105001"}
    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{path}&limit=4{cursor}", headers=officer).json()
        pages += page["items"]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert pages == whole["items"]
    for row in whole["items"]:
        assert row["suppressed"] == (row["expected"] is None)
    films = client.get(f"{path}&category=lecture", headers=officer).json()
    assert {row["category"] for row in films["items"]} == {"lecture"}
    named = "/v1/streets/华阳路街道/demand?period=2026Q4&category=讲座"
    assert client.get(named, headers=officer).json() == films


def test_a_street_is_named_only_by_its_officers(client: httpx.Client, token) -> None:
    officer = token(Role.OFFICER, "o2", "310105002")
    for street, status in (("江苏路街道", 200), ("华阳路街道", 403), ("街道", 403)):
        path = f"/v1/streets/{street}/demand?period=2026Q4"
        assert client.get(path, headers=officer).status_code == status, street
    assert client.get("/v1/streets/无此街/demand?period=2026Q4", headers=officer).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/streets/310105001/demand", 422),
        ("/v1/streets/310105001/demand?period=soon", 422),
        ("/v1/streets/310105001/demand?period=2026Q4&category=opera", 422),
        ("/v1/streets/310105001/demand?period=2026Q4&cursor=x", 422),
        ("/v1/streets/310105001/demand?period=2026Q4&cursor=%C3%A9", 422),
        ("/v1/streets/310105/demand?period=2026Q4", 404),
    ],
)
def test_wrong_questions_about_demand(client, officer, path, status) -> None:
    assert client.get(path, headers=officer).status_code == status


def test_models_are_switched_and_switched_back(client: httpx.Client, token) -> None:
    operator = token(Role.OPERATOR, "op1")

    def serving() -> str:
        return client.get("/v1/places/v1/suggestions").json()["model_version"]

    listed = client.get("/v1/models", headers=operator).json()["items"]
    assert {model["version"] for model in listed} == {"m1", "m2"}
    assert serving() == "m1"
    done = client.post("/v1/models/m2/promote", json={"reason": "a try"}, headers=operator)
    assert (done.status_code, done.json()["version"]) == (200, "m2")
    assert serving() == "m2"
    assert client.get("/readyz").json()["model"] == "m2"
    assert client.post("/v1/models/m9/promote", headers=operator).status_code == 404
    assert client.post("/v1/models/rollback", headers=operator).json()["version"] == "m1"
    assert serving() == "m1"
    assert client.post("/v1/models/rollback", headers=operator).status_code == 409
