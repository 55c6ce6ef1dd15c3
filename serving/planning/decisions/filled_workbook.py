"""The officer's workbook read back: what was decided in which cell, and what cannot be read."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import openpyxl

from data.files.formats.workbooks import measure_workbook
from recommender.errors import UsageError
from serving.exports.lines_sheet import DECISIONS, REASON_MAX, SEEN_COLUMNS, SESSIONS_MAX
from serving.exports.paper import DECISION_COLUMNS, say
from serving.messages.catalogue import LANGUAGES, text

UNPACKED_MAX, SPARSE_MAX = 100_000_000, 200_000
"""Bytes that a plan's workbook may unpack to; rows times columns that may be nearly empty."""
ROWS_MAX, COLUMNS_MAX = 20_000, 100
"""What of a sheet is looked at."""

_HEAD_ROWS = 10
_NEEDED = ("line", "product", "sessions", "amount_yuan", *DECISION_COLUMNS)


class WorkbookRefusedError(UsageError):
    """A workbook of which no line is looked at.

    Parameters
    ----------
    code, values
        Of the sentence ``decide.CODE``.
    """

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(text(f"decide.{code}", "en", **values))
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class Finding:
    """A cell that does not fit.

    Attributes
    ----------
    cell, line_id
        Such as ``K12``; the line, or empty where the row has none.
    code, values
        Of the sentence ``decide.CODE``.
    """

    cell: str
    line_id: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What stood decided about a line when the workbook was made; no decision: nothing."""

    decision: str | None = None
    sessions: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A line as the workbook was made with it."""

    line_id: str
    product_id: str
    title: str
    sessions: int
    amount_fen: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class FilledLine:
    """A decision as it was filled in, and the cell that holds it."""

    line: Offered
    cell: str
    decision: str
    sessions: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class FilledWorkbook:
    """A workbook that came back.

    Attributes
    ----------
    plan_id, offered
        The plan and its lines, as the workbook was made with them.
    officer
        Whoever is named as deciding; may be empty.
    lines
        What was decided and can be read.
    findings
        What does not fit.
    open_lines
        How many lines were left undecided.
    """

    plan_id: str
    offered: tuple[Offered, ...]
    officer: str
    lines: tuple[FilledLine, ...]
    findings: tuple[Finding, ...]
    open_lines: int


def read_workbook(content: bytes) -> FilledWorkbook:
    """Read a filled-in workbook of a plan.

    Parameters
    ----------
    content
        The file.

    Returns
    -------
    Decisions and findings; every row of the lines is in one of them or undecided.

    Raises
    ------
    WorkbookRefusedError
        If it is no workbook of a plan, or one of an earlier release.
    """
    book = _opened(content)
    if say("data") not in book.sheetnames or say("lines") not in book.sheetnames:
        raise WorkbookRefusedError("lacks_sheets", lines=say("lines"), data=say("data"))
    offered, plan_id = _offered(book[say("data")])
    rows = _rows(book[say("lines")])
    head, columns = _headings(rows)
    findings: list[Finding] = []
    lines: list[FilledLine] = []
    known = {each.line_id.rpartition("-")[2]: each for each in offered}
    numbers = [_number(row[columns["line"]].value) for row in rows[head + 1 :]]
    twice = {number for number, count in Counter(numbers).items() if number and count > 1}
    seen_lines = set()
    for row, number in zip(rows[head + 1 :], numbers, strict=True):
        cells = {name: row[place] for name, place in columns.items()}
        filled = [cells[name] for name in DECISION_COLUMNS if _words(cells[name])]
        line = known.get(number)
        if line is not None:
            seen_lines.add(number)
        if not filled:
            continue
        if line is None:
            code = "unknown_line" if number else "no_line"
            findings.append(Finding(filled[0].coordinate, "", code, {"line": number}))
            continue
        faults = _faults(cells, line, repeated=number in twice)
        if faults:
            findings += faults
            continue
        decision = _decision(_words(cells["decision"])) or ""
        sessions = _whole(_words(cells["new_sessions"])) if decision == "change" else None
        where = cells["decision"].coordinate
        lines.append(FilledLine(line, where, decision, sessions, _words(cells["reason"])))
    missing = [each for number, each in known.items() if number not in seen_lines]
    findings += [Finding("", each.line_id, "row_missing") for each in missing]
    told = {line.line.line_id for line in lines} | {each.line_id for each in findings}
    undecided = sum(each.line_id not in told for each in offered)
    officer = _officer(rows[:head])
    return FilledWorkbook(plan_id, offered, officer, tuple(lines), tuple(findings), undecided)


def _opened(content: bytes) -> Any:
    """The workbook, unless what it unpacks to is no plan's."""
    try:
        ours = {say("lines"), say("data")}
        size, reach = measure_workbook(BytesIO(content), ours, area_max=SPARSE_MAX)
        if size > UNPACKED_MAX:
            raise WorkbookRefusedError("too_large", mb=size / 1e6)
        if reach is not None:
            raise WorkbookRefusedError("far_cells", rows=reach[0], columns=reach[1])
        return openpyxl.load_workbook(BytesIO(content))
    except WorkbookRefusedError:
        raise
    except Exception:  # what damaged files raise shares no base: zlib.error, IndexError, KeyError
        raise WorkbookRefusedError("not_xlsx") from None


