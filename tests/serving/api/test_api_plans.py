"""Plans over HTTP: asked for, solved beside the service, fetched, questioned, decided."""

import time
from datetime import UTC, datetime, timedelta
from io import BytesIO

import httpx
import openpyxl
import pytest

from data.store.decisions import keep_plan
from serving.api.service import Service
from serving.auth.roles import Role
from serving.planning.document import COLUMNS
from serving.planning.kept_plans import ENDINGS
from serving.planning.progress import SOLVING
from serving.store_tables import plan_requests

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


def test_a_plan_is_solved_fetched_and_questioned(client: httpx.Client, officer, token) -> None:
    sent = {**officer, "Idempotency-Key": "plan-1"}
    named = {"period": "2026Q4", "buyer": "华阳路街道", "budget_yuan": 30_000}
    made = client.post("/v1/plans", json=named, headers=sent)
    assert made.status_code == 202, made.text
    path = made.json()["path"]
    assert made.headers["location"] == path
    again = client.post("/v1/plans", json=named, headers=sent)
    assert again.json()["path"] == path
    assert again.headers["idempotency-replayed"] == "true"

    answer = fetched(client, path, officer)
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert sum(line["amount_fen"] for line in plan["lines"]) <= ASKED["budget_fen"]
    own = f"/v1/plans/{plan['plan_id']}"
    assert client.get(own, headers=officer).json() == plan
    assert client.get(own, headers=token(Role.OFFICER, "o2", "310105002")).status_code == 403

    assert plan["summary"]["budget_fen"] == ASKED["budget_fen"]
    asked = client.get(f"{own}/why-not/lecture 1/华阳路街道", headers=officer, timeout=250)
    assert asked.status_code == 200, asked.text
    assert asked.json()["reasons"]
    assert asked.json()["planned"] == ("p1" in {line["product_id"] for line in plan["lines"]})
    unknown = client.get(f"{own}/why-not/nothing/310105001", headers=officer, timeout=250)
    assert unknown.status_code == 404
    assert "nothing" in unknown.json()["detail"]
    change = {"budget_fen": 1_000_000}
    less = client.post(f"{own}/what-if", json=change, headers=officer, timeout=250)
    assert less.status_code == 200, less.text
    assert less.json()["after"]["amount_fen"] <= 1_000_000
    assert less.json()["before"]["amount_fen"] == plan["summary"]["amount_fen"]
    difference = sum(cell["change"] for cell in less.json()["changes"])
    assert difference == less.json()["after"]["sessions"] - less.json()["before"]["sessions"]


@pytest.fixture
def kept(service: Service) -> str:
    """A plan of one line, as the command keeps it."""
    name = "PLAN-2026Q4-0123456789ab"
    line = dict.fromkeys(COLUMNS)
    line |= {"line_id": f"{name}-0001", "plan_id": name, "buyer_code": "310105001"}
    line |= {"street_code": "310105001", "product_id": "p1", "supplier_id": "s1", "sessions": 2}
    line |= {"amount_fen": 1_000_000, "expected": 60.0, "low": 40.0, "high": 80.0, "months": ""}
    line |= {"price_fen": 500_000, "title": "讲座", "new": False, "reasons": ["近", "新"]}
    line |= {"marginal_fen_per_attendance": 1.0, "category": "lecture", "warnings": []}
    line |= {"evidence_bookings": 10, "evidence_surveys": 0, "venue_id": "v1"}
    line |= {
        "buyer": "华阳路街道",
        "street": "华阳路街道",
        "supplier": "团体1",
        "venue": "文化中心1",
    }
    summary = dict.fromkeys(("budget_fen", "amount_fen", "sessions", "products", "suppliers"), 2)
    summary |= {"streets": 1, "expected": 60.0, "low": 40.0, "high": 80.0, "gini": 0.1, "gap": 0}
    summary |= {"status": "optimal", "method": "milp", "fen_per_attendance": 1.0}
    document = {
        "plan_id": name,
        "period": "2026Q4",
        "model_version": "m1",
        "data_date": "2026-09-30T00:00:00+00:00",
        "summary": summary | {"new_products_share": 0.0},
        "warnings": [],
        "rules": [],
        "stages": [],
        "left_out": {},
        "lines": [line],
    }
    with service.database.engine().begin() as connection:
        keep_plan(connection, document, made_by="o1", now=datetime.now(tz=UTC))
    return name


