"""What officers wrote is read cell by cell; what does not fit is told with cell and reason."""

import random
import zipfile
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from recommender.errors import UsageError
from serving.messages.catalogue import text
from serving.planning.decisions.filled_workbook import (
    UNPACKED_MAX,
    WorkbookRefusedError,
    read_workbook,
)


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


def _packed(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


@pytest.mark.parametrize(
    "content",
    [b"", b"line_id,decision\n", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0", _packed({"a": b"x"})],
)
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(WorkbookRefusedError, match=r"no \.xlsx workbook"):
        read_workbook(content)


def test_a_damaged_workbook_is_read_or_refused_in_a_sentence(workbook: bytes) -> None:
    rng, whole, told = random.Random(1), _parts(workbook), []
    for number in range(24):
        sent = bytearray(workbook)
        sent[rng.randrange(len(sent))] ^= 0xFF
        if number % 3 == 1:
            name = rng.choice(sorted(whole))
            sent = bytearray(_packed({**whole, name: whole[name][: len(whole[name]) // 2]}))
        elif number % 3 == 2:
            sent = bytearray(_packed({**whole, "xl/sharedStrings.xml": b"<sst/>"}))
        try:
            read_workbook(bytes(sent))
        except WorkbookRefusedError as refused:
            told.append(refused.code)
    assert len(told) > 8  # whatever else it raised has ended this test
    assert set(told) <= {"not_xlsx", "lacks_sheets"}


def test_error_values_are_no_words(workbook: bytes, fill, accepted) -> None:
    sent = fill(workbook, {"0001": {**accepted, "reason": "#N/A"}, "0002": accepted})
    assert openpyxl.load_workbook(BytesIO(sent))["明细"]["M7"].data_type == "e"
    found = read_workbook(sent)
    assert [each.line.line_id[-4:] for each in found.lines] == ["0002"]
    assert [(each.cell, each.code, each.values) for each in found.findings] == [
        ("M7", "error_cell", {"said": "#N/A"})
    ]


@pytest.mark.parametrize("cell", ["XFD1048576", "CV20000"])
def test_a_cell_in_the_last_corner_is_refused_before_it_costs_memory(
    workbook: bytes, cell: str
) -> None:
    def far(book: openpyxl.Workbook) -> None:
        book["明细"][cell] = 1

    with pytest.raises(WorkbookRefusedError, match="far outside") as refused:
        read_workbook(_changed(workbook, far))
    assert "远在表格之外" in text("decide.far_cells", "zh", **refused.value.values)


def test_what_unpacks_to_too_much_is_not_opened(workbook: bytes) -> None:
    swollen = {**_parts(workbook), "xl/sharedStrings.xml": b"A" * (UNPACKED_MAX + 1)}
    with pytest.raises(WorkbookRefusedError) as refused:
        read_workbook(_packed(swollen))
    assert refused.value.code == "too_large"
    assert refused.value.values["mb"] > 100


def test_every_refusal_of_a_workbook_has_its_sentences() -> None:
    values = {
        "mb": 1.0, "rows": 2, "columns": "乙", "lines": "明细", "data": "数据", "plan": "甲",
        "own": "丙", "line": "0001",
    }  # fmt: skip
    for code in (
        "not_xlsx", "too_large", "lacks_sheets", "earlier_release", "data_changed",
        "not_one_plan", "lacks_columns", "no_headings", "other_plan", "not_kept", "other_version",
    ):  # fmt: skip
        for lang in ("zh", "en"):
            assert "{" not in text(f"decide.{code}", lang, **values)


def test_hidden_and_filtered_rows_are_read_like_others(workbook: bytes, fill, accepted) -> None:
    sent = fill(workbook, {"0001": accepted, "0002": accepted})

    def hide(book: openpyxl.Workbook) -> None:
        book["明细"].row_dimensions[7].hidden = True
        book["明细"].auto_filter.ref = "A3:N7"
        book["数据"].sheet_state = "visible"

    found = read_workbook(_changed(sent, hide))
    assert ([each.cell for each in found.lines], found.findings) == (["K6", "K7"], ())


def test_a_merged_decision_counts_for_its_first_row_alone(workbook: bytes, fill, accepted) -> None:
    sent = fill(workbook, {"0001": accepted, "0002": accepted})

    def merge(book: openpyxl.Workbook) -> None:
        book["明细"].merge_cells("K6:K7")

    found = read_workbook(_changed(sent, merge))
    assert [each.line.line_id[-4:] for each in found.lines] == ["0002"]
    assert [(each.cell, each.code) for each in found.findings] == [("K7", "decision_missing")]
