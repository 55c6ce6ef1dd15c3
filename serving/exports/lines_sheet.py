"""The sheet on which officers decide: every line on A4, subtotals by page, lists to choose from."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from serving.exports.paper import (
    DECISION_COLUMNS,
    LINE_COLUMNS,
    WIDTHS,
    buyer_name,
    printed_lines,
    say,
    totals_of,
)
from serving.exports.sheets import COUNT, YUAN, Sheets, height_pt
from serving.planning.document import COLUMNS, PlanDocument

DECISIONS = ("accept", "change", "reject")
"""Decisions in the order of the list to choose from."""

SEEN_COLUMNS = ("decided", "decided_sessions", "decided_reason")
"""Of the hidden sheet: what stood decided when the workbook was made."""

HEAD_ROW = 2
"""Row of the headings, from 0; the lines begin below."""
OFFICER_CELL = (1, 10)
"""Row and column, from 0, of the officer's name."""

PAGE_PT = 372.0
"""Height for lines on A4 across, beside headings, sums, signatures and margins."""

REASON_MAX, SESSIONS_MAX = 500, 999
_NUMBERS = {
    "sessions": COUNT, "amount_yuan": YUAN, "expected": COUNT, "new_sessions": COUNT
}  # fmt: skip
_SCREEN = (
    ("reasons", "grounds", 50), ("warnings", "notes", 32), ("product_id", "product_id", 14),
    ("supplier_id", "supplier_id", 11), ("street_code", "street_code", 12),
    ("venue_id", "venue_id", 10),
)  # fmt: skip
"""Columns beside the printed ones: key, heading, width."""


def pages_of(heights: Sequence[float], room: float = PAGE_PT) -> list[int]:
    """How many lines each page holds.

    Parameters
    ----------
    heights
        Of every line, points.
    room
        Of a page, points.

    Returns
    -------
    Counts that add up to the number of lines; no page is higher than its room unless one line is.
    """
    counts: list[int] = []
    left = 0.0
    for height in heights:
        if not counts or height > left:
            counts.append(0)
            left = room
        counts[-1] += 1
        left -= height
    return counts


def write_lines(sheets: Sheets, document: PlanDocument) -> None:
    """Write the lines with their decision columns.

    Parameters
    ----------
    sheets
        The workbook.
    document
        The plan, or one buyer's part of it.
    """
    sheet = sheets.sheet(say("lines"))
    rows = printed_lines(document)
    for position, width in enumerate(WIDTHS):
        sheet.set_column(position, position, width)
    last = len(LINE_COLUMNS) - 1
    heading = say("lines_heading", buyer=buyer_name(document), period=document.period)
    sheet.set_row(0, 24)
    sheet.write_string(0, 0, heading, sheets.title)
    sheet.set_row(1, 28)
    row, column = OFFICER_CELL
    sheet.merge_range(row, 0, row, column - 2, say("how_to_decide"), sheets.note)
    sheet.write_string(row, column - 1, say("officer_name"), sheets.key)
    officers = {each.officer for each in document.decided.values()}
    officer = officers.pop() if len(officers) == 1 else ""
    sheet.merge_range(row, column, row, last, officer, sheets.cell(None, entry=True))
    headings = [say(f"column_{name}") for name in LINE_COLUMNS]
    sheet.set_row(HEAD_ROW, height_pt(headings, WIDTHS))
    for position, name in enumerate(headings):
        sheet.write_string(HEAD_ROW, position, name, sheets.head)
    for position, (_, name, width) in enumerate(_SCREEN, start=last + 1):
        sheet.set_column(position, position, width)
        sheet.write_string(HEAD_ROW, position, say(name), sheets.head)
    end = _body(sheets, sheet, rows, document.lines)
    sheet.freeze_panes(HEAD_ROW + 1, 3)
    sheet.repeat_rows(0, HEAD_ROW)
    sheet.print_area(0, 0, end, last)


