"""A plan as a PDF to sign: a sheet of figures a buyer, then every line, with subtotals by page."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from serving.exports.lines_sheet import DECISIONS, pages_of
from serving.exports.paper import (
    DECISION_COLUMNS,
    LINE_COLUMNS,
    SUMS,
    audiences_beside,
    buyer_name,
    buyers_of,
    for_buyer,
    notes_of,
    printed_lines,
    say,
    totals_of,
    wants_beside,
    whole,
)
from serving.planning.document import PlanDocument

FONT = "STSong-Light"
"""One of the fonts that readers of PDF bring along for Chinese; no font file is needed."""

SIZE = 9
"""Of the smallest print on a page, in points."""

_MM = (11, 17, 52, 28, 19, 10, 20, 12, 17, 18, 21, 12, 27, 13)
"""Widths of the lines' columns; together A4 across without its margins."""

_MARGIN, _FOOT = 10 * mm, 14 * mm
_ROOM = 138 * mm  # for lines on one page, beside heading, subtotal and signatures
_BLUE, _PALE, _GREY = HexColor("#1F4E78"), HexColor("#EAF1F8"), HexColor("#777777")


def write_pages(document: PlanDocument, out: Path) -> None:
    """Write the PDF, largest buyer first; each buyer begins on a page of its own.

    Parameters
    ----------
    document
        The plan, or one buyer's part of it.
    out
        The file; its folder is made where it is missing.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    story: list[Flowable] = []
    for code, _ in buyers_of(document):
        story += [PageBreak()] if story else []
        own = for_buyer(document, code)
        story += [*_figures(own), PageBreak(), *_lines(own)]
    if not story:
        story = [_text(say("no_lines"), 12)]
    out.parent.mkdir(parents=True, exist_ok=True)
    template = SimpleDocTemplate(
        str(out), pagesize=landscape(A4), leftMargin=_MARGIN, rightMargin=_MARGIN,
        topMargin=_MARGIN, bottomMargin=_FOOT, title=say("title", period=document.period),
        author="gongxu", invariant=1,
    )  # fmt: skip

    def foot(canvas: Any, _: Any) -> None:
        canvas.setFont(FONT, SIZE)
        canvas.setFillColor(_GREY)
        words = say("page_foot", plan=document.plan_id, version=document.model_version)
        canvas.drawString(_MARGIN, 8 * mm, words)
        number = say("page_number", page=canvas.getPageNumber())
        canvas.drawRightString(landscape(A4)[0] - _MARGIN, 8 * mm, number)

    template.build(story, onFirstPage=foot, onLaterPages=foot)


def _figures(document: PlanDocument) -> list[Flowable]:
    """The first page: figures, wants beside the plan and last year, audiences, notes."""
    s, before = document.summary, document.last_year
    used = s["amount_fen"] / max(1, s["budget_fen"])
    people = before["attendances"].dropna()
    figures = [
        (say("budget_yuan"), f"{s['budget_fen'] / 100:,.0f}"),
        (say("planned_yuan"), f"{s['amount_fen'] / 100:,.0f}（{used:.0%}）"),
        (say("sessions"), f"{s['sessions']:,}"),
        (say("last_sessions"), f"{int(before['sessions'].sum()):,}" if len(before) else "—"),
        (say("expected"), f"{whole(s['expected']):,}（{s['low']:,.0f}–{s['high']:,.0f}）"),
        (say("last_attendances"), f"{int(people.sum()):,}" if len(people) else "—"),
        (say("cost_each"), f"{(s['fen_per_attendance'] or 0) / 100:,.1f}"),
        (say("matching"), "—" if s.get("matching") is None else f"{s['matching']:.0%}"),
    ]
    width = (landscape(A4)[0] - 2 * _MARGIN) / len(figures)
    story: list[Flowable] = [
        _text(_heading(document), 16),
        Spacer(1, 2 * mm),
        _text(say("disclaimer"), SIZE, "#444444"),
        Spacer(1, 2 * mm),
        _grid(
            [[_text(name, SIZE, "#555555") for name, _ in figures],
             [_text(value, 11) for _, value in figures]],
            [width] * len(figures), head=False,
        ),
        Spacer(1, 4 * mm),
    ]  # fmt: skip
    wants = _compared(
        wants_beside(document),
        (
            ("category", "label"), ("wants_share", "wants"), ("attendances_share", "attendances"),
            ("share", "amount"), ("sessions", "sessions"), ("last_sessions", "last_sessions"),
            ("last_attendances", "last_attendances"),
        ),
        [22 * mm] + [19 * mm] * 6,
    )  # fmt: skip
    audiences = _compared(
        audiences_beside(document),
        (
            ("audience", "label"), ("residents_share", "residents"), ("wants_share", "wants"),
            ("attendances_share", "attendances"), ("share", "amount"),
        ),
        [18 * mm] + [19 * mm] * 4,
    )  # fmt: skip
    sides = Table([[wants, audiences]], colWidths=[146 * mm, 131 * mm])
    sides.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    story += [sides, Spacer(1, 3 * mm)]
    story += [
        _text(f"{say('notes')}：{note[3]}", SIZE) for note in notes_of(document) if not note[0]
    ]
    return story


def _compared(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[tuple[str, str]],
    widths: Sequence[float],
) -> Table:
    shares = ("wants", "attendances", "amount", "residents")

    def cell(row: Mapping[str, Any], key: str) -> Paragraph:
        value = row[key]
        if value is None:
            return _text("—", SIZE)
        if isinstance(value, str):
            return _text(value, SIZE)
        return _text(f"{value:.0%}" if key in shares else f"{value:,.0f}", SIZE)

    head = [_text(say(name), SIZE, "#FFFFFF") for name, _ in columns]
    return _grid([head, *([cell(row, key) for _, key in columns] for row in rows)], widths)


def _lines(document: PlanDocument) -> list[Flowable]:
    """Every line; a page ends with its subtotal, the last one with the total and signatures."""
    rows = printed_lines(document)
    head = [_text(say(f"column_{name}"), SIZE, "#FFFFFF") for name in LINE_COLUMNS]
    widths = [width * mm for width in _MM]
    cells = [_cells(row) for row in rows.to_dict("records")]
    heights = [
        max(_height(cell, width - 4) for cell, width in zip(line, widths, strict=True)) + 3
        for line in cells
    ]
    story: list[Flowable] = []
    start = 0
    for count in pages_of(heights, _ROOM):
        story += [PageBreak()] if story else []
        page = rows.iloc[start : start + count]
        body = [head, *cells[start : start + count], _sums(say("page_total"), page)]
        start += count
        if start == len(rows):
            body.append(_sums(say("total"), rows))
        story += [_text(_heading(document), 12), Spacer(1, 1.5 * mm), _grid(body, widths)]
    return [*story, Spacer(1, 5 * mm), _text(say("signatures"), 11)]


def _height(cell: Sequence[Paragraph], width: float) -> float:
    return sum(float(line.wrap(width, 1000)[1]) for line in cell)


def _cells(row: dict[Hashable, Any]) -> list[list[Paragraph]]:
    accept, change, reject = (f"□{say(f'decision_{name}')}" for name in DECISIONS)
    boxes = f"{accept} {change}\n{reject}"
    words = {
        **row,
        "sessions": f"{row['sessions']:,}",
        "amount_yuan": f"{row['amount_yuan']:,.2f}".removesuffix(".00"),
        "expected": f"{row['expected']:,}",
    }
    if not isinstance(row["decision"], str):
        words |= {"decision": boxes, **dict.fromkeys(DECISION_COLUMNS[1:], "")}
    elif row["new_sessions"] is None or row["new_sessions"] != row["new_sessions"]:
        words["new_sessions"] = ""
    else:
        words["new_sessions"] = f"{row['new_sessions']:.0f}"
    return [
        [_text(line, SIZE, right=name in SUMS) for line in str(words[name]).split("\n")]
        for name in LINE_COLUMNS
    ]


def _sums(words: str, page: pd.DataFrame) -> list[Paragraph]:
    told = {name: f"{sum_:,.2f}".removesuffix(".00") for name, sum_ in totals_of(page).items()}
    return [
        _text(told.get(name, words if name == "product" else ""), SIZE, right=name in SUMS)
        for name in LINE_COLUMNS
    ]


def _heading(document: PlanDocument) -> str:
    return say("lines_heading", buyer=buyer_name(document), period=document.period)


def _text(content: str, size: float, color: str = "#000000", *, right: bool = False) -> Paragraph:
    style = ParagraphStyle(
        "cell", fontName=FONT, fontSize=size, leading=size * 1.25, textColor=HexColor(color),
        wordWrap="CJK", alignment=TA_RIGHT if right else TA_LEFT,
    )  # fmt: skip
    return Paragraph(escape(content).replace("\n", "<br/>"), style)


def _grid(rows: Sequence[list[Any]], widths: Sequence[float], *, head: bool = True) -> Table:
    style: list[tuple[Any, ...]] = [
        ("GRID", (0, 0), (-1, -1), 0.4, _GREY),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.8),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("BACKGROUND", (0, 0), (-1, 0), _BLUE if head else _PALE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, HexColor("#F7F9FB")]),
    ]
    return Table(list(rows), colWidths=list(widths), style=style, hAlign="LEFT")
