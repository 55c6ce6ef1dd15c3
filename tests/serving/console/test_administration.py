"""Catalogue, imports, orders, requests, accounts, models and operations by page."""

import io
import re
from datetime import UTC, datetime

import httpx
import pandas as pd
import pytest
import sqlalchemy as sa

from serving.api.service import Service
from serving.outcomes.requests import count_requests
from training.registry.runs import record_run


@pytest.fixture
def send(as_user, form_token):
    def post(user: str, path: str, origin: str = "/console", **sent: object) -> httpx.Response:
        browser = as_user(user)
        files = sent.pop("files", None)
        token = form_token(browser.get(origin).text)
        return browser.post(path, data={"form_token": token, **sent}, files=files)

    return post


def rows(service: Service, query: str) -> list[tuple[object, ...]]:
    with service.database.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def run(service: Service, statement: str) -> None:
    with service.database.engine().begin() as connection:
        connection.execute(sa.text(statement))


def test_the_catalogue_is_searched_and_ordered_by_demand(as_user) -> None:
    browser = as_user("officer")
    html = browser.get("/console/catalogue").text
    assert html.count('href="/console/catalogue/products/') == 9
    few = browser.get("/console/catalogue?q=LECTURE&category=lecture").text
    assert few.count('href="/console/catalogue/products/') == 3
    assert "没有符合条件" in browser.get("/console/catalogue?q=nothing").text
    assert browser.get("/console/catalogue?street=310105002").status_code == 403
    page = browser.get("/console/catalogue/products/p1").text
    assert "相近的产品" in page
    assert "华阳路街道" in page
    assert "江苏路街道" not in page
    assert "江苏路街道" in as_user("district").get("/console/catalogue/products/p1").text
    assert "成绩单" in browser.get("/console/catalogue/suppliers/s0").text
    for path in ("products/none", "suppliers/none"):
        assert browser.get(f"/console/catalogue/{path}").status_code == 404


def test_a_workbook_is_judged_first_and_its_good_rows_kept(
    as_user, send, site_service: Service
) -> None:
    made = io.BytesIO()
    frame = pd.DataFrame(
        {
            "product_id": ["new1", "new2"],
            "title": ["新节目", "<b>坏</b>"],
            "category": ["film", "nothing"],
            "supplier_id": ["s0", "s0"],
        }
    )
    frame.to_excel(made, sheet_name="products", index=False)
    file = {"file": ("目录.xlsx", made.getvalue())}
    html = send("district", "/console/imports", "/console/imports", files=file).text
    assert "不合格的行（显示1行，共1行）" in html
    assert "&lt;b&gt;" in html or "nothing" in html
    assert "<b>坏" not in html
    assert rows(site_service, "SELECT 1 FROM products WHERE product_id LIKE 'new%'") == []
    upload = re.search(r"/console/imports/([0-9a-f]{32})/keep", html)
    assert upload is not None
    file_of_findings = as_user("district").get(f"/console/imports/{upload[1]}/quarantine.csv")
    assert file_of_findings.status_code == 200
    assert file_of_findings.text.count("\n") == 2
    kept = send("district", f"/console/imports/{upload[1]}/keep", name="目录.xlsx").text
    assert "已导入：目录.xlsx" in kept
    found = rows(site_service, "SELECT product_id FROM products WHERE product_id LIKE 'new%'")
    assert found == [("new1",)]
    run(site_service, "DELETE FROM products WHERE product_id = 'new1'")


def test_large_files_are_taken_of_those_who_import_alone(send, site: httpx.Client) -> None:
    lines = ["supplier_id,name", *(f"big{number},{'x' * 100}" for number in range(20_000))]
    file = {"file": ("suppliers.csv", "\n".join(lines).encode())}
    assert send("district", "/console/imports", files=file).status_code == 200
    assert send("officer", "/console/imports", files=file).status_code == 413
    assert site.post("/console/imports", files=file).status_code == 413


@pytest.mark.parametrize("name", ["list.exe", "list.xlsx", ""])
def test_what_is_no_table_is_told(send, name: str) -> None:
    answer = send("district", "/console/imports", files={"file": (name or "x", b"no table")})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_the_template_is_a_workbook_that_the_import_takes(as_user, send) -> None:
    made = as_user("district").get("/console/imports/template.xlsx").content
    sheets = pd.read_excel(io.BytesIO(made), sheet_name=None, engine="calamine")
    assert set(sheets) == {"suppliers", "products", "venues", "events"}
    assert "starts_at" in sheets["events"].columns
    again = send("district", "/console/imports", files={"file": ("t.xlsx", made)})
    assert again.status_code == 200
    assert "没有发现问题" in again.text


def test_an_order_moves_on_step_by_step(as_user, send, site_service: Service) -> None:
    for order, street in (("o1", "310105001"), ("o2", "310105002")):
        run(
            site_service,
            "INSERT INTO orders (order_id, buyer_code, product_id, venue_id, sessions, amount_fen,"
            f" status) VALUES ('{order}', '{street}', 'p1', 'v2', 2, 1000000, 'approved')",
        )
    html = as_user("officer").get("/console/orders").text
    assert "o1" in html
    assert "o2" not in html
    for step in ("ordered", "delivered"):
        assert send("officer", "/console/orders/o1/advance", to=step).status_code == 303
    done = send("officer", "/console/orders/o1/advance", to="accepted", satisfaction=4)
    assert done.status_code == 303
    stands = rows(site_service, "SELECT status, satisfaction FROM orders WHERE order_id = 'o1'")
    assert stands == [("accepted", 4)]
    assert send("officer", "/console/orders/o1/advance", to="ordered").status_code == 409
    assert send("officer", "/console/orders/o2/advance", to="ordered").status_code == 403
    (count,) = rows(site_service, "SELECT count(*) FROM audit WHERE subject = 'o1'")
    assert count == (3,)


