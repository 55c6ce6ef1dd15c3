"""From a kept plan to acceptance by the command line, on a real PostgreSQL."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

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
    line = {
        "line_id": LINE, "buyer_code": "S1", "product_id": "P1", "supplier_id": "A",
        "venue_id": None, "sessions": 2, "amount_fen": 1_000_000,
    }  # fmt: skip
    document = {
        "plan_id": LINE.rpartition("-")[0], "period": "2027Q1", "model_version": "m1",
        "data_date": "2026-11-30T00:00:00+00:00", "lines": [line], "stages": ["下单", "验收"],
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
