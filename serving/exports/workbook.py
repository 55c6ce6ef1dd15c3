"""A plan as a workbook made for officers: Chinese headings, ready to print."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from data.district_time import district_zone
from serving.exports.tables import PLAIN_TEXT
from serving.messages.catalogue import text
from serving.planning.document import PlanDocument
from serving.planning.explanations import group_label, rule_label

_YUAN, _COUNT, _SHARE = "#,##0.00", "#,##0", "0.0%"

_LINES: tuple[tuple[str, str, int, str | None], ...] = (
    ("line_id", "line", 12, None),
    ("buyer", "buyer", 13, None),
    ("street", "street", 13, None),
    ("title", "product", 30, None),
    ("category", "category", 7, None),
    ("supplier", "supplier", 20, None),
    ("venue", "venue", 20, None),
    ("months", "months", 14, None),
    ("sessions", "sessions", 6, _COUNT),
    ("price_yuan", "price_yuan", 11, _YUAN),
    ("amount_yuan", "amount_yuan", 13, _YUAN),
    ("expected", "expected", 9, "#,##0"),
    ("low", "low", 8, "#,##0"),
    ("high", "high", 8, "#,##0"),
    ("yuan_each", "yuan_each", 9, _YUAN),
    ("marginal_yuan", "marginal_yuan", 10, _YUAN),
    ("new", "new", 7, None),
    ("reasons", "reasons", 50, None),
    ("warnings", "notes", 32, None),
    ("product_id", "product_id", 14, None),
    ("supplier_id", "supplier_id", 11, None),
    ("street_code", "street_code", 12, None),
    ("venue_id", "venue_id", 10, None),
)
_PRINTED = 15  # columns on paper; reasons and identifiers are for the screen
_STATUSES = ("optimal", "feasible", "infeasible")


def write_workbook(document: PlanDocument, out: Path) -> None:
    """Write the workbook: 汇总, 明细, 按街镇, 按供应商, 按类别, 规则, 提示, 未列入.

    Parameters
    ----------
    document
        The plan.
    out
        The file; its folder is made where it is missing.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(out), {"nan_inf_to_errors": True, **PLAIN_TEXT})
    book.set_properties(
        {"title": _say("title", period=document.period), "comments": document.plan_id}
    )
    try:
        _Writer(book, document).write()
    finally:
        book.close()


