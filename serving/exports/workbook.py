"""A plan as a workbook made for officers: Chinese headings, ready to print, sign and decide."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from data.district_time import district_zone
from serving.exports.lines_sheet import write_data, write_lines
from serving.exports.paper import (
    audiences_beside,
    buyer_name,
    category_label,
    notes_of,
    say,
    wants_beside,
    whole,
)
from serving.exports.sheets import COUNT, SHARE, YUAN, Columns, Sheets, height_pt
from serving.exports.tables import PLAIN_TEXT
from serving.planning.document import PlanDocument
from serving.planning.explanations import rule_label

_STATUSES = ("optimal", "feasible", "infeasible")
_SUMMARY = (23.0, 23.0, 38.0)


def write_workbook(document: PlanDocument, out: Path) -> None:
    """Write the workbook: 汇总, 明细, 按类别, 按人群, 按街镇, 按供应商, 规则, 提示, 未列入.

    Parameters
    ----------
    document
        The plan, or one buyer's part of it.
    out
        The file; its folder is made where it is missing.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(out), {"nan_inf_to_errors": True, **PLAIN_TEXT})
    book.set_properties(
        {"title": say("title", period=document.period), "comments": document.plan_id}
    )
    sheets = Sheets(book, document.plan_id)
    try:
        _summary(sheets, document)
        write_lines(sheets, document)
        _comparisons(sheets, document)
        _explanations(sheets, document)
        write_data(sheets, document)
    finally:
        book.close()


def _summary(sheets: Sheets, document: PlanDocument) -> None:
    sheet, s = sheets.sheet(say("summary"), upright=True), document.summary
    for position, width in enumerate(_SUMMARY):
        sheet.set_column(position, position, width)
    sheet.set_row(0, 28)
    sheet.write_string(0, 0, say("heading", period=document.period), sheets.title)
    sheet.merge_range(1, 0, 1, 2, say("disclaimer"), sheets.note)
    sheet.set_row(1, 28)
    rows: list[tuple[str, Any, str | None, str]] = [
        (say("buyer"), buyer_name(document), None, ""),
        (say("budget_yuan"), s["budget_fen"] / 100, YUAN, ""),
        (say("planned_yuan"), s["amount_fen"] / 100, YUAN, ""),
        (say("budget_used"), s["amount_fen"] / max(1, s["budget_fen"]), SHARE, ""),
        (say("sessions"), s["sessions"], COUNT, _last_year(document)),
        (say("products"), s["products"], COUNT, ""),
        (say("suppliers"), s["suppliers"], COUNT, ""),
        (say("streets"), s["streets"], COUNT, ""),
        (
            say("expected"),
            whole(s["expected"]),
            COUNT,
            say("interval", low=s["low"], high=s["high"]),
        ),
        (say("cost_each"), (s["fen_per_attendance"] or 0) / 100, YUAN, ""),
        (say("new_share"), s["new_products_share"], SHARE, ""),
        *_gini_and_matching(s),
        (say("status"), say(s["status"]) if s["status"] in _STATUSES else s["status"], None, ""),
        (say("gap"), s["gap"], "0.00%", say("gap_note")),
        (say("model"), document.model_version, None, ""),
        (
            say("data_date"),
            document.data_date.astimezone(district_zone()).strftime("%Y-%m-%d %H:%M %Z"),
            None,
            "",
        ),
        (say("plan_id"), document.plan_id, None, ""),
    ]
    _heads(sheets, sheet, 3, ("item", "value", "note"))
    for row, (name, value, number, note) in enumerate(rows, start=4):
        told = value if isinstance(value, str) else ""
        sheet.set_row(row, height_pt([name, told, note], _SUMMARY))
        sheets.put(sheet, row, 0, name, sheets.key)
        sheets.put(sheet, row, 1, value, sheets.cell(number))
        sheets.put(sheet, row, 2, note, sheets.cell(None))
    start = len(rows) + 5
    _heads(sheets, sheet, start, ("stage", "officer", "remark"))
    for row, stage in enumerate(document.stages, start=start + 1):
        sheet.set_row(row, 22)
        sheets.put(sheet, row, 0, f"□ {stage}", sheets.key)
        sheets.put(sheet, row, 1, "", sheets.cell(None))
        sheets.put(sheet, row, 2, "", sheets.cell(None))


def _heads(sheets: Sheets, sheet: Any, row: int, names: tuple[str, ...]) -> None:
    for position, name in enumerate(names):
        sheet.write_string(row, position, say(name), sheets.head)


def _last_year(document: PlanDocument) -> str:
    before = document.last_year
    if not len(before):
        return ""
    people = before["attendances"].dropna()
    came = f"{int(people.sum()):,}" if len(people) else "—"
    return say("last_year_note", sessions=int(before["sessions"].sum()), people=came)


