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

from serving.planning.document import PlanDocument
from serving.planning.explanations import group_label

FONT = "STSong-Light"
"""One of the fonts that readers of PDF bring along for Chinese; no font file is needed."""

_HEADS = ("产品", "供应商", "场馆", "排期（月×场）", "场次", "金额（元）", "人次（80% 区间）")
_SHOWN = 22  # lines that fit on one page
_BLUE, _PALE, _GREY = HexColor("#1F4E78"), HexColor("#EAF1F8"), HexColor("#999999")


def write_pages(document: PlanDocument, out: Path) -> None:
    """Write a PDF of one A4 page a street, largest amount first."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    lines = document.lines
    order = lines.groupby("street_code")["amount_fen"].sum().sort_values(ascending=False).index
    story: list[Flowable] = []
    for code in order:
        if story:
            story.append(PageBreak())
        story += _page(document, lines[lines["street_code"] == code])
    if not story:
        story = [_text("本建议没有任何行。", 12)]
    out.parent.mkdir(parents=True, exist_ok=True)
    template = SimpleDocTemplate(
        str(out), pagesize=A4, leftMargin=14 * mm, rightMargin=14 * mm, topMargin=12 * mm,
        bottomMargin=14 * mm, title=f"采购建议 {document.period}", author="gongxu",
        invariant=1,
    )  # fmt: skip

    def foot(canvas: Any, _: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.setFillColor(_GREY)
        canvas.drawString(14 * mm, 8 * mm, f"{document.plan_id}　模型 {document.model_version}")
        canvas.drawRightString(196 * mm, 8 * mm, f"第 {canvas.getPageNumber()} 页")

    template.build(story, onFirstPage=foot, onLaterPages=foot)


def _page(document: PlanDocument, lines: pd.DataFrame) -> list[Flowable]:
    lines = lines.sort_values("expected", ascending=False)
    amount, expected = int(lines["amount_fen"].sum()), float(lines["expected"].sum())
    title = f"{lines['street'].iloc[0]}　公共文化采购建议　{document.period}"
    figures = [
        ("金额（元）", f"{amount / 100:,.0f}"),
        ("场次", f"{int(lines['sessions'].sum()):,}"),
        ("产品", f"{lines['product_id'].nunique():,}"),
        ("预计人次", f"{expected:,.0f}"),
        ("元/人次", f"{amount / 100 / max(expected, 1):,.1f}"),
        ("新产品金额占比", f"{lines.loc[lines['new'], 'amount_fen'].sum() / max(amount, 1):.0%}"),
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
    rows = [[_text(name, 8, "#FFFFFF") for name in _HEADS]]
    rows += [_row(row) for row in shown.to_dict("records")]
    story.append(_grid(rows, [w * mm for w in (45, 29, 30, 29, 9, 16, 24)], head=True))
    rest = lines.iloc[_SHOWN:]
    if len(rest):
        story.append(Spacer(1, 2 * mm))
        words = (
            f"另有 {len(rest)} 行（{int(rest['sessions'].sum())} 场，"
            f"{rest['amount_fen'].sum() / 100:,.0f} 元）见工作簿“明细”。"
        )
        story.append(_text(words, 8, "#555555"))
    story.append(Spacer(1, 2 * mm))
    note = "本页是建议，由采购人员逐行决定并写明理由。人次为模型估计。"
    warned = int((lines["warnings"] != "").sum())
    story.append(_text(note + (f"有提示的行：{warned}，见工作簿“提示”。" if warned else ""), 8))
    story.append(Spacer(1, 4 * mm))
    story.append(_text("经办人：＿＿＿＿＿＿　　审核人：＿＿＿＿＿＿　　日期：＿＿＿＿＿＿", 10))
    return story


def _row(row: dict[Hashable, Any]) -> list[Flowable]:
    name = ("★" if row["new"] else "") + _cut(row["title"], 32)
    venue = row["venue"] if isinstance(row["venue"], str) else "另行落实"
    # "2026-10×1;2026-11×1" as "10月×1 11月×1"; the page's head tells the year.
    months = re.sub(r"\d{4}-0?(\d+)×", r"\1月×", str(row["months"] or "")).replace(";", " ")
    cells = (
        name, _cut(row["supplier"], 17), _cut(venue, 19), months, f"{row['sessions']}",
        f"{row['amount_fen'] / 100:,.0f}",
        f"{row['expected']:,.0f}（{row['low']:,.0f}–{row['high']:,.0f}）",
    )  # fmt: skip
    return [_text(text, 7.5) for text in cells]


def _mix(lines: pd.DataFrame) -> str:
    """Sessions by category in one sentence; ★ marks new products below."""
    counts = lines.groupby("category")["sessions"].sum().sort_values(ascending=False)
    parts = [f"{group_label(f'category.{name}')} {n} 场" for name, n in counts.items()]
    return "、".join(parts) + "。★ 为新产品。"


def _cut(text: Any, most: int) -> str:
    words = text if isinstance(text, str) else ""
    return words if len(words) <= most else words[: most - 1] + "…"


def _text(text: str, size: float, color: str = "#000000") -> Paragraph:
    style = ParagraphStyle(
        "cell", fontName=FONT, fontSize=size, leading=size * 1.25, textColor=HexColor(color),
        wordWrap="CJK",
    )  # fmt: skip
    return Paragraph(escape(text), style)


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