class _Writer:
    def __init__(self, book: Any, document: PlanDocument) -> None:
        self.book, self.document = book, document
        base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
        self.base = base
        self.formats: dict[str | None, Any] = {}
        self.title = book.add_format({**base, "bold": True, "font_size": 16})
        self.note = book.add_format({**base, "font_color": "#555555", "text_wrap": True})
        self.head = book.add_format(
            {**base, "bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF",
             "border": 1, "text_wrap": True, "align": "center"}
        )  # fmt: skip
        self.key = book.add_format({**base, "bold": True, "border": 1, "bg_color": "#EAF1F8"})

    def cell(self, number: str | None, *, total: bool = False) -> Any:
        name = f"{number}{total}"
        if name not in self.formats:
            style = {**self.base, "border": 1, "text_wrap": number is None}
            style |= {"num_format": number} if number else {}
            style |= {"bold": True, "bg_color": "#F2F2F2"} if total else {}
            self.formats[name] = self.book.add_format(style)
        return self.formats[name]

    def write(self) -> None:
        lines = _with_yuan(self.document.lines)
        self.summary(lines)
        self.table(_say("lines"), lines, _LINES, total=("sessions", "amount_yuan", "expected"))
        book_lines = self.book.get_worksheet_by_name(_say("lines"))
        book_lines.print_area(0, 0, len(lines) + 1, _PRINTED - 1)
        for row in range(1, len(lines) + 1):
            book_lines.set_row(row, 30)
        self.table(_say("by_street"), _by_street(lines), _STREET, total=_SUMS)
        self.table(_say("by_supplier"), _by_supplier(lines), _SUPPLIER, total=_SUMS)
        self.table(_say("by_category"), _by_category(lines), _CATEGORY, total=_SUMS)
        rules = pd.DataFrame(self.document.rules, columns=["rule", "value", "where"])
        rules["where"] = (
            rules["where"]
            .str.replace("default", _say("default"))
            .str.replace("line", _say("line_of_file"))
        )
        rules.insert(0, "words", [rule_label(rule) for rule in rules["rule"]])
        self.table(_say("rules"), rules, _RULES)
        warnings = pd.DataFrame({"text": list(self.document.warnings)})
        own = lines.loc[lines["warnings"] != "", ["line_id", "street", "title", "warnings"]]
        notes = pd.concat([warnings, own.rename(columns={"warnings": "text"})])
        self.table(
            _say("notes"), notes.reindex(columns=["line_id", "street", "title", "text"]), _NOTES
        )
        left = pd.DataFrame(sorted(self.document.left_out.items()), columns=["product", "reason"])
        self.table(_say("left_out"), left, _LEFT)
        self.contract_lines()

    def contract_lines(self) -> None:
        """The lines with the contract's column names, for programs."""
        sheet = self.sheet(_say("data"), len(self.document.lines.columns))
        frame = self.document.lines
        sheet.write_row(0, 0, list(frame.columns), self.head)
        for position, name in enumerate(frame.columns):
            for row, value in enumerate(frame[name].tolist(), start=1):
                if value is None or value is pd.NA or value != value or value == float("inf"):
                    continue
                if isinstance(value, str):
                    sheet.write_string(row, position, value)
                else:
                    sheet.write(row, position, value)
        sheet.set_column(0, len(frame.columns) - 1, 16)
        sheet.freeze_panes(1, 1)
        sheet.hide()  # neither to print nor to scroll past; programs read it all the same

    def sheet(self, name: str, columns: int) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)  # A4
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.4, 0.4, 0.6, 0.6)
        sheet.set_footer(f"&L{self.document.plan_id}&C{_say('page')}&R&A")
        del columns
        return sheet

    def summary(self, lines: pd.DataFrame) -> None:
        sheet, s = self.sheet(_say("summary"), 2), self.document.summary
        sheet.set_portrait()
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 26)
        sheet.set_column(2, 2, 48)
        sheet.set_row(0, 28)
        sheet.write(0, 0, _say("heading", period=self.document.period), self.title)
        sheet.merge_range(
            1, 0, 1, 2,
            _say("disclaimer"), self.note,
        )  # fmt: skip
        rows: list[tuple[str, Any, str | None, str]] = [
            (_say("budget_yuan"), s["budget_fen"] / 100, _YUAN, ""),
            (_say("planned_yuan"), s["amount_fen"] / 100, _YUAN, ""),
            (_say("budget_used"), s["amount_fen"] / max(1, s["budget_fen"]), _SHARE, ""),
            (_say("sessions"), s["sessions"], _COUNT, ""),
            (_say("products"), s["products"], _COUNT, ""),
            (_say("suppliers"), s["suppliers"], _COUNT, ""),
            (_say("streets"), s["streets"], _COUNT, ""),
            (
                _say("expected"),
                s["expected"],
                _COUNT,
                _say("interval", low=s["low"], high=s["high"]),
            ),
            (_say("cost_each"), (s["fen_per_attendance"] or 0) / 100, _YUAN, ""),
            (_say("new_share"), s["new_products_share"], _SHARE, ""),
            (_say("gini"), s["gini"], "0.000", _say("gini_note")),
            *_matching_rows(s),
            (
                _say("status"),
                _say(s["status"]) if s["status"] in _STATUSES else s["status"],
                None,
                "",
            ),
            (_say("gap"), s["gap"], "0.00%", _say("gap_note")),
            (_say("model"), self.document.model_version, None, ""),
            (
                _say("data_date"),
                self.document.data_date.astimezone(district_zone()).strftime("%Y-%m-%d %H:%M %Z"),
                None,
                "",
            ),
            (_say("plan_id"), self.document.plan_id, None, ""),
        ]
        sheet.write_row(3, 0, [_say("item"), _say("value"), _say("note")], self.head)
        for row, (name, value, number, note) in enumerate(rows, start=4):
            sheet.write(row, 0, name, self.key)
            sheet.write(row, 1, value, self.cell(number))
            sheet.write(row, 2, note, self.cell(None))
        start = len(rows) + 5
        sheet.write_row(start, 0, [_say("stage"), _say("officer"), _say("remark")], self.head)
        for row, stage in enumerate(self.document.stages, start=start + 1):
            sheet.write(row, 0, f"□ {stage}", self.key)
            sheet.write(row, 1, "", self.cell(None))
            sheet.write(row, 2, "", self.cell(None))
        del lines
        sheet.fit_to_pages(1, 1)

    def table(
        self,
        name: str,
        frame: pd.DataFrame,
        columns: tuple[tuple[str, str, int, str | None], ...],
        *,
        total: tuple[str, ...] = (),
    ) -> None:
        sheet = self.sheet(name, len(columns))
        for position, (_, heading, width, _) in enumerate(columns):
            sheet.set_column(position, position, width)
            sheet.write(0, position, _say(heading), self.head)
        sheet.set_row(0, 30)
        for position, (key, _, _, number) in enumerate(columns):
            style = self.cell(number)
            for row, value in enumerate(frame[key].tolist(), start=1):
                if value is None or value is pd.NA or value != value:
                    sheet.write_blank(row, position, None, style)
                elif isinstance(value, bool):
                    sheet.write(row, position, _say("yes") if value else "", style)
                elif isinstance(value, str):  # never a formula, whatever a title begins with
                    sheet.write_string(row, position, value, style)
                else:
                    sheet.write_number(row, position, value, style)
        end = len(frame) + 1
        if total and len(frame):
            for position, (key, _, _, number) in enumerate(columns):
                style = self.cell(number, total=True)
                if key in total:
                    sheet.write_number(end, position, frame[key].sum(), style)
                else:
                    sheet.write(end, position, _say("total") if position == 0 else "", style)
        sheet.freeze_panes(1, 4 if name == _say("lines") else 1)
        sheet.repeat_rows(0)
        if len(frame):
            sheet.autofilter(0, 0, len(frame), len(columns) - 1)