def test_a_kept_plan_comes_as_a_file(client: httpx.Client, officer, kept: str) -> None:
    csv = client.get(f"/v1/plans/{kept}.csv", headers=officer)
    assert csv.headers["content-type"].startswith("text/csv")
    assert f"{kept}-0001" in csv.content.decode("utf-8-sig")
    assert client.get(f"/v1/plans/{kept}.xlsx", headers=officer).content[:2] == b"PK"
    assert client.get(f"/v1/plans/{kept}.ocds.json", headers=officer).json()["releases"]
    change = {"budget_fen": 1_000_000}
    # What it rests on is not kept: the command made it.
    assert client.post(f"/v1/plans/{kept}/what-if", json=change, headers=officer).status_code == 409
    assert client.post(f"/v1/plans/{kept}/what-if", json={}, headers=officer).status_code == 422


def test_a_line_is_decided_with_a_reason(client: httpx.Client, officer, token, kept: str) -> None:
    where = f"/v1/plans/{kept}/lines/{kept}-0001/decision"
    decision = {"decision": "accept", "reason": "residents asked for it", "no_conflict": True}
    other = token(Role.OFFICER, "o2", "310105002")
    assert client.post(where, json=decision, headers=other).status_code == 403
    for wrong in ({"no_conflict": False}, {"reason": " "}, {"decision": "change"}):
        assert client.post(where, json={**decision, **wrong}, headers=officer).status_code == 422
    sent = {**officer, "Idempotency-Key": "decision-1"}
    done = [client.post(where, json=decision, headers=sent) for _ in range(2)]
    assert {answer.status_code for answer in done} == {200}
    assert done[0].json() == done[1].json() == {"order_id": f"{kept}-0001", "decision": "accept"}
    missing = f"/v1/plans/{kept}/lines/{kept}-9999/decision"
    assert client.post(missing, json=decision, headers=officer).status_code == 404


def test_a_workbook_is_read_back_and_the_same_twice_changes_nothing(
    client: httpx.Client, officer, token, kept: str
) -> None:
    content = client.get(f"/v1/plans/{kept}.xlsx", headers=officer).content
    book = openpyxl.load_workbook(BytesIO(content))
    row = next(row for row in book["明细"].iter_rows(min_row=4) if row[0].value == "0001")
    for cell, value in zip(row[10:14], ("调整", 3, "座位紧", "是"), strict=True):
        cell.value = value
    out = BytesIO()
    book.save(out)
    where, kind = f"/v1/plans/{kept}/decisions", {"content-type": ENDINGS[".xlsx"]}

    def send(content: bytes, headers, query: str = "") -> httpx.Response:
        return client.post(where + query, content=content, headers={**headers, **kind})

    judged = send(out.getvalue(), officer, "?dry_run=true").json()
    assert client.get("/v1/orders", headers=officer).json() == {"items": []}
    done = send(out.getvalue(), officer)
    assert done.status_code == 200, done.text
    assert done.json() == judged
    assert (done.json()["taken"], done.json()["lines"][0]["reason"]) == (1, "调整为 3 场")
    assert send(out.getvalue(), officer).json()["unchanged"] == 1
    (order,) = client.get(f"/v1/orders?plan={kept}", headers=officer).json()["items"]
    assert (order["sessions"], order["amount_fen"], order["decided_by"]) == (3, 1_500_000, "o1")
    assert send(out.getvalue(), token(Role.OFFICER, "o2", "310105002")).status_code == 403
    assert send(b"not a workbook", officer).status_code == 422
    assert client.get("/v1/orders", headers=token(Role.OFFICER, "o2", "310105002")).json() == {
        "items": []
    }
    fresh = client.get(f"/v1/plans/{kept}.xlsx?buyer=310105001", headers=officer).content
    row = next(
        row for row in openpyxl.load_workbook(BytesIO(fresh))["明细"].iter_rows(min_row=4)
        if row[0].value == "0001"
    )  # fmt: skip
    assert [cell.value for cell in row[10:14]] == ["调整", 3, "座位紧", "是"]
    assert client.get(f"/v1/plans/{kept}.pdf", headers=officer).content[:5] == b"%PDF-"
    assert client.get(f"/v1/plans/{kept}.csv?buyer=none", headers=officer).status_code == 404


