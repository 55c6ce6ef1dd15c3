"""The sheet to decide on: pages with subtotals, repeated headings, lists to choose from."""

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.exports.lines_sheet import HEAD_ROW, PAGE_PT, pages_of
from serving.exports.paper import LINE_COLUMNS
from serving.exports.saving import save_plan
from serving.planning.document import PlanDocument


@given(st.lists(st.floats(1, 500), max_size=60))
def test_pages_hold_every_line_once_and_none_overflows(heights: list[float]) -> None:
    counts = pages_of(heights)
    assert sum(counts) == len(heights)
    start = 0
    for count in counts:
        page = heights[start : start + count]
        assert count == 1 or sum(page) <= PAGE_PT + 1e-6
        start += count


@pytest.fixture
def sheet(paper_plan: PlanDocument, tmp_path: Path):
    save_plan(paper_plan, tmp_path / "plan.xlsx")
    return openpyxl.load_workbook(tmp_path / "plan.xlsx")["明细"]


def test_headings_repeat_and_every_page_ends_with_its_subtotal(sheet) -> None:
    assert sheet.print_title_rows == f"$1:${HEAD_ROW + 1}"
    assert sheet["A1"].value == "公共文化采购建议 2027Q1　全部采购方"
    breaks = [each.id for each in sheet.row_breaks.brk]
    assert len(breaks) >= 2
    columns = {name: LINE_COLUMNS.index(name) for name in ("sessions", "amount_yuan")}
    rows = list(sheet.iter_rows(min_row=HEAD_ROW + 2, values_only=True))
    marks = [n for n, row in enumerate(rows) if row[1] == "本页小计"]
    assert [n + HEAD_ROW + 2 for n in marks[:-1]] == breaks
    start, found = 0, 0
    for mark in marks:
        page = rows[start:mark]
        for place in columns.values():
            assert rows[mark][place] == pytest.approx(sum(row[place] for row in page))
        found, start = found + len(page), mark + 1
    assert found == 42
    total = next(row for row in rows if row[1] == "合计")
    assert total[columns["amount_yuan"]] == pytest.approx(
        sum(rows[mark][columns["amount_yuan"]] for mark in marks)
    )


def test_officers_choose_from_lists(sheet) -> None:
    kinds = {each.type: each for each in sheet.data_validations.dataValidation}
    lists = {each.formula1 for each in sheet.data_validations.dataValidation if each.type == "list"}
    assert lists == {'"采纳,调整,不采纳"', '"是"'}
    assert (kinds["whole"].formula1, kinds["whole"].formula2) == ("1", "999")
    first = sheet.cell(HEAD_ROW + 2, LINE_COLUMNS.index("decision") + 1)
    assert any(
        first.coordinate in each.sqref
        for each in sheet.data_validations.dataValidation
        if each.type == "list"
    )


def test_titles_are_texts_and_decisions_so_far_are_filled_in(sheet) -> None:
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=HEAD_ROW + 2)}
    assert rows["0001"][2].data_type == "s"
    at = LINE_COLUMNS.index("decision")
    assert [cell.value for cell in rows["0001"][at : at + 4]] == ["调整", 2, "场地小", "是"]
    assert [cell.value for cell in rows["0002"][at : at + 4]] == [None] * 4
