"""A plan of two buyers, without solving one."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from serving.exports.sheets import pixels
from serving.planning.document import COLUMNS, Decided, PlanDocument

PLAN = "PLAN-2027Q1-0123456789ab"


@pytest.fixture
def paper_plan() -> PlanDocument:
    """Forty lines of the district's in two streets, two of a street's own; one is decided."""
    rows = []
    for n in range(42):
        street = ("310105001", "甲街道") if n % 2 else ("310105002", "乙镇")
        buyer = ("310105", "长宁区") if n < 40 else street
        row = dict.fromkeys(COLUMNS)
        row |= {
            "line_id": f"{PLAN}-{n + 1:04d}", "plan_id": PLAN, "buyer_code": buyer[0],
            "buyer": buyer[1], "street_code": street[0], "street": street[1],
            "product_id": f"P{n}", "title": f"=节目{n}" + "很长的名字" * (n % 5),
            "category": ("performance", "lecture")[n % 2], "audience": ("senior", "all")[n % 2],
            "supplier_id": "A", "supplier": "剧团", "venue_id": "V1", "venue": "社区文化活动中心",
            "period": "2027Q1", "sessions": 1 + n % 3, "amount_fen": (1 + n % 3) * 150_050,
            "price_fen": 150_050, "expected": 20.4, "low": 10.2, "high": 31.6,
            "marginal_fen_per_attendance": 2000.0, "reasons": "理由一;理由二",
            "warnings": "场馆较小;区间宽" if n == 0 else "", "months": "2027-01×1;2027-03×1",
            "dates": "2027-01-16 14:00;2027-03-02 09:30" if n % 3 else "2027-01-16/2027-01-29",
            "new": n % 4 == 0, "evidence_bookings": 12, "evidence_surveys": pd.NA,
            "model_version": "m1",
        }  # fmt: skip
        rows.append(row)
    lines = pd.DataFrame(rows, columns=list(COLUMNS))
    total = int(lines["amount_fen"].sum())
    return PlanDocument(
        plan_id=PLAN,
        period="2027Q1",
        model_version="m1",
        data_date=datetime(2026, 12, 1, tzinfo=UTC),
        lines=lines,
        summary={
            "status": "optimal", "gap": 0.001, "method": "milp", "budget_fen": 20_000_000,
            "amount_fen": total, "sessions": int(lines["sessions"].sum()), "products": 42,
            "suppliers": 1, "streets": 2, "expected": 856.8, "low": 700.0, "high": 1000.0,
            "fen_per_attendance": total / 856.8, "gini": 0.02, "new_products_share": 0.2,
            "matching": 0.8, "matching_by_street": {"310105001": 0.7, "310105002": 0.9},
            "wants": {"performance": {"wants": 0.6, "attendances": 0.5}},
            "buyers": {
                "310105": {"name": "长宁区", "budget_fen": 19_000_000, "low": 650, "high": 950},
                "310105001": {"name": "甲街道", "budget_fen": 1_000_000, "low": 10, "high": 32},
            },
            "of_streets": {
                "310105001": {"people": 100, "wants": {"performance": 0.5, "lecture": 0.5},
                              "audiences": {"senior": 0.75, "adult": 0.25},
                              "ages": {"senior": 0.3, "adult": 0.7}},
                "310105002": {"people": 300, "wants": {"performance": 0.9, "lecture": 0.1},
                              "audiences": {"senior": 0.25, "adult": 0.75},
                              "ages": {"senior": 0.5, "adult": 0.5}},
            },
        },
        warnings=("整体提示",),
        rules=(("plan.caution", "0.0", "default"),),
        recusals=(),
        rules_text="",
        stages=("需求征集", "验收"),
        left_out={"P99": "没有价格"},
        last_year=pd.DataFrame(
            {"street_code": ["310105001", "310105002"], "category": ["lecture", "performance"],
             "sessions": [3, 5], "amount_fen": [300_000, 900_000],
             "attendances": pd.array([60, None], dtype="Int64")}
        ),
        decided={f"{PLAN}-0001": Decided("change", 2, "李红", "场地小", "approved")},
    )  # fmt: skip


@pytest.fixture(scope="session")
def width_px():
    """How wide the first columns of a sheet are together, in pixels."""

    def measure(sheet, last: int) -> int:
        wide = {}
        for each in sheet.column_dimensions.values():  # equal neighbours are one entry
            wide |= dict.fromkeys(range(each.min, each.max + 1), each.width)
        # A file holds a column's padding in its width; a writer's width has none.
        return pixels([wide[n] - 5 / 7 for n in range(1, last + 1)])

    return measure