def _offered(sheet: Any) -> tuple[tuple[Offered, ...], str]:
    """The lines that the hidden sheet tells."""
    rows = [[cell.value for cell in row] for row in _rows(sheet)]
    head = [str(name) for name in rows[0]] if rows else []
    needed = ("plan_id", "line_id", "product_id", "title", "sessions", "amount_fen", *SEEN_COLUMNS)
    if not set(needed) <= set(head):
        raise WorkbookRefusedError("earlier_release")
    made, plans = [], set()
    for cells in rows[1:]:
        row = dict(zip(head, cells, strict=False))
        if not row["line_id"]:
            continue
        plans.add(str(row["plan_id"]))
        try:
            seen = Seen(
                row["decided"] or None, int(row["decided_sessions"] or 0),
                str(row["decided_reason"] or ""),
            )  # fmt: skip
            line = Offered(
                str(row["line_id"]), str(row["product_id"]), str(row["title"] or ""),
                int(row["sessions"]), int(row["amount_fen"]), seen,
            )  # fmt: skip
        except (TypeError, ValueError):
            raise WorkbookRefusedError("data_changed", data=say("data")) from None
        made.append(line)
    if len(plans) != 1:
        raise WorkbookRefusedError("not_one_plan")
    return tuple(made), plans.pop()


def _rows(sheet: Any) -> list[Sequence[Any]]:
    """The rows of a sheet, as far as any program of offices would fill it."""
    last = (min(sheet.max_row, ROWS_MAX), min(sheet.max_column, COLUMNS_MAX))
    return list(sheet.iter_rows(max_row=last[0], max_col=last[1]))


def _headings(rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, int]]:
    """Row of the headings, from 0, and the place of every needed column."""
    wanted = {_plain(say(f"column_{name}")): name for name in _NEEDED}
    for at, row in enumerate(rows[:_HEAD_ROWS]):
        found: dict[str, int] = {}
        for place, cell in enumerate(row):
            name = wanted.get(_plain(_words(cell)))
            if name is not None:
                found.setdefault(name, place)
        if "line" in found and "decision" in found:
            lost = [say(f"column_{name}").split("\n")[0] for name in _NEEDED if name not in found]
            if lost:
                raise WorkbookRefusedError(
                    "lacks_columns", lines=say("lines"), columns="、".join(lost)
                )
            return at, found
    raise WorkbookRefusedError("no_headings", lines=say("lines"))


def _officer(rows: Sequence[Sequence[Any]]) -> str:
    """The name beside the officer's heading."""
    for row in rows:
        words = [_words(cell) for cell in row]
        if say("officer_name") in words:
            after = words[words.index(say("officer_name")) + 1 :]
            return next((name for name in after if name), "")
    return ""


def _faults(cells: Mapping[str, Any], line: Offered, *, repeated: bool) -> list[Finding]:
    """What of a filled-in row does not fit, cell by cell."""
    found: list[Finding] = []

    def tell(name: str, code: str, **values: Any) -> None:
        found.append(Finding(cells[name].coordinate, line.line_id, code, values))

    for name in DECISION_COLUMNS:
        if cells[name].data_type == "f":
            tell(name, "formula")
        elif cells[name].data_type == "e":
            tell(name, "error_cell", said=_words(cells[name]))
    if found:
        return found
    if repeated:
        tell("line", "line_twice")
    if line.title not in _words(cells["product"]):
        tell("product", "other_product", title=line.title)
    if _whole(_words(cells["sessions"])) != line.sessions:
        tell("sessions", "sessions_changed", sessions=line.sessions)
    if _fen(_words(cells["amount_yuan"])) != line.amount_fen:
        tell("amount_yuan", "amount_changed", yuan=line.amount_fen / 100)
    said, count = _words(cells["decision"]), _words(cells["new_sessions"])
    decision = _decision(said)
    if not said:
        tell("decision", "decision_missing")
    elif decision is None:
        tell("decision", "decision_unknown", said=said)
    sessions = _whole(count)
    if decision == "change" and not count:
        tell("new_sessions", "sessions_missing")
    elif count and (sessions is None or not 1 <= sessions <= SESSIONS_MAX):
        tell("new_sessions", "sessions_wrong", said=count, most=SESSIONS_MAX)
    elif count and decision in ("accept", "reject") and sessions != line.sessions:
        tell("new_sessions", "sessions_without_change")
    reason = _words(cells["reason"])
    if not reason:
        tell("reason", "reason_missing")
    elif len(reason) > REASON_MAX:
        tell("reason", "reason_long", most=REASON_MAX)
    declared = _plain(_words(cells["no_interest"]))
    if not declared:
        tell("no_interest", "declaration_missing")
    elif declared in _said("no"):
        tell("no_interest", "own_interest")
    elif declared not in _said("yes"):
        tell("no_interest", "declaration_unknown", said=declared)
    return found


def _decision(said: str) -> str | None:
    words = {_plain(say(f"decision_{name}")): name for name in DECISIONS}
    words |= {name: name for name in DECISIONS}
    return words.get(_plain(said))


def _said(answer: str) -> set[str]:
    """Ways to say yes, or no."""
    return {word for lang in LANGUAGES for word in text(f"decide.said_{answer}", lang).split()}


def _number(value: Any) -> str:
    """A line's number as it was written; programs turn ``0001`` into 1."""
    told = unicodedata.normalize("NFKC", "" if value is None else str(value)).strip()
    told = told.removesuffix(".0")
    return told.zfill(4) if re.fullmatch(r"\d+", told) else told


def _words(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _plain(words: str) -> str:
    return "".join(unicodedata.normalize("NFKC", words).casefold().split())


def _whole(words: str) -> int | None:
    plain = _plain(words)
    return int(plain) if re.fullmatch(r"\d{1,9}", plain) else None


def _fen(words: str) -> int | None:
    try:
        return round(float(_plain(words).replace(",", "")) * 100)
    except (ValueError, OverflowError):
        return None
