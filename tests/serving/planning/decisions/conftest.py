"""A kept plan of four lines, its workbook, and a pen to fill it in."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa

from data.dataset import canonical
from data.schema import TABLES
from data.store.decisions import keep_plan
from data.store.store import Store
from serving.exports.lines_sheet import HEAD_ROW
from serving.exports.paper import LINE_COLUMNS
from serving.planning.decisions.deciding import standing_decisions
from serving.planning.kept_plans import plan_file

PLAN = "PLAN-2027Q1-0123456789ab"
NOW = datetime(2026, 12, 2, tzinfo=UTC)


def plan_content(plan: str = PLAN) -> dict[str, Any]:
    lines = [
        {
            "line_id": f"{plan}-{n:04d}", "plan_id": plan, "buyer_code": "S1", "buyer": "甲街道",
            "street_code": "S1", "street": "甲街道", "product_id": f"P{n}", "title": f"节目{n}",
            "category": "performance", "audience": "all", "supplier_id": "A", "supplier": "剧团",
            "venue_id": None, "venue": None, "period": "2027Q1", "sessions": 2,
            "amount_fen": 200_000 * n, "price_fen": 100_000 * n, "expected": 50.4, "low": 30.0,
            "high": 70.0, "marginal_fen_per_attendance": 1.0, "reasons": ["理由"], "warnings": [],
            "months": "2027-01×2", "dates": "", "new": False, "evidence_bookings": 12,
            "evidence_surveys": None, "model_version": "m1",
        }
        for n in range(1, 5)
    ]  # fmt: skip
    summary = {
        "status": "optimal", "gap": 0.0, "method": "milp", "budget_fen": 9_000_000,
        "amount_fen": 2_000_000, "sessions": 8, "products": 4, "suppliers": 1, "streets": 1,
        "expected": 201.6, "low": 120.0, "high": 280.0, "gini": 0.0,
        "fen_per_attendance": 9_920.6, "new_products_share": 0.0,
    }  # fmt: skip
    return {
        "plan_id": plan, "period": "2027Q1", "model_version": "m1",
        "data_date": "2026-11-30T00:00:00+00:00", "lines": lines, "summary": summary,
        "warnings": [], "rules": [], "stages": ["一"], "left_out": {},
        "recusals": [{"officer": "王敏", "supplier": "A", "reason": "亲属"}],
    }  # fmt: skip


@pytest.fixture
def content() -> dict[str, Any]:
    return plan_content()


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """A database with the plan in it."""
    store = Store.connect(database_url)
    rows = {
        "areas": [{"area_code": "S1", "name": "甲街道", "level": "street"}],
        "suppliers": [{"supplier_id": "A", "name": "剧团"}],
        "products": [
            {"product_id": f"P{n}", "supplier_id": "A", "title": f"节目{n}",
             "category": "performance"} for n in range(1, 5)
        ],
    }  # fmt: skip
    for name, each in rows.items():
        store.merge(name, canonical(pd.DataFrame(each), TABLES[name]))
    with store.engine.begin() as connection:
        keep_plan(connection, plan_content(), made_by="li", now=NOW)
    yield store.engine
    store.close()


@pytest.fixture
def workbook(content: dict[str, Any]) -> bytes:
    """The plan's workbook before anything is decided."""
    return plan_file(content, ".xlsx")


@pytest.fixture
def fresh(engine: sa.Engine, content: dict[str, Any]) -> Callable[[], bytes]:
    """Fetches the workbook with what stands decided."""

    def fetch() -> bytes:
        with engine.connect() as connection:
            return plan_file(content, ".xlsx", decided=standing_decisions(connection, content))

    return fetch


@pytest.fixture
def fill() -> Callable[..., bytes]:
    """Fills cells of the lines: ``fill(workbook, {"0001": {"decision": "采纳"}}, officer=...)``."""

    def write(content: bytes, rows: dict[str, dict[str, Any]], *, officer: str = "") -> bytes:
        book = openpyxl.load_workbook(BytesIO(content))
        sheet = book["明细"]
        for row in sheet.iter_rows(min_row=HEAD_ROW + 2):
            for name, value in rows.get(str(row[0].value), {}).items():
                row[LINE_COLUMNS.index(name)].value = value
        if officer:
            sheet.cell(2, 11).value = officer
        out = BytesIO()
        book.save(out)
        return out.getvalue()

    return write


@pytest.fixture
def accepted() -> dict[str, Any]:
    """Cells of a whole decision."""
    return {"decision": "采纳", "reason": "居民要求", "no_interest": "是"}