def test_requests_are_answered_for_everybody_who_asked(
    as_user, send, site_service: Service
) -> None:
    for number, resident in enumerate(("r0", "r2", "r2")):
        run(
            site_service,
            "INSERT INTO requests (request_id, resident_id, area_code, target_kind, target,"
            f" asked_at, status) VALUES ('q{number}', '{resident}', '310105001', 'text',"
            " '沪剧', now(), 'open')",
        )
    html = as_user("officer").get("/console/requests").text
    assert "沪剧" in html
    assert "人数 <strong>&lt;10</strong>" in html  # fewer than ten are not counted out
    sent = {"area": "310105001", "kind": "text", "target": "沪剧", "status": "planned"}
    assert send("officer", "/console/requests/answer", words="明年", **sent).status_code == 303
    assert rows(site_service, "SELECT DISTINCT status, answer FROM requests") == [
        ("planned", "明年")
    ]
    sent["status"] = "never"
    assert send("officer", "/console/requests/answer", **sent).status_code == 422


def test_accounts_made_to_ask_for_one_thing_weigh_no_more_than_those_who_come(
    as_user, site_service: Service
) -> None:
    # All thirty residents of the small world have booked; forty accounts never did.
    for subject, known, new in (("评弹", 12, 3), ("街舞", 1, 40), ("相声", 12, 40)):
        people = [f"r{n}" for n in range(known)] + [f"new{n}" for n in range(new)]
        for who in people:
            run(
                site_service,
                "INSERT INTO requests (request_id, resident_id, area_code, target_kind, target,"
                f" asked_at, status) VALUES ('{subject}{who}', '{who}', '310105001', 'text',"
                f" '{subject}', now(), 'open')",
            )
    with site_service.database.engine().connect() as connection:
        found = {row["target"]: row for row in count_requests(connection, ["310105001"])}
    # 12 + 3; 1 + 11 of 40; 12 + 22 of 40; told in fives.
    told = {name: (found[name]["residents"], found[name]["canvassed"]) for name in found}
    assert told["评弹"] == (15, False)
    assert told["街舞"] == (10, True)
    assert told["相声"] == (35, True)
    html = as_user("officer").get("/console/requests").text
    assert html.count("疑似拉票") == 2


def test_survey_results_are_entered_and_judged(send, site_service: Service) -> None:
    sent = {"area": "310105001", "category": "film", "votes": 30, "respondents": 50}
    assert send("officer", "/console/requests/surveys", **sent).status_code == 303
    found = rows(site_service, "SELECT area_code, target, votes, channel FROM surveys")
    assert found == [("310105001", "film", 30, "paper")]
    for wrong in ({"votes": "many"}, {"category": "x"}, {"collected_on": "2999-01-01"}):
        answer = send("officer", "/console/requests/surveys", **{**sent, **wrong})
        assert answer.status_code == 422


def test_operators_open_and_close_accounts(as_user, send, site_service: Service) -> None:
    short = send("operator", "/console/accounts/users", username="new", password="short")
    assert short.status_code == 422
    sent = {"username": "new", "password": "long enough now", "areas": "310105001"}
    assert send("operator", "/console/accounts/users", **sent).status_code == 303
    assert send("operator", "/console/accounts/users", **sent).status_code == 422
    assert send("operator", "/console/accounts/users/new/disable").status_code == 303
    assert send("operator", "/console/accounts/users/operator/disable").status_code == 422
    state = rows(site_service, "SELECT disabled_at FROM console_users WHERE username = 'new'")
    assert state[0][0] is not None
    html = send("operator", "/console/accounts/keys", name="app", scope="suggestions").text
    secret = re.search(r"<code>(gxk_[^<]+)</code>", html)
    assert secret is not None
    assert secret[1] not in as_user("operator").get("/console/accounts").text
    key = rows(site_service, "SELECT key_id FROM api_keys WHERE name = 'app'")[0][0]
    assert send("operator", f"/console/accounts/keys/{key}/revoke").status_code == 303


def test_models_are_switched_with_a_reason_and_a_confirmation(
    as_user, send, site_service: Service
) -> None:
    path = "/console/models/m2/promote"
    assert send("operator", path, reason="x").status_code == 422
    assert send("operator", path, sure="true").status_code == 422
    assert send("operator", path, reason="better", sure="true").status_code == 303
    assert rows(site_service, "SELECT version FROM served_model") == [("m2",)]
    assert "operator: better" in as_user("operator").get("/console/operations").text
    back = send("operator", "/console/models/rollback", reason="no", sure="true")
    assert back.status_code == 303
    assert rows(site_service, "SELECT version FROM served_model") == [("m1",)]
    nowhere = send("operator", "/console/models/none/promote", reason="x", sure="true")
    assert nowhere.status_code == 409


def test_operations_tell_disk_and_nights(as_user, site_service: Service) -> None:
    assert "还没有训练过" in as_user("operator").get("/console/operations").text
    engine = site_service.database.engine()
    with record_run(engine, now=datetime(2026, 5, 1, 18, 15, tzinfo=UTC)) as record:
        record.fill("refused", "m3", datetime(2026, 5, 1, tzinfo=UTC), "bookings: <b>half</b> gone")
    html = as_user("operator").get("/console/operations").text
    run(site_service, "DELETE FROM retrain_runs")
    assert "未通过检查" in html
    assert "bookings: &lt;b&gt;half&lt;/b&gt; gone" in html
    assert "m3" in html
    assert "运行正常" in html
    assert "磁盘可用" in html
    assert "m1" in html
