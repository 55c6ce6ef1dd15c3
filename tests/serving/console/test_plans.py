"""Plans: the form's rules, one plan's lines, decisions with reason and declaration."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import httpx
import openpyxl
import pytest
import sqlalchemy as sa

from data.store.decisions import Decision, decide, keep_plan
from recommender.errors import UsageError
from serving.api.routes import plans as plan_routes
from serving.console.plans import solving
from serving.console.plans.rules_form import FIELDS, rules_text
from serving.planning.planner import LOST_AFTER
from serving.planning.progress import CANCELLED, FAILED, SOLVING
from serving.planning.rules_file import parse_rules
from serving.store_tables import plan_requests
from serving.web import rendering

PLAN = "PLAN-2026Q4-0a1b2c3d4e5f"


def line(number: int, street: str) -> dict[str, object]:
    return {
        "line_id": f"{PLAN}-{number:04d}", "buyer_code": street, "street_code": street,
        "product_id": "p1", "supplier_id": "s1", "venue_id": "v1", "period": "2026Q4",
        "sessions": 2, "amount_fen": 1_000_000, "expected": 60.0, "low": 40.0, "high": 80.0,
        "marginal_fen_per_attendance": 1.0, "reasons": ["<b>理由</b>"], "warnings": [],
        "plan_id": PLAN, "model_version": "m1", "buyer": street, "street": street,
        "title": "lecture 1", "category": "lecture", "supplier": "团体1", "venue": "文化中心1",
        "months": "2026-10×2", "price_fen": 500_000, "evidence_bookings": 12,
        "evidence_surveys": None, "new": False,
    }  # fmt: skip


@pytest.fixture(scope="module")
def kept_plan(as_user, site_service) -> str:
    lines = [line(1, "310105001"), line(2, "310105001")]
    summary = {
        "status": "optimal", "gap": 0.0, "method": "exact", "budget_fen": 2_000_000,
        "amount_fen": 2_000_000, "sessions": 4, "products": 1, "suppliers": 1, "streets": 1,
        "expected": 120.0, "low": 80.0, "high": 160.0, "gini": 0.01, "fen_per_attendance": 1.0,
        "new_products_share": 0.0,
    }  # fmt: skip
    document = {
        "plan_id": PLAN, "period": "2026Q4", "model_version": "m1",
        "data_date": "2026-10-01T00:00:00+08:00", "lines": lines, "summary": summary,
        "warnings": [], "rules": [], "recusals": [], "stages": ["一"], "left_out": {},
    }  # fmt: skip
    with site_service.database.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM plans WHERE plan_id = :plan"), {"plan": PLAN})
        keep_plan(connection, document, made_by="officer", now=datetime.now(tz=UTC))
    return PLAN


def test_a_form_left_as_it_is_sets_no_rule_and_defaults_may_yield() -> None:
    assert rules_text({name: f"{default:g}" for name, default in FIELDS}) == ""
    assert rules_text({}) == ""


def test_changed_values_become_rules() -> None:
    text = rules_text({"evenness.gini_max": "0.1", "plan.sessions_per_product": "2"})
    rules = parse_rules(text)
    assert rules.evenness.gini_max == 0.1
    assert rules.plan.sessions_per_product == 2
    with pytest.raises(UsageError):
        rules_text({"new.products_min_share": "2"})
    with pytest.raises(ValueError, match="could not convert"):
        rules_text({"plan.caution": "much"})


def test_what_is_no_plan_is_told_at_the_form(as_user, form_token) -> None:
    browser = as_user("officer")
    token = form_token(browser.get("/console/plans").text)
    for fields in ({"period": "soon"}, {"budget_yuan": "much"}, {"new.products_min_share": "9"}):
        sent = {"period": "2026Q4", "buyer": "310105001", "form_token": token, **fields}
        answer = browser.post("/console/plans", data=sent)
        assert answer.status_code == 422
        assert "不符合要求" in answer.text
    foreign = {"period": "2026Q4", "buyer": "310105002", "form_token": token}
    assert browser.post("/console/plans", data=foreign).status_code == 403


def test_a_plan_is_listed_shown_and_downloaded_by_its_officers(as_user, kept_plan) -> None:
    browser = as_user("officer")
    assert kept_plan in browser.get("/console/plans").text
    html = browser.get(f"/console/plans/{kept_plan}").text
    assert "¥20,000" in html
    assert "&lt;b&gt;理由" in html
    assert html.count('name="line"') == 2
    assert "按人群：居民、需求与本方案" in html
    csv = browser.get(f"/console/plans/{kept_plan}/plan.csv")
    assert csv.headers["content-type"].startswith("text/csv")
    assert browser.get(f"/console/plans/{kept_plan}/plan.exe").status_code == 422
    assert browser.get("/console/plans/PLAN-none").status_code in (403, 404)
    assert as_user("district").get("/console/plans/PLAN-none").status_code == 404


def test_a_decision_needs_lines_reason_and_declaration(
    as_user, kept_plan, form_token, site_service
) -> None:
    browser = as_user("officer")
    path = f"/console/plans/{kept_plan}"
    whole = {
        "line": [f"{kept_plan}-0001"],
        "decision": "accept",
        "reason": "居民要求",
        "no_conflict": "true",
        "form_token": form_token(browser.get(path).text),
    }
    for missing in ("line", "decision", "reason", "no_conflict"):
        sent = {name: value for name, value in whole.items() if name != missing}
        answer = browser.post(f"{path}/decisions", data=sent)
        assert answer.status_code == 422, missing
        assert 'role="alert"' in answer.text
    count = sa.text("SELECT count(*) FROM orders")
    with site_service.database.engine().connect() as connection:
        assert connection.execute(count).scalar_one() == 0
    assert browser.post(f"{path}/decisions", data=whole).status_code == 303
    with site_service.database.engine().connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM orders")).mappings().one()
    assert (row["line_id"], row["status"], row["decided_by"]) == (
        f"{kept_plan}-0001",
        "approved",
        "officer",
    )
    assert "已接受" in browser.get(path).text
    unknown = {**whole, "line": [f"{kept_plan}-0002", f"{kept_plan}-0099"]}
    assert browser.post(f"{path}/decisions", data=unknown).status_code == 404
    with site_service.database.engine().connect() as connection:
        assert connection.execute(count).scalar_one() == 1  # all or none


def test_two_officers_on_one_plan_lose_nothing(as_user, kept_plan, form_token) -> None:
    path, line_id = f"/console/plans/{kept_plan}", f"{kept_plan}-0002"

    def sent(user: str, decision: str) -> dict[str, object]:
        html = as_user(user).get(path).text
        (state,) = re.findall(rf'name="seen" value="{line_id}=(\w+)"', html)
        return {
            "line": [line_id],
            "seen": [f"{line_id}={state}"],
            "decision": decision,
            "reason": f"reason of {user}",
            "no_conflict": "true",
            "form_token": form_token(html),
        }

    first, second = sent("district", "accept"), sent("officer", "reject")
    assert as_user("district").post(f"{path}/decisions", data=first).status_code == 303
    told = as_user("officer").post(f"{path}/decisions", data=second)
    assert told.status_code == 409
    assert "决定人： district" in told.text
    assert 'value="reason of officer"' in told.text
    assert f'value="{line_id}" aria-label="lecture 1 · 310105001" checked' in told.text
    again = sent("officer", "reject")
    assert again["seen"] == [f"{line_id}=approved"]
    assert as_user("officer").post(f"{path}/decisions", data=again).status_code == 303
    assert "reason of officer" in as_user("officer").get(f"{path}/audit").text


def test_sessions_are_changed_with_a_number(as_user, kept_plan, form_token, site_service) -> None:
    browser, path = as_user("officer"), f"/console/plans/{kept_plan}"
    sent = {
        "line": [f"{kept_plan}-0002"],
        "decision": "change",
        "reason": "一场就够",
        "no_conflict": "true",
        "form_token": form_token(browser.get(path).text),
    }
    assert browser.post(f"{path}/decisions", data=sent).status_code == 422
    assert browser.post(f"{path}/decisions", data={**sent, "sessions": "0"}).status_code == 409
    assert browser.post(f"{path}/decisions", data={**sent, "sessions": "1"}).status_code == 303
    query = sa.text("SELECT sessions, amount_fen FROM orders WHERE line_id LIKE '%-0002'")
    with site_service.database.engine().connect() as connection:
        assert tuple(connection.execute(query).one()) == (1, 500_000)


def test_stages_are_passed_in_their_order(as_user, kept_plan, form_token) -> None:
    browser, path = as_user("officer"), f"/console/plans/{kept_plan}"
    token = form_token(browser.get(path).text)
    assert "完成这一步：一" in browser.get(f"{path}/audit").text
    wrong = browser.post(f"{path}/stages", data={"stage": "二", "form_token": token})
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (409, True)
    sent = {"stage": "一", "note": "已公示", "form_token": token}
    assert browser.post(f"{path}/stages", data=sent).status_code == 303
    html = browser.get(f"{path}/audit").text
    assert "已公示" in html
    assert "完成一步流程" in html
    assert "完成这一步" not in html


def test_questions_that_cannot_be_answered_are_told(as_user, kept_plan) -> None:
    browser, path = as_user("officer"), f"/console/plans/{kept_plan}"
    assert browser.get(f"{path}/what-if").status_code == 200
    assert browser.get(f"{path}/what-if?budget_yuan=much").status_code == 422
    # This plan was not asked for over HTTP, so that it cannot be solved again.
    for question in ("what-if?budget_yuan=1000", "why-not?product=p1&street=310105001"):
        answer = browser.get(f"{path}/{question}")
        assert (answer.status_code, "请在工作台重新生成" in answer.text) == (409, True)


def test_a_product_is_asked_about_by_a_part_of_its_name(as_user, kept_plan) -> None:
    browser, path = as_user("officer"), f"/console/plans/{kept_plan}/why-not"
    asked = browser.get(path, params={"product": "LECTURE", "street": "310105001"})
    assert asked.status_code == 200
    assert "是哪一个" in asked.text
    assert "product=p1&amp;street=310105001" in asked.text
    one = browser.get(path, params={"product": "lecture 1", "street": "310105001"})
    assert "是哪一个" not in one.text
    none = browser.get(path, params={"product": "芭蕾", "street": "310105001"})
    assert "目录里没有" in none.text


def test_a_planner_that_was_killed_is_told(as_user, site_service) -> None:
    asked = {
        "request_id": "ask-lost",
        "asked_at": site_service.now() - 2 * LOST_AFTER,
        "asked_by": "officer",
        "asked": {"period": "2026Q4", "buyer": "310105001"},
        "status": SOLVING,
        "detail": "",
    }
    with site_service.database.engine().begin() as connection:
        connection.execute(plan_requests.insert().values(asked))
    answer = as_user("officer").get("/console/plans/ask-lost")
    assert answer.status_code == 409
    assert "求解程序中断" in answer.text
    assert "refresh" not in answer.headers


def test_a_line_of_the_whole_district_leads_to_its_product(
    as_user, kept_plan, site_service
) -> None:
    path = f"/console/plans/{kept_plan}"
    here = "/console/streets/310105001/products/p1?period=2026Q4"
    browser = as_user("district")
    assert f'href="{here}"' in browser.get(path).text
    document = sa.text(
        "UPDATE plans SET document = jsonb_set(document, '{lines,1,street_code}', :code)"
        " WHERE plan_id = :plan"
    )
    with site_service.database.engine().begin() as connection:
        connection.execute(document, {"code": '"310105"', "plan": kept_plan})
    try:
        html = browser.get(path).text
    finally:
        with site_service.database.engine().begin() as connection:
            connection.execute(document, {"code": '"310105001"', "plan": kept_plan})
    there = "/console/catalogue/products/p1?period=2026Q4"
    assert (f'href="{there}"' in html, "/streets/310105/" in html) == (True, False)
    assert browser.get(there).status_code == 200


def test_why_no_plan_came_is_said_in_the_language_of_the_page(as_user, site_service) -> None:
    over = {"rule": "required", "place": "华阳路街道", "subject": "评弹",
            "amounts": {"sessions": 5, "most": 2}}  # fmt: skip
    asked = {
        "request_id": "ask-over", "asked_at": site_service.now() - timedelta(seconds=9),
        "asked_by": "officer", "asked": {"period": "2026Q4", "buyer": "310105001"},
        "status": FAILED, "detail": "no plan can keep these rules together.",
        "progress": {"failure": {"why": "conflict", "conflicts": [over]}},
    }  # fmt: skip
    with site_service.database.engine().begin() as connection:
        connection.execute(plan_requests.insert().values(asked))
    browser = as_user("officer")
    html = browser.get("/console/plans/ask-over").text
    assert "把它改为 2 场以内" in html
    assert "no plan can" not in html
    assert "不能同时满足" in browser.get("/console").text
    browser.cookies.set("gongxu_display", "en")
    html = browser.get("/console/plans/ask-over").text
    browser.cookies.delete("gongxu_display")
    assert "ask for no more than 2" in html


@pytest.fixture
def solving_plan(as_user, site_service):
    """A request that is being solved."""
    asked = {
        "request_id": "ask-now",
        "asked_at": site_service.now() - timedelta(seconds=9),
        "asked_by": "officer",
        "asked": {"period": "2026Q4", "buyer": "310105001"},
        "status": SOLVING,
        "detail": "",
        "progress": {"stage": "solving", "value": 1235.4, "gap": 0.0312},
    }
    with site_service.database.engine().begin() as connection:
        connection.execute(sa.delete(plan_requests).where(plan_requests.c.request_id == "ask-now"))
        connection.execute(plan_requests.insert().values(asked))
    return "/console/plans/ask-now"


@pytest.mark.parametrize("installed", [True, False])
def test_the_page_tells_how_far_the_solving_is_and_comes_again_by_itself(
    as_user, solving_plan, monkeypatch, installed
) -> None:
    monkeypatch.setattr(solving, "has_htmx", lambda: installed)
    monkeypatch.setitem(rendering._environment().globals, "has_htmx", lambda: installed)
    answer = as_user("officer").get(solving_plan)
    assert answer.status_code == 200
    for told in ("加权1,235人次", "3.1%", '<li aria-current="step">求解'):
        assert told in answer.text
    assert re.search(r"<dd>(9|1\d)秒</dd>", answer.text)
    within = '<noscript><meta http-equiv="refresh" content="2"></noscript>' in answer.text
    assert (within, "refresh" in answer.headers) == (installed, not installed)
    assert ("/static/htmx.js?v=" in answer.text) is installed


def test_an_officer_ends_the_solving_and_asks_for_the_same_again(
    as_user, solving_plan, form_token, site_service, monkeypatch
) -> None:
    browser = as_user("officer")
    token = {"form_token": form_token(browser.get(solving_plan).text)}
    assert browser.post(f"{solving_plan}/cancel", data=token).status_code == 303
    answer = browser.get(solving_plan, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (200, "true")
    assert "求解已停止" in answer.text
    assert "由 officer 停止" in answer.text
    asked: list[dict[str, object]] = []

    def begin(question, settings, ended) -> None:
        asked.append(question["asked"])
        ended()

    monkeypatch.setattr(plan_routes, "begin", begin)
    again = browser.post(f"{solving_plan}/retry", data=token)
    assert again.status_code == 303
    assert again.headers["location"].startswith("/console/plans/ask-")
    assert asked == [{"period": "2026Q4", "buyer": "310105001"}]
    with site_service.database.engine().connect() as connection:
        query = sa.select(plan_requests.c.status, plan_requests.c.detail)
        row = connection.execute(query.where(plan_requests.c.request_id == "ask-now")).one()
        acts = sa.text("SELECT actor FROM audit WHERE action = 'plan.cancel'")
        assert connection.execute(acts).scalars().all() == ["officer"]
    assert tuple(row) == (CANCELLED, "officer")


def test_the_operator_sees_the_models(as_user) -> None:
    html = as_user("operator").get("/console/models").text
    assert "m1" in html
    assert "m2" in html


def test_a_filled_in_workbook_is_uploaded_and_told_cell_by_cell(
    as_user, kept_plan, form_token, site_service
) -> None:
    browser = as_user("officer")
    path = f"/console/plans/{kept_plan}"
    book = openpyxl.load_workbook(BytesIO(browser.get(f"{path}/plan.xlsx").content))
    sheet = book["明细"]
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=4)}
    before = [cell.value for cell in rows["0001"][10:14]]
    for number, values in (("0002", ("采纳", None, "居民点单", "是")), ("0001", before)):
        for cell, value in zip(rows[number][10:14], values, strict=True):
            cell.value = value
    rows["0001"][12].value = "改了理由"
    rows["0001"][13].value = None
    out = BytesIO()
    book.save(out)

    def send(content: bytes, **fields: str) -> httpx.Response:
        sent = {"form_token": form_token(browser.get(path).text), **fields}
        files = {"workbook": ("plan.xlsx", content)}
        return browser.post(f"{path}/workbook", data=sent, files=files)

    count = sa.text("SELECT count(*) FROM orders WHERE reason = '居民点单'")
    judged = send(out.getvalue(), dry_run="true")
    assert judged.status_code == 200
    assert "未作记录：可记录 1 行" in judged.text
    with site_service.database.engine().connect() as connection:
        assert connection.execute(count).scalar_one() == 0
    done = send(out.getvalue())
    assert "已记录 1 行" in done.text
    assert rows["0001"][13].coordinate in done.text
    assert "没有声明无利益冲突" in done.text
    with site_service.database.engine().connect() as connection:
        assert connection.execute(count).scalar_one() == 1
    for wrong in (b"", b"text"):
        refused = send(wrong)
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text
        assert "工作簿" in refused.text
    for row in book["数据"].iter_rows(min_row=2):
        for cell in row:
            if isinstance(cell.value, str):
                cell.value = cell.value.replace(kept_plan, "PLAN-2027Q1-000000000000")
    out = BytesIO()
    book.save(out)
    refused = send(out.getvalue())
    assert refused.status_code == 422
    assert "这个工作簿属于方案 PLAN-2027Q1-000000000000" in refused.text


def test_an_order_on_the_page_takes_no_step_out_of_its_order(
    as_user, kept_plan, form_token, site_service
) -> None:
    browser, steps = as_user("district"), ("ordered", "delivered", "accepted")
    with site_service.database.engine().begin() as connection:
        order = f"{kept_plan}-0002"
        made = Decision(order, "accept", "district", "合适", True)
        decide(connection, made, now=datetime.now(tz=UTC))

    def step(to: str) -> int:
        sent = {"to": to, "form_token": form_token(browser.get("/console/orders").text)}
        return browser.post(f"/console/orders/{order}/advance", data=sent).status_code

    for now in steps:
        wrong = [each for each in ("proposed", "approved", *steps) if each != now]
        assert [step(each) for each in wrong] == [409] * 4, now
        assert step(now) == 303
    assert [step(each) for each in steps] == [409] * 3
