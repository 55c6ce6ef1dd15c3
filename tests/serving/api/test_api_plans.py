"""Plans over HTTP: asked for, solved beside the service, fetched, questioned, decided."""

import time

import httpx
import pytest

from serving.auth.roles import Role

pytestmark = [pytest.mark.usefixtures("world"), pytest.mark.slow]

ASKED = {"period": "2026Q4", "buyer": "310105001", "budget_fen": 3_000_000}


@pytest.fixture
def officer(token) -> dict[str, str]:
    return token(Role.OFFICER, "o1", "310105001")


def fetched(client: httpx.Client, path: str, headers: dict[str, str]) -> httpx.Response:
    """The plan, when it is solved."""
    until = time.monotonic() + 200
    while time.monotonic() < until:
        answer = client.get(path, headers=headers)
        if answer.status_code != 202:
            return answer
        assert answer.json()["status"] == "solving"
        time.sleep(0.5)
    raise AssertionError("the plan is not solved")


def test_a_plan_from_the_question_to_the_decision(client: httpx.Client, officer, token) -> None:
    sent = {**officer, "Idempotency-Key": "plan-1"}
    made = client.post("/v1/plans", json=ASKED, headers=sent)
    assert made.status_code == 202, made.text
    path = made.json()["path"]
    assert made.headers["location"] == path
    again = client.post("/v1/plans", json=ASKED, headers=sent)
    assert again.json()["path"] == path
    assert again.headers["idempotency-replayed"] == "true"

    answer = fetched(client, path, officer)
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert plan["lines"]
    assert {line["buyer_code"] for line in plan["lines"]} == {"310105001"}
    assert sum(line["amount_fen"] for line in plan["lines"]) <= ASKED["budget_fen"]
    own = f"/v1/plans/{plan['plan_id']}"
    assert client.get(own, headers=officer).json() == plan
    other = token(Role.OFFICER, "o2", "310105002")
    assert client.get(own, headers=other).status_code == 403

    csv = client.get(f"{own}.csv", headers=officer)
    assert csv.headers["content-type"].startswith("text/csv")
    assert plan["lines"][0]["line_id"] in csv.content.decode("utf-8-sig")
    assert client.get(f"{own}.xlsx", headers=officer).content[:2] == b"PK"
    assert client.get(f"{own}.ocds.json", headers=officer).json()["releases"]

    line = plan["lines"][0]["line_id"]
    decision = {"decision": "accept", "reason": "residents asked for it", "no_conflict": True}
    where = f"{own}/lines/{line}/decision"
    assert client.post(where, json=decision, headers=other).status_code == 403
    undeclared = {**decision, "no_conflict": False}
    assert client.post(where, json=undeclared, headers=officer).status_code == 422
    done = client.post(where, json=decision, headers=officer)
    assert (done.status_code, done.json()["decision"]) == (200, "accept")
    missing = f"{own}/lines/{plan['plan_id']}-9999/decision"
    assert client.post(missing, json=decision, headers=officer).status_code == 404

    product = plan["lines"][0]["product_id"]
    held = client.get(f"{own}/why-not/{product}/310105001", headers=officer)
    assert (held.status_code, held.json()["possible"]) == (200, True)
    unknown = client.get(f"{own}/why-not/nothing/310105001", headers=officer)
    assert unknown.status_code == 409
    assert "nothing" in unknown.json()["detail"]
    less = client.post(f"{own}/what-if", json={"budget_fen": 1_000_000}, headers=officer)
    assert less.status_code == 200, less.text
    compared = less.json()
    assert compared["after"]["amount_fen"] <= 1_000_000
    assert compared["before"]["amount_fen"] == plan["summary"]["amount_fen"]
    assert sum(cell["sessions"] for cell in compared["changes"]) < 0


def test_what_cannot_be_planned_says_why(client: httpx.Client, officer) -> None:
    sent = {**ASKED, "rules": "[nonsense"}
    path = client.post("/v1/plans", json=sent, headers=officer).json()["path"]
    answer = fetched(client, path, officer)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert "No plan came of it" in answer.json()["detail"]


def test_an_officer_names_a_buyer_of_their_own(client: httpx.Client, officer) -> None:
    for asked in ({"period": "2026Q4"}, {**ASKED, "buyer": "310105002"}):
        assert client.post("/v1/plans", json=asked, headers=officer).status_code == 403
    assert client.get("/v1/plans/never-was", headers=officer).status_code == 404


def test_scorecards_and_indices(client: httpx.Client, token) -> None:
    district = token(Role.DISTRICT, "d1")
    card = client.get("/v1/suppliers/s1/scorecard", headers=district).json()
    assert card["name"] == "团体1"
    assert card["sessions_held"] == 45  # past events of the products with odd numbers
    assert card["attendances"] > 0
    assert card["no_show_rate"] == 0
    assert card["ratings"] is None
    assert client.get("/v1/suppliers/none/scorecard", headers=district).status_code == 404
    found = client.get("/v1/indices?period=2026Q4", headers=district)
    assert found.status_code == 200, found.text
    names = {row["index"] for row in found.json()["items"]}
    assert {"seat_fill", "no_show_rate", "evenness"} & names
    assert client.get("/v1/indices?period=soon", headers=district).status_code == 422
