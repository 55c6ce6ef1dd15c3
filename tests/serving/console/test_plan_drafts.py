"""Drafts over HTTP: changes judged at once, two officers, solved again around the changes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from data.store.decisions import keep_plan
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.schedule import VenueCalendar
from recommender.types import IdMap
from serving.api.routes import plans as plan_routes
from serving.console.plans import weighing
from serving.planning.drafts import posed as kept_problems
from serving.planning.drafts.posed import PosedPlan, keep_posed
from serving.store_tables import plan_requests

PLAN = "PLAN-2026Q4-d0d0d0d0d0d0"
STREET = "310105001"
PATH = f"/console/plans/{PLAN}/draft"
TITLES = ("评弹", "讲座", "电影")


def posed() -> PosedPlan:
    demand = np.array([[90.0, 40.0, 60.0]])
    problem = ProcurementProblem(
        period="2026Q4",
        streets=IdMap([STREET]),
        products=IdMap(["p1", "p2", "p3"]),
        buyers=IdMap([STREET]),
        suppliers=IdMap(["s1"]),
        budget_fen=np.array([1_000_000], dtype=np.int64),
        serves=np.ones((1, 1), dtype=np.bool_),
        expected=demand,
        low=demand,
        high=demand,
        log_sd=np.zeros((1, 3)),
        weight=np.ones((1, 3)),
        price_fen=np.array([500_000, 200_000, 900_000], dtype=np.int64),
        sessions_max=np.array([3, 3, 3], dtype=np.int64),
        seats=np.full((1, 3), 100.0),
        allowed=np.ones((1, 3), dtype=np.bool_),
        required=np.zeros((1, 3), dtype=np.int64),
        residents=np.array([1000.0]),
        supplier=np.zeros(3, dtype=np.intp),
        floor_sessions=np.zeros(1, dtype=np.int64),
        repeat_factor=np.full(3, 0.7),
    )
    calendar = VenueCalendar(
        street=np.zeros(1, dtype=np.intp),
        seats=np.array([100.0]),
        step_free=np.ones(1, dtype=np.bool_),
        preference=np.zeros(1, dtype=np.intp),
        slots=np.full((1, 3), 9, dtype=np.int64),
        needs_seats=np.zeros(3),
        needs_step_free=np.zeros(3, dtype=np.bool_),
        nowhere=np.zeros(3, dtype=np.bool_),
        open_months=np.ones((3, 3), dtype=np.bool_),
    )
    return PosedPlan(
        problem=problem,
        calendar=calendar,
        months=("2026-10", "2026-11", "2026-12"),
        tours=(),
        titles=TITLES,
        categories=("performance", "lecture", "film"),
        venue_ids=("v1",),
        venue_names=("文化中心1",),
        street_names=("华阳路街道",),
        buyer_names=("华阳路街道",),
        supplier_names=("团体1",),
    )


def line(number: int, product: int, price: int) -> dict[str, Any]:
    return {
        "line_id": f"{PLAN}-{number:04d}", "buyer_code": STREET, "street_code": STREET,
        "product_id": f"p{product}", "supplier_id": "s1", "venue_id": "v1", "period": "2026Q4",
        "sessions": 1, "amount_fen": price, "expected": 60.0, "low": 40.0, "high": 80.0,
        "marginal_fen_per_attendance": 1.0, "reasons": [], "warnings": [], "plan_id": PLAN,
        "model_version": "m1", "buyer": "华阳路街道", "street": "华阳路街道",
        "title": TITLES[product - 1], "category": "lecture", "supplier": "团体1",
        "venue": "文化中心1", "months": "2026-10×1", "price_fen": price, "new": False,
        "evidence_bookings": 12, "evidence_surveys": None,
    }  # fmt: skip


def keep(connection: sa.Connection) -> str:
    """Keep the plan with its problem, and forget an earlier draft."""
    document = {
        "plan_id": PLAN, "period": "2026Q4", "model_version": "m1",
        "data_date": "2026-10-01T00:00:00+08:00", "lines": [line(1, 1, 500_000),
        line(2, 2, 200_000)], "warnings": [], "rules": [], "recusals": [], "stages": [],
        "left_out": {}, "rules_text": "[plan]\ncaution = 0.5\n",
        "summary": {"status": "optimal", "gap": 0.0, "budget_fen": 1_000_000, "gini": 0.0,
        "amount_fen": 700_000, "sessions": 2, "products": 2, "suppliers": 1, "streets": 1,
        "expected": 130.0, "low": 100.0, "high": 150.0, "matching": None},
    }  # fmt: skip
    for table in ("plans", "plan_edits", "plan_problems"):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE plan_id = :p"), {"p": PLAN})
    keep_plan(connection, document, made_by="officer", now=datetime.now(tz=UTC))
    keep_posed(connection, PLAN, posed())
    return PLAN


@pytest.fixture
def kept(as_user, site_service) -> None:
    with site_service.database.engine().begin() as connection:
        keep(connection)


class Editor:
    """An officer at the draft; the version is that of the page looked at last."""

    def __init__(self, browser, form_token) -> None:
        self.browser, self.form_token, self.html = browser, form_token, ""
        self.look()

    def look(self) -> str:
        self.html = self.browser.get(PATH).text
        return self.html

    def send(self, act: str, line_number: int = 0, **fields: str):
        seen = re.search(r'name="seen" value="(\d+)"', self.html)
        assert seen is not None
        sent = {"act": act, "seen": seen[1], "street": STREET, **fields}
        sent["form_token"] = self.form_token(self.html)
        if line_number:
            sent["line"] = f"{PLAN}-{line_number:04d}"
        if act == "save":
            sent = {"venue": "v1", "when": "2026-10×1", "sessions": "1", **sent}
        answer = self.browser.post(PATH, data=sent)
        if answer.status_code == 303:
            self.look()
        return answer


@pytest.fixture
def editor(as_user, kept, form_token):
    return lambda user: Editor(as_user(user), form_token)


def test_every_change_is_kept_and_judged_at_once(editor, site_service) -> None:
    officer = editor("officer")
    assert "草稿符合全部规则" in officer.html
    assert "¥7,000 / ¥10,000" in officer.html
    assert officer.send("save", 1, sessions="2").status_code == 303
    assert "预算：华阳路街道要花12,000元，只有10,000元" in officer.html
    assert "原为1场" in officer.html
    assert officer.send("remove", 2).status_code == 303
    assert "¥10,000 / ¥10,000" in officer.html
    assert "草稿符合全部规则" in officer.html
    assert officer.send("add", product="p3", sessions="1").status_code == 303
    assert "预算：华阳路街道要花19,000元" in officer.html
    assert officer.send("lock", 1).status_code == 303
    assert "已锁定" in officer.html
    moved = officer.send("save", 1, sessions="2", venue="v1", day="2027-02-03")
    assert moved.status_code == 303
    assert "华阳路街道 · 评弹：2027-02-03不在计划期内" in officer.html
    assert "修改记录（5次）" in officer.html
    with site_service.database.engine().connect() as connection:
        query = sa.text("SELECT version, officer, kind FROM plan_edits ORDER BY version")
        told = [tuple(row) for row in connection.execute(query)]
        document = connection.execute(
            sa.text("SELECT document->'summary'->>'amount_fen' FROM plans WHERE plan_id = :p"),
            {"p": PLAN},
        ).scalar_one()
    assert told == [
        (n, "officer", kind)
        for n, kind in enumerate(("sessions", "remove", "add", "lock", "place"), start=1)
    ]
    assert document == "700000"  # what was signed stays as it is


def test_what_is_no_change_is_refused_in_words(editor, as_user) -> None:
    officer = editor("officer")
    for act, fields, told in (
        ("save", {"sessions": "0"}, "场次为1至20的整数"),
        ("save", {"sessions": "two"}, "场次为1至20的整数"),
        ("save", {"venue": "v9"}, "没有这个场馆"),
        ("save", {"when": "soon"}, "日期应为月份或某一天"),
        ("burn", {}, "没有这种修改"),
        ("add", {"product": "p9", "sessions": "1"}, "请从列表中选择产品"),
        ("add", {"product": "p3", "sessions": "1", "buyer": "x"}, "该采购方不为本街镇采购"),
    ):
        answer = officer.send(act, 1, **fields)
        assert (answer.status_code, told in answer.text) == (422, True), (act, fields)
    assert officer.send("lock", 77).status_code == 404
    assert "修改记录" not in officer.look()


def test_a_second_officer_is_told_what_changed_and_loses_nothing(editor) -> None:
    first, second = editor("district"), editor("officer")
    assert first.send("remove", 2).status_code == 303
    told = second.send("save", 1, sessions="3")
    assert told.status_code == 409
    assert "其他人修改了草稿" in told.text
    assert "district" in told.text
    assert "华阳路街道 · 讲座：删除" in told.text
    kept_value = re.search(r'name="sessions" form="f-[^"]*-0001"[^>]*value="(\d+)"', told.text)
    assert kept_value is not None
    assert kept_value[1] == "3"
    second.html = told.text
    assert second.send("save", 1, sessions="3").status_code == 303
    assert "修改记录（2次）" in second.html


def test_solving_again_asks_for_what_was_changed_and_names_the_plan(
    editor, form_token, site_service, monkeypatch
) -> None:
    officer = editor("officer")
    officer.send("lock", 1)
    officer.send("remove", 2)
    asked: list[dict[str, Any]] = []

    def begin(question, settings, ended) -> None:
        asked.append(question["asked"])
        ended()

    monkeypatch.setattr(plan_routes, "begin", begin)
    path = f"/console/plans/{PLAN}/again"
    sent = {"form_token": form_token(officer.html)}
    assert officer.browser.post(path, data=sent).status_code == 303
    (found,) = asked
    reason = "officer在草稿中的修改"
    assert found == {
        "period": "2026Q4",
        "buyer": STREET,
        "rules": "[plan]\ncaution = 0.5\n",
        "parent": PLAN,
        "items": {
            "require": [{"product": "p1", "street": STREET, "sessions": 1, "reason": reason}],
            "exclude": [{"product": "p2", "street": STREET, "reason": reason}],
        },
    }
    # A plan that had been asked for over HTTP is asked for with what it was asked for.
    row = {
        "request_id": "ask-drafts", "asked_at": site_service.now() - timedelta(days=1),
        "asked_by": "officer", "status": "done", "detail": "", "plan_id": PLAN,
        "asked": {"period": "2026Q4", "buyer": STREET, "budget_fen": 9, "items": {"exclude": [
            {"product": "p3", "street": STREET, "reason": "x"}]}},
    }  # fmt: skip
    with site_service.database.engine().begin() as connection:
        connection.execute(sa.delete(plan_requests).where(plan_requests.c.plan_id == PLAN))
        connection.execute(plan_requests.insert().values(row))
    assert officer.browser.post(path, data=sent).status_code == 303
    assert asked[1]["budget_fen"] == 9
    assert [each["product"] for each in asked[1]["items"]["exclude"]] == ["p2", "p3"]


def test_what_a_plan_is_weighed_against(editor, as_user, monkeypatch) -> None:
    browser, path = editor("officer").browser, f"/console/plans/{PLAN}/weigh"
    html = browser.get(path).text
    assert "S1" not in html
    assert "评弹" in html  # one session more of it would be allowed by every rule but the budget
    assert "预算：华阳路街道要花12,000元，只有10,000元" in html
    points = [
        {"asked": 1e6 * n, "expected": 50.0 * n, "amount_fen": 10**6 * n, "gini": 0.0,
         "matching": None}
        for n in (1, 2)
    ]  # fmt: skip
    asked: list[dict[str, Any]] = []

    def ask(question, settings):
        asked.append(question)
        return {"points": points}

    monkeypatch.setattr(weighing, "ask", ask)
    for _ in range(2):  # kept: a plan and its problem never change
        drawn = browser.get(path, params={"what": "budget"}).text
        assert 'aria-label="不同预算下的预计人次"' in drawn
        assert "¥20,000" in drawn
    assert asked == [{"kind": "weigh", "plan_id": PLAN, "what": "budget"}]
    assert browser.get(path, params={"what": "beauty"}).status_code == 422


def test_two_plans_are_compared_where_both_may_be_seen(editor, as_user, site_service) -> None:
    browser, path = editor("officer").browser, f"/console/plans/{PLAN}/compare"
    other = {
        "plan_id": "PLAN-2026Q4-e0e0e0e0e0e0", "period": "2026Q4", "model_version": "m1",
        "data_date": "2026-10-01T00:00:00+08:00", "lines": [line(1, 1, 500_000)], "rules": [],
        "summary": {"amount_fen": 500_000, "sessions": 1, "expected": 90.0, "gini": 0.0},
    }  # fmt: skip
    foreign = {**other, "plan_id": "PLAN-2026Q4-f0f0f0f0f0f0"}
    foreign["lines"] = [{**line(1, 1, 500_000), "buyer_code": "310105002"}]
    with site_service.database.engine().begin() as connection:
        for document in (other, foreign):
            keep_plan(connection, document, made_by="officer", now=datetime.now(tz=UTC))
    html = browser.get(path, params={"other": other["plan_id"]}).text
    assert "不同的行（1）" in html
    assert "讲座" in html
    assert "新增" in html
    assert "¥5,000" in html
    assert foreign["plan_id"] not in html
    assert browser.get(path, params={"other": foreign["plan_id"]}).status_code == 404
    assert foreign["plan_id"] in as_user("district").get(path).text


def test_a_plan_of_an_earlier_release_says_that_it_has_no_draft(
    editor, as_user, site_service
) -> None:
    officer = editor("officer")
    kept_problems._latest.clear()
    with site_service.database.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM plan_problems"))
    answer = officer.browser.get(PATH)
    assert (answer.status_code, "由较早的版本生成" in answer.text) == (409, True)
    assert as_user("district").get("/console/plans/PLAN-none/draft").status_code == 404
