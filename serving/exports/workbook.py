"""A plan as a workbook made for officers: Chinese headings, ready to print."""

from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from serving.planning.document import PlanDocument
from serving.planning.explanations import group_label, rule_words

_YUAN, _COUNT, _SHARE = "#,##0.00", "#,##0", "0.0%"

_LINES: tuple[tuple[str, str, int, str | None], ...] = (
    ("line_id", "行号", 12, None),
    ("buyer", "采购方", 13, None),
    ("street", "街镇", 13, None),
    ("title", "产品", 30, None),
    ("category", "类别", 7, None),
    ("supplier", "供应商", 20, None),
    ("venue", "场馆", 20, None),
    ("months", "排期（月×场）", 14, None),
    ("sessions", "场次", 6, _COUNT),
    ("price_yuan", "单价（元）", 11, _YUAN),
    ("amount_yuan", "金额（元）", 13, _YUAN),
    ("expected", "预计人次", 9, "#,##0"),
    ("low", "下限", 8, "#,##0"),
    ("high", "上限", 8, "#,##0"),
    ("yuan_each", "元/人次", 9, _YUAN),
    ("marginal_yuan", "末场元/人次", 10, _YUAN),
    ("new", "新产品", 7, None),
    ("reasons", "理由", 50, None),
    ("warnings", "提示", 32, None),
    ("product_id", "产品编号", 14, None),
    ("supplier_id", "供应商编号", 11, None),
    ("street_code", "街镇代码", 12, None),
    ("venue_id", "场馆编号", 10, None),
)
_PRINTED = 15  # columns on paper; reasons and identifiers are for the screen
_STATUS = {"optimal": "已证明接近最优", "feasible": "满足全部规则", "infeasible": "规则冲突"}


