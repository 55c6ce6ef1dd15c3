"""The plan's files open, add up and say the same."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from recommender.errors import UsageError
from serving.exports.ocds import release_package
from serving.exports.saving import save_plan
from serving.planning.document import COLUMNS, PlanDocument
from serving.planning.explanations import rule_label
from serving.planning.rules import PlanRules, describe


@pytest.fixture
def document() -> PlanDocument:
    rows = []
    for n in range(3):
        row = dict.fromkeys(COLUMNS)
        row |= {
            "line_id": f"PLAN-x-{n:04d}", "plan_id": "PLAN-x", "buyer_code": "S1", "buyer": "甲街",
            "street_code": "310105001", "street": "甲街", "product_id": f"P{n}",
            "supplier_id": "A", "supplier": "剧团", "venue_id": "V1", "venue": "中心",
            "period": "2027Q1",
            "sessions": n + 1, "amount_fen": 100_000 * (n + 1), "expected": 50.0, "low": 20.0,
            "high": 90.0, "marginal_fen_per_attendance": float("inf") if n == 2 else 2000.0,
            "reasons": "理由一;理由二", "warnings": "提示" if n == 0 else "", "title": "=1+1",
            "category": "film", "months": "2027-01×1", "price_fen": 100_000, "new": n == 0,
            "evidence_bookings": pd.NA, "evidence_surveys": 12, "model_version": "m1",
            "audience": "senior;family",
        }  # fmt: skip
        rows.append(row)
    return PlanDocument(
        plan_id="PLAN-x",
        period="2027Q1",
        model_version="m1",
        data_date=datetime(2026, 12, 1, tzinfo=UTC),
        lines=pd.DataFrame(rows, columns=list(COLUMNS)),
        summary={
            "status": "optimal", "gap": 0.001, "method": "milp", "budget_fen": 1_000_000,
            "amount_fen": 600_000, "sessions": 6, "products": 3, "suppliers": 1, "streets": 1,
            "expected": 150.0, "low": 60.0, "high": 270.0, "fen_per_attendance": 4000.0,
            "gini": 0.0, "new_products_share": 1 / 6,
        },
        warnings=("整体提示",),
        rules=(("plan.caution", "0.0", "default"), ("floor.x", "2", "line 3")),
        recusals=(),
        rules_text="",
        stages=("需求征集", "验收"),
        left_out={"P9": "没有价格"},
    )  # fmt: skip


def test_the_workbook_is_for_officers(document: PlanDocument, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "plan.xlsx"
    save_plan(document, out)
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == [
        "汇总", "明细", "按类别", "按人群", "按街镇", "按供应商", "规则", "提示", "未列入", "数据",
    ]  # fmt: skip
    assert book["数据"].sheet_state == "hidden"
    assert [cell.value for cell in book["规则"][2]][:3] == [
        "谨慎程度（1 按需求下限）", "plan.caution", "0.0",
    ]  # fmt: skip
    summary = {row[0].value: row[1].value for row in book["汇总"].iter_rows()}
    assert summary["采购方"] == "甲街"
    assert summary["建议金额（元）"] == 6000
    assert summary["预算使用率"] == pytest.approx(0.6)
    assert "□ 需求征集" in summary
    assert [row[3].value for row in book["提示"].iter_rows(min_row=2)] == ["整体提示", "提示"]


def test_an_ocds_release_keeps_the_standard(document: PlanDocument, tmp_path: Path) -> None:
    save_plan(document, tmp_path / "plan.ocds.json")
    package = json.loads((tmp_path / "plan.ocds.json").read_text(encoding="utf-8"))
    assert package["version"] == "1.1"
    assert {"uri", "publishedDate", "publisher", "releases"} <= set(package)
    for release in package["releases"]:
        # Required by the release schema, section "required".
        assert {"ocid", "id", "date", "tag", "initiationType"} <= set(release)
        assert release["tag"] == ["planning"]
        assert release["initiationType"] == "tender"
        known = {party["id"] for party in release["parties"]}
        assert release["buyer"]["id"] in known
        items = release["tender"]["items"]
        assert len({item["id"] for item in items}) == len(items)
        amounts = [item["quantity"] * item["unit"]["value"]["amount"] for item in items]
        assert sum(amounts) == pytest.approx(release["tender"]["value"]["amount"])
        assert release["planning"]["budget"]["amount"]["currency"] == "CNY"


TEXT, NUMBER, MOMENT = str, (int, float), "date-time"
VALUE: dict[str, Any] = {"amount": NUMBER, "currency": {"CNY"}}
ORGANIZATION: dict[str, Any] = {"id": TEXT, "name": TEXT}
RELEASE: dict[str, Any] = {
    "ocid": TEXT,
    "id": TEXT,
    "date": MOMENT,
    "tag": [{"planning", "planningUpdate", "tender", "award", "contract"}],
    "initiationType": {"tender"},
    "language": TEXT,
    "parties": [{**ORGANIZATION, "roles": [{"buyer", "procuringEntity", "supplier"}]}],
    "buyer": ORGANIZATION,
    "planning": {"rationale": TEXT, "budget": {"amount": VALUE, "description": TEXT}},
    "tender": {
        "id": TEXT,
        "title": TEXT,
        "status": {"planning", "planned", "active", "cancelled", "complete"},
        "value": VALUE,
        "mainProcurementCategory": {"goods", "works", "services"},
        "procuringEntity": ORGANIZATION,
        "items": [
            {
                "id": TEXT,
                "description": TEXT,
                "classification": {"scheme": TEXT, "id": TEXT, "description": TEXT},
                "quantity": int,
                "unit": {"name": TEXT, "value": VALUE},
            }
        ],
    },
}
"""The fields of the OCDS 1.1 release schema that a plan fills, with types and code lists."""


def faults(value: Any, rule: Any, where: str) -> list[str]:
    """What of a document breaks the schema: types, code lists, empty or unknown fields."""
    if isinstance(rule, dict):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        found = [f"{where}.{key} is unknown" for key in value.keys() - rule.keys()]
        found += [f"{where}.{key} is missing" for key in rule.keys() - value.keys()]
        for key in value.keys() & rule.keys():
            found += faults(value[key], rule[key], f"{where}.{key}")
        return found
    if isinstance(rule, list):
        if not isinstance(value, list) or not value:
            return [f"{where} is no list, or an empty one"]
        return [f for i, each in enumerate(value) for f in faults(each, rule[0], f"{where}[{i}]")]
    if isinstance(rule, set):
        return [] if value in rule else [f"{where}: {value} is not in the code list"]
    if rule == MOMENT:
        zoned = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
        return [] if re.fullmatch(zoned, value) else [f"{where}: {value} is no moment"]
    good = isinstance(value, rule) and not isinstance(value, bool) and value != ""
    return [] if good else [f"{where} is {value!r}"]


def test_an_ocds_release_keeps_the_schemas_types_and_codes(document: PlanDocument) -> None:
    package = release_package(document)
    head = {"uri": TEXT, "version": {"1.1"}, "publishedDate": MOMENT, "publisher": {"name": TEXT}}
    assert faults(package, {**head, "releases": [RELEASE]}, "package") == []
    spoilt = json.loads(json.dumps(package))
    spoilt["releases"][0]["date"] = "2026-12-01"
    spoilt["releases"][0]["tag"] = []
    del spoilt["releases"][0]["ocid"]
    assert len(faults(spoilt, {**head, "releases": [RELEASE]}, "package")) == 3


def test_csv_keeps_codes_and_contract_columns(document: PlanDocument, tmp_path: Path) -> None:
    save_plan(document, tmp_path / "plan.csv")
    back = pd.read_csv(tmp_path / "plan.csv", dtype=str)
    assert list(back.columns) == list(COLUMNS)
    assert back["street_code"].tolist() == ["310105001"] * 3
    assert back["amount_fen"].tolist() == ["100000", "200000", "300000"]


def test_json_has_lists(document: PlanDocument, tmp_path: Path) -> None:
    save_plan(document, tmp_path / "plan.json")
    content = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert content["lines"][0]["reasons"] == ["理由一", "理由二"]
    assert content["lines"][2]["marginal_fen_per_attendance"] is None
    assert content["summary"]["amount_fen"] == 600_000


def test_other_endings_are_refused(document: PlanDocument, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write a plan as \.docx"):
        save_plan(document, tmp_path / "plan.docx")


def test_every_rule_has_words() -> None:
    names = [name for name, _, _ in describe(PlanRules())]
    assert [name for name in names if rule_label(name) == name] == []