STEPS = ["approved", "ordered", "delivered", "accepted"]


def test_an_order_takes_no_step_out_of_its_order(client: httpx.Client, officer, kept: str) -> None:
    where, order = f"/v1/plans/{kept}/lines/{kept}-0001/decision", f"{kept}-0001"
    decision = {"decision": "accept", "reason": "合适", "no_conflict": True}

    def step(status: str, **more: int) -> int:
        path = f"/v1/orders/{order}/status"
        return client.post(path, json={"status": status, **more}, headers=officer).status_code

    assert [step(status) for status in STEPS[1:]] == [403] * 3  # nothing is proposed to them yet
    assert client.post(where, json=decision, headers=officer).status_code == 200
    for at, now in enumerate(STEPS[1:], start=1):
        wrong = [status for status in STEPS[1:] if status != now]
        assert [step(status) for status in wrong] == [409] * 2, now
        assert step("approved") == 422  # only a decision approves
        assert step(now, **({"satisfaction": 5} if now == "accepted" else {})) == 200
        assert client.post(where, json=decision, headers=officer).status_code == 422, at
    assert [step(status) for status in STEPS[1:]] == [409] * 3
    (row,) = client.get("/v1/orders?status=accepted", headers=officer).json()["items"]
    assert (row["status"], row["satisfaction"]) == ("accepted", 5)


def test_what_cannot_be_planned_says_why(client: httpx.Client, officer) -> None:
    sent = {**ASKED, "rules": "[nonsense"}
    path = client.post("/v1/plans", json=sent, headers=officer).json()["path"]
    answer = fetched(client, path, officer)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert "The plan could not be made" in answer.json()["detail"]


def test_a_request_whose_planner_was_lost_is_not_pending_for_ever(
    client: httpx.Client, service: Service, officer
) -> None:
    with service.database.engine().begin() as connection:
        for name, minutes in (("ask-lost", 11), ("ask-young", 5)):
            connection.execute(
                plan_requests.insert().values(
                    request_id=name,
                    asked_at=datetime.now(UTC) - timedelta(minutes=minutes),
                    asked_by="o1",
                    asked=ASKED,
                    status=SOLVING,
                    detail="",
                )
            )
    lost = client.get("/v1/plans/ask-lost", headers=officer)
    assert lost.status_code == 409
    assert "Ask again" in lost.json()["detail"]
    assert client.get("/v1/plans/ask-young", headers=officer).status_code == 202


def test_an_officer_names_a_buyer_of_their_own(client: httpx.Client, officer) -> None:
    foreign = ({**ASKED, "buyer": other} for other in ("310105002", "江苏路街道", "路街道"))
    for asked in ({"period": "2026Q4"}, *foreign):
        assert client.post("/v1/plans", json=asked, headers=officer).status_code == 403
    both = {**ASKED, "budget_yuan": 1}
    assert client.post("/v1/plans", json=both, headers=officer).status_code == 422
    assert client.get("/v1/plans/never-was", headers=officer).status_code == 404


def test_scorecards_and_indices(client: httpx.Client, token) -> None:
    district = token(Role.DISTRICT, "d1")
    card = client.get("/v1/suppliers/s1/scorecard", headers=district).json()
    assert card["name"] == "团体1"
    assert card["sessions_held"] == 44  # past events of p1, p3, p5 and p7
    assert card["attendances"] > 0
    assert card["no_show_rate"] == 0
    assert card["ratings"] is None
    assert client.get("/v1/suppliers/none/scorecard", headers=district).status_code == 404
    found = client.get("/v1/indices?period=2026Q4", headers=district, timeout=250)
    assert found.status_code == 200, found.text
    names = {row["index"] for row in found.json()["items"]}
    assert {"seat_fill", "no_show_rate", "evenness"} & names
    assert client.get("/v1/indices?period=soon", headers=district).status_code == 422