def _body(sheets: Sheets, sheet: Any, rows: pd.DataFrame, lines: pd.DataFrame) -> int:
    """Pages of lines, each with its subtotal; returns the last row."""
    heights = [
        height_pt([cell if isinstance(cell, str) else "" for cell in cells], WIDTHS)
        for cells in rows[list(LINE_COLUMNS)].itertuples(index=False)
    ]
    row, start, breaks = HEAD_ROW + 1, 0, []
    for count in pages_of(heights):
        page = rows.iloc[start : start + count]
        first = row
        told = lines.loc[page.index, [name for name, _, _ in _SCREEN]].to_dict("records")
        for place, (cells, more) in enumerate(zip(page.to_dict("records"), told, strict=True)):
            sheet.set_row(row, heights[start + place])
            for position, name in enumerate(LINE_COLUMNS):
                style = sheets.cell(_NUMBERS.get(name), entry=name in DECISION_COLUMNS)
                sheets.put(sheet, row, position, cells[name], style)
            for position, (name, _, _) in enumerate(_SCREEN, start=len(LINE_COLUMNS)):
                words = more[name].replace(";", "；") if isinstance(more[name], str) else ""
                sheets.put(sheet, row, position, words, sheets.note)
            row += 1
        _validate(sheet, first, row - 1)
        _sums(sheets, sheet, row, say("page_total"), page)
        row, start = row + 1, start + count
        breaks.append(row)
    _sums(sheets, sheet, row, say("total"), rows)
    sheet.set_h_pagebreaks(breaks[:-1])
    sheet.set_row(row + 1, 26)
    sheet.merge_range(row + 1, 0, row + 1, len(LINE_COLUMNS) - 1, say("signatures"), sheets.note)
    return row + 1


def _sums(sheets: Sheets, sheet: Any, row: int, words: str, page: pd.DataFrame) -> None:
    sums = totals_of(page)
    for position, name in enumerate(LINE_COLUMNS):
        style = sheets.cell(_NUMBERS.get(name), total=True)
        sheets.put(sheet, row, position, sums.get(name, words if position == 1 else ""), style)


def _validate(sheet: Any, first: int, last: int) -> None:
    """Lists to choose from, and bounds, told where they are broken."""
    decision, new_sessions, reason, no_interest = range(
        len(LINE_COLUMNS) - len(DECISION_COLUMNS), len(LINE_COLUMNS)
    )
    words = [say(f"decision_{name}") for name in DECISIONS]
    told = {"error_title": say("cannot_enter")}
    sheet.data_validation(
        first, decision, last, decision,
        {"validate": "list", "source": words, "error_message": say("choose_decision"), **told},
    )  # fmt: skip
    sheet.data_validation(
        first, new_sessions, last, new_sessions,
        {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": SESSIONS_MAX,
         "error_message": say("whole_sessions"), **told},
    )  # fmt: skip
    sheet.data_validation(
        first, reason, last, reason,
        {"validate": "length", "criteria": "<=", "value": REASON_MAX,
         "error_message": say("shorter_reason", most=REASON_MAX), **told},
    )  # fmt: skip
    sheet.data_validation(
        first, no_interest, last, no_interest,
        {"validate": "list", "source": [say("yes")], "error_message": say("declare"), **told},
    )  # fmt: skip


def write_data(sheets: Sheets, document: PlanDocument) -> None:
    """Write the hidden sheet: the contract's columns, and what stood decided, for programs.

    Parameters
    ----------
    sheets
        The workbook.
    document
        The plan, or one buyer's part of it.
    """
    frame = document.lines
    names = [*COLUMNS, *SEEN_COLUMNS]
    sheet = sheets.book.add_worksheet(say("data"))
    for position, name in enumerate(names):
        sheet.write_string(0, position, name, sheets.head)
    for row, (own, cells) in enumerate(frame.iterrows(), start=1):
        del own
        made = document.decided.get(cells["line_id"])
        seen = (None,) * 3 if made is None else (made.decision, made.sessions, made.reason)
        for position, value in enumerate([*(cells[name] for name in COLUMNS), *seen]):
            if value is None or value is pd.NA or value != value or value == float("inf"):
                continue
            if isinstance(value, str):
                sheet.write_string(row, position, value)
            else:
                sheet.write(row, position, value)
    sheet.set_column(0, len(names) - 1, 16)
    sheet.freeze_panes(1, 1)
    sheet.hide()  # neither to print nor to scroll past; programs read it all the same
