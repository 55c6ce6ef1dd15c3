"""Demand as a workbook: a sheet a street, whole people, suppressed figures stay empty."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pandas as pd
import pytest

from serving.exports.demand_workbook import write_demand
from serving.exports.sheets import ACROSS

MODEL: Any = SimpleNamespace(
    streets=SimpleNamespace(ids=("S1", "S2", "S3")), street_names=("甲[街]道", "乙镇", "")
)


def rows() -> pd.DataFrame:
    made = [
        {"rank": n + 1, "street_code": f"S{1 + n % 3}", "product_id": f"P{n}",
         "title": f"=节目{n}", "category": "lecture", "expected": 401.89 - n, "low": 200.4,
         "high": 600.6, "supply": 100.0, "gap": 301.89 - n, "suppressed": False,
         "evidence_bookings": 12, "evidence_surveys": None}
        for n in range(6)
    ]  # fmt: skip
    frame = pd.DataFrame(made)
    frame.loc[5, ["expected", "low", "high", "gap"]] = None
    frame.loc[5, "suppressed"] = True
    return frame


@pytest.fixture
def book(tmp_path: Path) -> openpyxl.Workbook:
    write_demand(MODEL, rows(), "2027Q1", tmp_path / "deep" / "demand.xlsx")
    return openpyxl.load_workbook(tmp_path / "deep" / "demand.xlsx")


def test_a_sheet_for_all_and_one_a_street(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == ["全部街镇", "甲街道", "乙镇", "S3", "说明"]
    every = book["全部街镇"]
    assert [cell.value for cell in every[1]][:5] == ["排名", "街镇", "产品", "类别", "预计人次"]
    assert [cell.value for cell in every[2]][:8] == [
        1, "甲[街]道", "=节目0", "讲座", 402, 200, 601, 100,
    ]  # fmt: skip
    assert every.max_row == 7
    assert [row[0] for row in book["乙镇"].iter_rows(min_row=2, values_only=True)] == [1, 2]
    hidden = next(row for row in book["S3"].iter_rows(values_only=True) if "节目5" in str(row[2]))
    assert hidden[2] == "=节目5（依据不足十人，不予显示）"
    assert hidden[4:7] == (None, None, None)


def test_it_is_printed_on_a4_at_nine_points(book: openpyxl.Workbook, width_px) -> None:
    for sheet in book.worksheets[:-1]:
        assert width_px(sheet, sheet.max_column) <= ACROSS
        assert sheet.print_title_rows == "$1:$1"
        assert sheet["A2"].font.sz >= 9


def test_one_street_needs_no_sheet_for_all(tmp_path: Path) -> None:
    frame = rows()
    write_demand(MODEL, frame[frame["street_code"] == "S2"], "2027Q1", tmp_path / "d.xlsx")
    assert openpyxl.load_workbook(tmp_path / "d.xlsx").sheetnames == ["乙镇", "说明"]