def _matching_rows(summary: Mapping[str, Any]) -> list[tuple[str, Any, str | None, str]]:
    """供需匹配度, and beside it what each category is wanted for and gets; empty where unknown."""
    if summary.get("matching") is None:
        return []
    named = sorted(summary["wants"].items(), key=lambda item: -item[1]["wants"])
    shares = "；".join(
        _say("wanted_and_planned", category=group_label(f"category.{name}"), **each)
        for name, each in named
    )
    return [(_say("matching"), summary["matching"], _SHARE, shares)]


_SUMS = ("lines", "sessions", "amount_yuan", "expected")
_MEASURES: tuple[tuple[str, str, int, str | None], ...] = (
    ("lines", "count", 8, _COUNT),
    ("sessions", "sessions", 8, _COUNT),
    ("amount_yuan", "amount_yuan", 16, _YUAN),
    ("share", "share", 10, _SHARE),
    ("expected", "expected", 12, _COUNT),
    ("yuan_each", "yuan_each", 11, _YUAN),
)
_STREET = (("street", "street", 18, None), ("street_code", "code", 14, None), *_MEASURES)
_SUPPLIER = (("supplier", "supplier", 32, None), ("supplier_id", "id", 12, None), *_MEASURES)
_CATEGORY = (("category", "category", 14, None), *_MEASURES)
_RULES: tuple[tuple[str, str, int, str | None], ...] = (
    ("words", "rules", 38, None),
    ("rule", "name_in_file", 34, None),
    ("value", "set_to", 32, None),
    ("where", "source", 14, None),
)
_NOTES: tuple[tuple[str, str, int, str | None], ...] = (
    ("line_id", "line", 12, None),
    ("street", "street", 16, None),
    ("title", "product", 34, None),
    ("text", "notes", 80, None),
)
_LEFT: tuple[tuple[str, str, int, str | None], ...] = (
    ("product", "product_id", 20, None),
    ("reason", "reason", 60, None),
)


def _say(name: str, **values: object) -> str:
    return text(f"workbook.{name}", "zh", **values)


def _with_yuan(lines: pd.DataFrame) -> pd.DataFrame:
    frame = lines.copy()
    frame["line_id"] = [line.rpartition("-")[2] for line in frame["line_id"]]
    frame["category"] = [group_label(f"category.{name}") for name in frame["category"]]
    frame["price_yuan"] = frame["price_fen"] / 100
    frame["amount_yuan"] = frame["amount_fen"] / 100
    frame["yuan_each"] = frame["amount_yuan"] / frame["expected"].where(frame["expected"] > 0)
    marginal = frame["marginal_fen_per_attendance"]
    frame["marginal_yuan"] = marginal.where(marginal < float("inf")) / 100
    return frame


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


def _by_street(lines: pd.DataFrame) -> pd.DataFrame:
    return _grouped(lines, ["street", "street_code"])


def _by_supplier(lines: pd.DataFrame) -> pd.DataFrame:
    return _grouped(lines, ["supplier", "supplier_id"])


def _by_category(lines: pd.DataFrame) -> pd.DataFrame:
    return _grouped(lines, ["category"])
