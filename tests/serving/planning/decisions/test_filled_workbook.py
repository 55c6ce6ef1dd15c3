"""What officers wrote is read cell by cell; what does not fit is told with cell and reason."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest

from recommender.errors import UsageError
from serving.messages.catalogue import text
from serving.planning.decisions.filled_workbook import read_workbook


def test_an_empty_workbook_has_nothing_but_open_lines(workbook: bytes) -> None:
    found = read_workbook(workbook)
    assert (found.lines, found.findings, found.open_lines) == ((), (), 4)
    assert found.plan_id == "PLAN-2027Q1-0123456789ab"
    assert [line.amount_fen for line in found.offered] == [200_000, 400_000, 600_000, 800_000]


def test_decisions_are_read_with_their_cells(workbook: bytes, fill, accepted) -> None:
    sent = fill(
        workbook,
        {
            "0001": accepted,
            "0002": {**accepted, "decision": " 调整 ", "new_sessions": 3.0},
            "0003": {**accepted, "decision": "不采纳", "reason": "已有", "no_interest": "√"},
        },
        officer="李红",
    )
    found = read_workbook(sent)
    assert found.findings == ()
    told = {
        each.line.line_id[-4:]: (each.decision, each.sessions, each.reason) for each in found.lines
    }
    assert told == {
        "0001": ("accept", None, "居民要求"),
        "0002": ("change", 3, "居民要求"),
        "0003": ("reject", None, "已有"),
    }
    assert found.officer == "李红"
    assert found.open_lines == 1
    sheet = openpyxl.load_workbook(BytesIO(sent))["明细"]
    assert {sheet[each.cell].value for each in found.lines} == {"采纳", " 调整 ", "不采纳"}


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"decision": "同意"}, "decision", "decision_unknown"),
        ({"decision": None}, "decision", "decision_missing"),
        ({"decision": "=A1"}, "decision", "formula"),
        ({"decision": "调整"}, "new_sessions", "sessions_missing"),
        ({"decision": "调整", "new_sessions": "两"}, "new_sessions", "sessions_wrong"),
        ({"decision": "调整", "new_sessions": 0}, "new_sessions", "sessions_wrong"),
        ({"decision": "调整", "new_sessions": 1.5}, "new_sessions", "sessions_wrong"),
        ({"decision": "调整", "new_sessions": 1000}, "new_sessions", "sessions_wrong"),
        ({"new_sessions": 3}, "new_sessions", "sessions_without_change"),
        ({"reason": "  "}, "reason", "reason_missing"),
        ({"reason": "长" * 501}, "reason", "reason_long"),
        ({"no_interest": None}, "no_interest", "declaration_missing"),
        ({"no_interest": "否"}, "no_interest", "own_interest"),
        ({"no_interest": "也许"}, "no_interest", "declaration_unknown"),
        ({"product": "别的节目"}, "product", "other_product"),
        ({"sessions": 5}, "sessions", "sessions_changed"),
        ({"amount_yuan": 1}, "amount_yuan", "amount_changed"),
    ],
)
def test_what_does_not_fit_is_told_with_its_cell(
    workbook: bytes, fill, accepted, cells: dict[str, Any], column: str, code: str
) -> None:
    from serving.exports.paper import LINE_COLUMNS

    found = read_workbook(fill(workbook, {"0001": {**accepted, **cells}, "0002": accepted}))
    assert [each.line.line_id[-4:] for each in found.lines] == ["0002"]  # nothing else is lost
    (finding,) = found.findings
    letter = openpyxl.utils.get_column_letter(LINE_COLUMNS.index(column) + 1)
    assert finding.code == code
    assert finding.cell.rstrip("0123456789") == letter
    assert finding.line_id.endswith("0001")
    assert found.open_lines == 2
    for lang in ("zh", "en"):
        assert "{" not in text(f"decide.{code}", lang, **finding.values)


def _changed(content: bytes, change) -> bytes:
    book = openpyxl.load_workbook(BytesIO(content))
    change(book)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def test_rows_in_another_order_are_the_same_lines(workbook: bytes, fill, accepted) -> None:
    sent = fill(workbook, {"0004": accepted})

    def turn(book: openpyxl.Workbook) -> None:
        sheet = book["明细"]
        rows = [[cell.value for cell in row] for row in sheet["A4:N7"]]
        for row, values in zip(sheet["A4:N7"], reversed(rows), strict=True):
            for cell, value in zip(row, values, strict=True):
                cell.value = value

    found = read_workbook(_changed(sent, turn))
    assert [each.line.line_id[-4:] for each in found.lines] == ["0004"]
    assert found.findings == ()


def test_lines_twice_lost_or_unknown_are_told(workbook: bytes, fill, accepted) -> None:
    sent = fill(workbook, {"0001": accepted, "0002": accepted, "0003": accepted})

    def spoil(book: openpyxl.Workbook) -> None:
        sheet = book["明细"]
        numbers = {sheet.cell(row, 1).value: row for row in range(4, 8)}
        sheet.cell(numbers["0002"], 1).value = 1  # as programs write 0001
        sheet.cell(numbers["0003"], 1).value = "0099"
        sheet.cell(8, 11).value = "采纳"  # in the row of the subtotal

    found = read_workbook(_changed(sent, spoil))
    assert found.lines == ()
    codes = sorted((each.code, each.line_id[-4:]) for each in found.findings)
    assert codes == [
        ("amount_changed", "0001"), ("line_twice", "0001"), ("line_twice", "0001"), ("no_line", ""),
        ("other_product", "0001"), ("row_missing", "0002"), ("row_missing", "0003"),
        ("unknown_line", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda book: book.remove(book["数据"]), "lacks the sheets 明细 and 数据"),
        (lambda book: book["数据"].delete_cols(30, 9), "an earlier release"),
        (lambda book: book["明细"].delete_cols(11), "no row of headings"),
        (lambda book: book["明细"].delete_cols(13), "lacks 理由"),
        (lambda book: book["数据"].delete_rows(2, 9), "no line"),
    ],
)
def test_what_is_no_workbook_of_a_plan_is_refused(workbook: bytes, change, told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        read_workbook(_changed(workbook, change))
    assert "gongxu plans save" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"line_id,decision\n", b"PK\x03\x04 broken"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"no \.xlsx workbook"):
        read_workbook(content)
