"""From a kept plan to acceptance by the command line, on a real PostgreSQL."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from data.dataset import canonical
from data.schema import TABLES
from data.store.decisions import keep_plan
from data.store.store import Store
from recommender.errors import UsageError
from serving.cli.app import app
from serving.planning.document import COLUMNS

Call = Callable[..., Result]

LINE = "PLAN-2027Q1-0123456789ab-0001"


@pytest.fixture
def call(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("GONGXU_DATABASE_URL", database_url)
    store = Store.connect(database_url)
    rows = {
        "areas": {"area_code": "S1", "name": "街道", "level": "street"},
        "suppliers": {"supplier_id": "A", "name": "甲"},
        "products": {
            "product_id": "P1", "supplier_id": "A", "title": "演出", "category": "performance"
        },
    }  # fmt: skip
    for name, row in rows.items():
        store.merge(name, canonical(pd.DataFrame([row]), TABLES[name]))
    line = dict.fromkeys(COLUMNS) | {
        "line_id": LINE, "plan_id": LINE.rpartition("-")[0], "buyer_code": "S1", "buyer": "街道",
        "street_code": "S1", "street": "街道", "product_id": "P1", "title": "演出",
        "supplier_id": "A", "category": "performance", "sessions": 2, "amount_fen": 1_000_000,
        "expected": 50.4, "low": 30.0, "high": 70.0, "reasons": [], "warnings": [], "new": False,
    }  # fmt: skip
    summary = dict.fromkeys(("budget_fen", "amount_fen"), 1_000_000) | {
        "status": "optimal", "gap": 0.0, "sessions": 2, "products": 1, "suppliers": 1, "streets": 1,
        "expected": 50.4, "low": 30.0, "high": 70.0, "fen_per_attendance": 19_841.3, "gini": 0.0,
        "new_products_share": 0.0,
    }  # fmt: skip
    document = {
        "plan_id": LINE.rpartition("-")[0], "period": "2027Q1", "model_version": "m1",
        "data_date": "2026-11-30T00:00:00+00:00", "lines": [line], "stages": ["下单", "验收"],
        "summary": summary, "warnings": [], "left_out": {},
        "rules": [{"rule": "recuse", "value": "wang A 亲属", "where": "file"}],
    }  # fmt: skip
    with store.engine.begin() as connection:
        keep_plan(connection, document, made_by="li", now=datetime(2026, 12, 1, tzinfo=UTC))
    store.close()

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return run


def test_a_line_goes_all_the_way_and_leaves_its_trail(call: Call, database_url: str) -> None:
    refused = call("decide", LINE, "accept", "--reason", "合适", "--by", "wang", "--no-conflict")
    assert isinstance(refused.exception, UsageError)
    assert "wang is recused from A" in str(refused.exception)
    undeclared = call("decide", LINE, "accept", "--reason", "合适", "--by", "li")
    assert "declaration" in str(undeclared.exception)

    made = call(
        "decide", LINE, "change", "--sessions", "1", "--reason", "场地小", "--by", "li",
        "--no-conflict",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert "cannot become accepted" in str(
        call("orders", "advance", LINE, "accepted", "--by", "li").exception
    )
    for step in ("ordered", "delivered"):
        assert call("orders", "advance", LINE, step, "--by", "li").exit_code == 0
    done = call("orders", "advance", LINE, "accepted", "--by", "chen", "--satisfaction", "4")
    assert done.exit_code == 0
    orders = json.loads(call("orders", "list", "--status", "accepted", "--format", "json").stdout)
    assert [(o["sessions"], o["amount_fen"], o["satisfaction"]) for o in orders] == [
        (1, 500_000, 4)
    ]

    plan = LINE.rpartition("-")[0]
    ticked = call("stages", plan, "--done", "下单", "--by", "li", "--format", "json")
    assert [row["passed"] for row in json.loads(ticked.stdout)] == [True, False]

    entries = json.loads(call("audit", "list", "--format", "json").stdout)
    assert [entry["action"] for entry in entries] == [
        "plan", "decision.change", "order.ordered", "order.delivered", "order.accepted", "stage",
    ]  # fmt: skip
    assert call("audit", "verify").exit_code == 0
    engine = sa.create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        connection.execute(sa.text("UPDATE audit SET actor = 'zhao' WHERE entry = 5"))
        connection.execute(sa.text("ALTER TABLE audit ENABLE TRIGGER audit_append_only"))
    engine.dispose()
    broken = call("audit", "verify")
    assert broken.exit_code == 1
    assert "broken at entry 5: its content was changed" in str(broken.exception)


STEPS = ("ordered", "delivered", "accepted")


def test_an_order_takes_no_step_out_of_its_order(call: Call) -> None:
    def step(to: str) -> Result:
        return call("orders", "advance", LINE, to, "--by", "li")

    assert all("is unknown" in str(step(each).exception) for each in STEPS)
    decision = ("decide", LINE, "采纳", "--reason", "合适", "--by", "li", "--no-conflict")
    assert call(*decision).exit_code == 0
    for now in STEPS:
        for wrong in {"proposed", "approved", *STEPS} - {now}:
            assert f"cannot become {wrong}" in str(step(wrong).exception)
        assert step({"ordered": "已下单"}.get(now, now)).exit_code == 0
        assert "cannot be re-decided" in str(call(*decision).exception)


def test_a_kept_plan_is_listed_and_its_workbook_read_back(call: Call, tmp_path: Path) -> None:
    plan = LINE.rpartition("-")[0]
    listed = json.loads(call("plans", "list", "--format", "json").stdout)
    assert [(row["plan_id"], row["lines"], row["decided"]) for row in listed] == [(plan, 1, 0)]
    assert call("plans", "save", plan, "--buyer", "街道", "--out", str(tmp_path)).exit_code == 0
    (file,) = tmp_path.glob("*.xlsx")
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".pdf", ".xlsx"]
    book = openpyxl.load_workbook(file)
    row = next(row for row in book["明细"].iter_rows(min_row=4) if row[0].value == "0001")
    for cell, value in zip(row[10:14], ("采纳", None, "合适", None), strict=True):
        cell.value = value
    book.save(file)

    refused = call("decide", "--from", str(file), "--by", "li")
    assert refused.exit_code == 3 or refused.exception.exit_code == 3
    assert row[13].coordinate in refused.output
    assert "没有声明无利益冲突" in refused.output
    assert "nobody is named" in str(call("decide", "--from", str(file)).exception)

    row[13].value = "是"
    book["明细"].cell(2, 11).value = "李红"
    book.save(file)
    judged = call("decide", "--from", str(file), "--dry-run")
    assert judged.exit_code == 0
    assert "未作记录：可记录 1 行" in judged.output
    assert json.loads(call("orders", "list", "--format", "json").stdout) == []
    strict = call("decide", "--from", str(file), "--strict", "--format", "json")
    assert [each["outcome"] for each in json.loads(strict.stdout)] == ["taken"]
    again = call("decide", "--from", str(file), "--format", "json")
    assert [each["outcome"] for each in json.loads(again.stdout)] == ["unchanged"]
    (order,) = json.loads(call("orders", "list", "--format", "json").stdout)
    assert (order["order_id"], order["decided_by"], order["sessions"]) == (LINE, "李红", 2)
    assert "¥" not in call("orders", "list").stdout
    assert "10,000" in call("orders", "list").stdout  # yuan
    missing = call("decide", "--from", str(tmp_path / "none.xlsx"), "--by", "li")
    assert "cannot read" in str(missing.exception)