def _gini_and_matching(
    summary: Mapping[str, Any],
) -> list[tuple[str, Any, str | None, str]]:
    rows: list[tuple[str, Any, str | None, str]] = []
    if summary.get("gini") is not None:
        rows.append((say("gini"), summary["gini"], "0.000", say("gini_note")))
    if summary.get("matching") is not None:
        rows.append((say("matching"), summary["matching"], SHARE, say("matching_note")))
    return rows


def _comparisons(sheets: Sheets, document: PlanDocument) -> None:
    """By category beside wants and last year, by audience, street and supplier."""
    lines = document.lines.assign(amount_yuan=document.lines["amount_fen"] / 100)
    lines["category"] = [category_label(name) for name in lines["category"]]
    wants = pd.DataFrame(wants_beside(document), columns=[key for key, *_ in _CATEGORY])
    sheets.table(say("by_category"), wants, _CATEGORY)
    people = pd.DataFrame(audiences_beside(document), columns=[key for key, *_ in _AUDIENCE])
    sheets.table(say("by_audience"), people, _AUDIENCE, upright=True)
    before = document.last_year.groupby("street_code")[["sessions", "attendances"]].sum(min_count=1)
    streets = _grouped(lines, ["street", "street_code"])
    for name in ("sessions", "attendances"):
        streets[f"last_{name}"] = streets["street_code"].map(before[name])
    sheets.table(say("by_street"), streets, _STREET, total=_SUMS)
    sheets.table(
        say("by_supplier"), _grouped(lines, ["supplier", "supplier_id"]), _SUPPLIER, total=_SUMS
    )


def _explanations(sheets: Sheets, document: PlanDocument) -> None:
    """Rules with the ways to write them, notes, and what was left out."""
    rules = pd.DataFrame(document.rules, columns=["rule", "value", "where"])
    rules["where"] = (
        rules["where"]
        .str.replace("default", say("default"))
        .str.replace("line", say("line_of_file"))
        .str.replace(", eased", say("eased"))
    )
    rules.insert(0, "words", [rule_label(rule) for rule in rules["rule"]])
    sheets.table(say("rules"), rules, _RULES)
    notes = pd.DataFrame(notes_of(document), columns=["line", "street", "title", "text"])
    sheets.table(say("notes"), notes, _NOTES)
    left = pd.DataFrame(sorted(document.left_out.items()), columns=["product", "reason"])
    sheets.table(say("left_out"), left, _LEFT, upright=True)


_SUMS = ("lines", "sessions", "amount_yuan", "expected")
_MEASURES: Columns = (
    ("lines", "count", 7, COUNT),
    ("sessions", "sessions", 7, COUNT),
    ("amount_yuan", "amount_yuan", 14, YUAN),
    ("share", "share", 9, SHARE),
    ("expected", "expected", 10, COUNT),
    ("yuan_each", "yuan_each", 10, YUAN),
)
_STREET: Columns = (
    ("street", "street", 16, None),
    ("street_code", "code", 13, None),
    *_MEASURES,
    ("last_sessions", "last_sessions", 10, COUNT),
    ("last_attendances", "last_attendances", 10, COUNT),
)
_SUPPLIER: Columns = (
    ("supplier", "supplier", 32, None),
    ("supplier_id", "id", 12, None),
    *_MEASURES,
)
_CATEGORY: Columns = (
    ("label", "category", 14, None),
    ("wants", "wants_share", 11, SHARE),
    ("attendances", "attendances_share", 12, SHARE),
    ("amount", "share", 11, SHARE),
    ("sessions", "sessions", 7, COUNT),
    ("last_sessions", "last_sessions", 10, COUNT),
    ("last_attendances", "last_attendances", 10, COUNT),
    ("last_amount_yuan", "last_amount_yuan", 16, YUAN),
)
_AUDIENCE: Columns = (
    ("label", "audience", 16, None),
    ("residents", "residents_share", 14, SHARE),
    ("wants", "wants_share", 14, SHARE),
    ("attendances", "attendances_share", 16, SHARE),
    ("amount", "share", 14, SHARE),
)
_RULES: Columns = (
    ("words", "rules", 40, None),
    ("rule", "name_in_file", 34, None),
    ("value", "set_to", 32, None),
    ("where", "source", 12, None),
)
_NOTES: Columns = (
    ("line", "line", 8, None),
    ("street", "street", 16, None),
    ("title", "product", 30, None),
    ("text", "notes", 64, None),
)
_LEFT: Columns = (("product", "product_id", 20, None), ("reason", "reason", 64, None))


def _grouped(lines: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    sums = (
        lines.groupby(keys, dropna=False)
        .agg(
            lines=("line_id", "size"),
            sessions=("sessions", "sum"),
            amount_yuan=("amount_yuan", "sum"),
            expected=("expected", "sum"),
        )
        .reset_index()
        .sort_values("amount_yuan", ascending=False)
    )
    sums["share"] = sums["amount_yuan"] / max(1.0, float(sums["amount_yuan"].sum()))
    sums["yuan_each"] = sums["amount_yuan"] / sums["expected"].where(sums["expected"] > 0)
    return sums