def write_workbook(document: PlanDocument, out: Path) -> None:
    """Write the workbook: 汇总, 明细, 按街镇, 按供应商, 按类别, 规则, 提示, 未列入."""
    out.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(out), {"nan_inf_to_errors": True})
    book.set_properties({"title": f"采购建议 {document.period}", "comments": document.plan_id})
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
        self.table("明细", lines, _LINES, total=("sessions", "amount_yuan", "expected"))
        book_lines = self.book.get_worksheet_by_name("明细")
        book_lines.print_area(0, 0, len(lines) + 1, _PRINTED - 1)
        for row in range(1, len(lines) + 1):
            book_lines.set_row(row, 30)
        self.table("按街镇", _by_street(lines), _STREET, total=_SUMS)
        self.table("按供应商", _by_supplier(lines), _SUPPLIER, total=_SUMS)
        self.table("按类别", _by_category(lines), _CATEGORY, total=_SUMS)
        rules = pd.DataFrame(self.document.rules, columns=["rule", "value", "where"])
        rules["where"] = rules["where"].str.replace("default", "默认").str.replace("line", "第 ")
        rules.insert(0, "words", [rule_words(rule) for rule in rules["rule"]])
        self.table("规则", rules, _RULES)
        warnings = pd.DataFrame({"text": list(self.document.warnings)})
        own = lines.loc[lines["warnings"] != "", ["line_id", "street", "title", "warnings"]]
        notes = pd.concat([warnings, own.rename(columns={"warnings": "text"})])
        self.table("提示", notes.reindex(columns=["line_id", "street", "title", "text"]), _NOTES)
        left = pd.DataFrame(sorted(self.document.left_out.items()), columns=["product", "reason"])
        self.table("未列入", left, _LEFT)
        self.contract_lines()

    def contract_lines(self) -> None:
        """The lines with the contract's column names, for programs."""
        sheet = self.sheet("数据", len(self.document.lines.columns))
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
        sheet.set_footer(f"&L{self.document.plan_id}&C第 &P 页，共 &N 页&R&A")
        del columns
        return sheet

    def summary(self, lines: pd.DataFrame) -> None:
        sheet, s = self.sheet("汇总", 2), self.document.summary
        sheet.set_portrait()
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 26)
        sheet.set_column(2, 2, 48)
        sheet.set_row(0, 28)
        sheet.write(0, 0, f"公共文化采购建议 {self.document.period}", self.title)
        sheet.merge_range(
            1, 0, 1, 2,
            "本表是建议，由采购人员逐行决定并写明理由；预计人次为模型估计，区间为 80%。", self.note,
        )  # fmt: skip
        rows: list[tuple[str, Any, str | None, str]] = [
            ("预算（元）", s["budget_fen"] / 100, _YUAN, ""),
            ("建议金额（元）", s["amount_fen"] / 100, _YUAN, ""),
            ("预算使用率", s["amount_fen"] / max(1, s["budget_fen"]), _SHARE, ""),
            ("场次", s["sessions"], _COUNT, ""),
            ("产品数", s["products"], _COUNT, ""),
            ("供应商数", s["suppliers"], _COUNT, ""),
            ("街镇数", s["streets"], _COUNT, ""),
            ("预计人次", s["expected"], _COUNT, f"区间合计 {s['low']:,.0f}–{s['high']:,.0f}"),
            ("每人次成本（元）", (s["fen_per_attendance"] or 0) / 100, _YUAN, ""),
            ("新产品金额占比", s["new_products_share"], _SHARE, ""),
            ("街镇间基尼系数", s["gini"], "0.000", "每居民预计人次；0 为完全均等"),
            ("求解状态", _STATUS.get(s["status"], s["status"]), None, ""),
            ("与最优的差距不超过", s["gap"], "0.00%", "按预计人次计的上界"),
            ("模型版本", self.document.model_version, None, ""),
            ("数据截至", self.document.data_date.strftime("%Y-%m-%d %H:%M %Z"), None, ""),
            ("建议编号", self.document.plan_id, None, ""),
        ]
        sheet.write_row(3, 0, ["项目", "数值", "说明"], self.head)
        for row, (name, value, number, note) in enumerate(rows, start=4):
            sheet.write(row, 0, name, self.key)
            sheet.write(row, 1, value, self.cell(number))
            sheet.write(row, 2, note, self.cell(None))
        start = len(rows) + 5
        sheet.write_row(start, 0, ["办理阶段", "经办人", "日期与意见"], self.head)
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
            sheet.write(0, position, heading, self.head)
        sheet.set_row(0, 30)
        for position, (key, _, _, number) in enumerate(columns):
            style = self.cell(number)
            for row, value in enumerate(frame[key].tolist(), start=1):
                if value is None or value is pd.NA or value != value:
                    sheet.write_blank(row, position, None, style)
                elif isinstance(value, bool):
                    sheet.write(row, position, "是" if value else "", style)
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
                    sheet.write(end, position, "合计" if position == 0 else "", style)
        sheet.freeze_panes(1, 4 if name == "明细" else 1)
        sheet.repeat_rows(0)
        if len(frame):
            sheet.autofilter(0, 0, len(frame), len(columns) - 1)


_SUMS = ("lines", "sessions", "amount_yuan", "expected")
_MEASURES: tuple[tuple[str, str, int, str | None], ...] = (
    ("lines", "行数", 8, _COUNT),
    ("sessions", "场次", 8, _COUNT),
    ("amount_yuan", "金额（元）", 16, _YUAN),
    ("share", "金额占比", 10, _SHARE),
    ("expected", "预计人次", 12, _COUNT),
    ("yuan_each", "元/人次", 11, _YUAN),
)
_STREET = (("street", "街镇", 18, None), ("street_code", "代码", 14, None), *_MEASURES)
_SUPPLIER = (("supplier", "供应商", 32, None), ("supplier_id", "编号", 12, None), *_MEASURES)
_CATEGORY = (("category", "类别", 14, None), *_MEASURES)
_RULES: tuple[tuple[str, str, int, str | None], ...] = (
    ("words", "规则", 38, None),
    ("rule", "文件中的名称", 34, None),
    ("value", "取值", 32, None),
    ("where", "来源", 14, None),
)
_NOTES: tuple[tuple[str, str, int, str | None], ...] = (
    ("line_id", "行号", 12, None),
    ("street", "街镇", 16, None),
    ("title", "产品", 34, None),
    ("text", "提示", 80, None),
)
_LEFT: tuple[tuple[str, str, int, str | None], ...] = (
    ("product", "产品编号", 20, None),
    ("reason", "原因", 60, None),
)


def _with_yuan(lines: pd.DataFrame) -> pd.DataFrame:
    frame = lines.copy()
    frame["line_id"] = frame["line_id"].str.rpartition("-")[2]
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
