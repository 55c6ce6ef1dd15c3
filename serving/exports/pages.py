"""One printed page a street (一街一页): what is suggested for it, for whom, and why."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from serving.messages.catalogue import text
from serving.planning.document import PlanDocument
from serving.planning.explanations import group_label

FONT = "STSong-Light"
"""One of the fonts that readers of PDF bring along for Chinese; no font file is needed."""

_HEADS = ("product", "supplier", "venue", "months", "sessions", "amount_yuan", "attendances")
_SHOWN = 22  # lines that fit on one page
_BLUE, _PALE, _GREY = HexColor("#1F4E78"), HexColor("#EAF1F8"), HexColor("#999999")


def write_pages(document: PlanDocument, out: Path) -> None:
    """Write a PDF of one A4 page a street, largest amount first.

    Parameters
    ----------
    document
        The plan.
    out
        The file; its folder is made where it is missing.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    lines = document.lines
    order = lines.groupby("street_code")["amount_fen"].sum().sort_values(ascending=False).index
    story: list[Flowable] = []
    for code in order:
        if story:
            story.append(PageBreak())
        story += _page(document, lines[lines["street_code"] == code])
    if not story:
        story = [_text(_say("no_lines"), 12)]
    out.parent.mkdir(parents=True, exist_ok=True)
    template = SimpleDocTemplate(
        str(out), pagesize=A4, leftMargin=14 * mm, rightMargin=14 * mm, topMargin=12 * mm,
        bottomMargin=14 * mm, title=_say("plan_title", period=document.period), author="gongxu",
        invariant=1,
    )  # fmt: skip

    def foot(canvas: Any, _: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.setFillColor(_GREY)
        words = _say("page_foot", plan=document.plan_id, version=document.model_version)
        canvas.drawString(14 * mm, 8 * mm, words)
        canvas.drawRightString(196 * mm, 8 * mm, _say("page_number", page=canvas.getPageNumber()))

    template.build(story, onFirstPage=foot, onLaterPages=foot)


def _page(document: PlanDocument, lines: pd.DataFrame) -> list[Flowable]:
    lines = lines.sort_values("expected", ascending=False)
    amount, expected = int(lines["amount_fen"].sum()), float(lines["expected"].sum())
    title = _say("page_title", street=lines["street"].iloc[0], period=document.period)
    figures = [
        (_say("amount_yuan"), f"{amount / 100:,.0f}"),
        (_say("sessions"), f"{int(lines['sessions'].sum()):,}"),
        (_say("products"), f"{lines['product_id'].nunique():,}"),
        (_say("expected"), f"{expected:,.0f}"),
        (_say("yuan_each"), f"{amount / 100 / max(expected, 1):,.1f}"),
        (_say("new_share"), f"{lines.loc[lines['new'], 'amount_fen'].sum() / max(amount, 1):.0%}"),
    ]
    story = [
        _text(title, 15),
        Spacer(1, 3 * mm),
        _grid(
            [[_text(name, 8, "#555555") for name, _ in figures],
             [_text(value, 12) for _, value in figures]],
            [30.3 * mm] * 6, head=False,
        ),
        Spacer(1, 3 * mm),
        _text(_mix(lines), 9),
        Spacer(1, 3 * mm),
    ]  # fmt: skip
    shown = lines.head(_SHOWN)
    rows = [[_text(_say(name), 8, "#FFFFFF") for name in _HEADS]]
    rows += [_row(row) for row in shown.to_dict("records")]
    story.append(_grid(rows, [w * mm for w in (45, 29, 30, 29, 9, 16, 24)], head=True))
    rest = lines.iloc[_SHOWN:]
    if len(rest):
        story.append(Spacer(1, 2 * mm))
        words = _say(
            "more_lines",
            lines=len(rest),
            sessions=int(rest["sessions"].sum()),
            yuan=rest["amount_fen"].sum() / 100,
        )
        story.append(_text(words, 8, "#555555"))
    story.append(Spacer(1, 2 * mm))
    note = _say("page_note")
    warned = int((lines["warnings"] != "").sum())
    story.append(_text(note + (_say("lines_with_warnings", lines=warned) if warned else ""), 8))
    story.append(Spacer(1, 4 * mm))
    story.append(_text(_say("signatures"), 10))
    return story


def _row(row: dict[Hashable, Any]) -> list[Flowable]:
    name = ("★" if row["new"] else "") + _cut(row["title"], 32)
    venue = row["venue"] if isinstance(row["venue"], str) else _say("no_venue")
    # "2026-10×1;2026-11×1" as "10月×1 11月×1"; the page's head tells the year.
    months = " ".join(
        _say("month", month=month, sessions=sessions)
        for month, sessions in re.findall(r"\d{4}-0?(\d+)×(\d+)", str(row["months"] or ""))
    )
    cells = (
        name, _cut(row["supplier"], 17), _cut(venue, 19), months, f"{row['sessions']}",
        f"{row['amount_fen'] / 100:,.0f}",
        _say("expected_interval", expected=row["expected"], low=row["low"], high=row["high"]),
    )  # fmt: skip
    return [_text(cell, 7.5) for cell in cells]


def _mix(lines: pd.DataFrame) -> str:
    """Sessions by category in one sentence; ★ marks new products below."""
    counts = lines.groupby("category")["sessions"].sum().sort_values(ascending=False)
    parts = [
        _say("category_sessions", category=group_label(f"category.{name}"), sessions=n)
        for name, n in counts.items()
    ]
    return _say("new_mark", mix=_say("comma").join(parts))


def _say(name: str, **values: object) -> str:
    return text(f"document.{name}", "zh", **values)


def _cut(text: Any, most: int) -> str:
    words = text if isinstance(text, str) else ""
    return words if len(words) <= most else words[: most - 1] + "…"


def _text(content: str, size: float, color: str = "#000000") -> Paragraph:
    style = ParagraphStyle(
        "cell", fontName=FONT, fontSize=size, leading=size * 1.25, textColor=HexColor(color),
        wordWrap="CJK",
    )  # fmt: skip
    return Paragraph(escape(content), style)


def _grid(rows: list[list[Any]], widths: list[float], *, head: bool) -> Table:
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
    return Table(rows, colWidths=widths, repeatRows=1 if head else 0, style=style)
