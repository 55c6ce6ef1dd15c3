"""Judging rows one by one: all rules that need no other row.

Works on whole columns; a row with any finding is taken out, the others go on with the types of
:mod:`data.arrow`.
"""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.arrow import TIME
from data.district_time import district_zone
from data.files.columns import as_text, is_blank, is_plain, is_text, mend_text, trim
from data.files.identifiers import Finding, identifier_findings
from data.files.parsing import parse
from data.files.quarantine import Problems
from data.files.times import RANGE_HINT, explain_unread_time, read_range
from data.schema import Column, Kind, Table

ROW = "_row"
"""The column that carries a row's number in its file."""

_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{fffd}]"
_KINDS = {
    Kind.INT: "is not a whole number",
    Kind.FLOAT: "is not a number",
    Kind.BOOL: "is neither true nor false",
    Kind.DATE: "is not a date",
    Kind.PERIOD: "is not a period (write a quarter as 2027Q1, a month as 2027-01)",
}
_SPREADSHEET_ERROR = (
    r"^#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!"
    r"|CONNECT!|BUSY!|UNKNOWN!|UNCALCULATED!.*|MERGED!.*)$"
)
_POINTS = r"^\s*[+-]?[1-9]\d{0,2}(\.\d{3})+\s*$"
_MARKS = {
    "#UNCALCULATED!": "is a formula without a value (open and save the workbook, or paste values)",
    "#MERGED!": "is in a range of merged cells (unmerge it and write every value)",
}
_END = Column("ends_at", Kind.TIME)
_LARGEST = 10**12
_FIRST, _LAST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


def judge(raw: pa.Table, table: Table, first: int, now: dt.datetime) -> tuple[pa.Table, Problems]:
    """Judge a block of rows.

    Parameters
    ----------
    raw
        Columns of the contract, as written.
    table
        Which table it is.
    first
        The number of the block's first row in its file.
    now
        What counts as the future comes after it.

    Returns
    -------
    The good rows, with their numbers in column :data:`ROW`, and what is wrong with the others.
    """
    numbers = pa.chunked_array([pa.array(np.arange(first, first + raw.num_rows, dtype=np.int64))])
    problems = Problems()
    parsed: dict[str, pa.ChunkedArray] = {}
    raw = pa.table({name: mend_text(raw[name]) for name in raw.column_names})
    if "starts_at" in raw.column_names and "ends_at" in table.column_names:
        raw = _spread_ranges(raw, numbers, problems)
    for column in table.columns:
        if column.name not in raw.column_names:
            continue
        written = raw[column.name]
        values = parse(written, column)
        parsed[column.name] = values
        for bad, reason in _findings(written, values, column, now):
            problems.add(bad, numbers, column.name, written, reason)
    for earlier, later in table.ordered:
        if earlier in parsed and later in parsed:
            bad = pc.less(parsed[later], parsed[earlier])
            problems.add(bad, numbers, later, raw[later], f"is before {earlier}")
    good = pa.table({**parsed, ROW: numbers})
    bad_rows = problems.bad_rows()
    if len(bad_rows):
        keep = np.ones(raw.num_rows, dtype=np.bool_)
        keep[bad_rows - first] = False
        good = good.filter(pa.array(keep))
    return good, problems


def _findings(
    written: pa.ChunkedArray,
    values: pa.ChunkedArray,
    column: Column,
    now: dt.datetime,
) -> list[Finding]:
    found: list[Finding] = []
    spoilt = _spreadsheet_errors(written)
    if spoilt is not None:
        found.append(spoilt)
    if values.null_count:
        blank = is_blank(written)
        if column.required:
            found.append((blank, "is empty"))
        unread = pc.and_(pc.is_null(values), pc.invert(blank))
        if spoilt is not None:
            unread = pc.and_not(unread, pc.fill_null(spoilt[0], False))
        if column.kind is Kind.CHOICE:
            found.append((unread, f"is none of {', '.join(column.choices)}"))
        elif column.kind is Kind.TIME:
            texts = as_text(written.filter(unread)).to_pylist()
            found.append((unread, [explain_unread_time(text) for text in texts]))
        elif column.kind in _KINDS:
            found.append((unread, _KINDS[column.kind]))
        elif column.required:
            found.append((unread, "is empty"))
    match column.kind:
        case Kind.ID:
            found += identifier_findings(written, values, column)
        case Kind.TEXT | Kind.LIST:
            if not is_plain(values):
                control = pc.match_substring_regex(values, _CONTROL)
                found.append((control, "has control or broken characters"))
            found += _length_findings(values, column)
            if column.choices:
                found.append((_strange_entries(values, column), _entries_reason(column)))
        case Kind.INT | Kind.FLOAT:
            found += _range_findings(values, column)
            if column.kind is Kind.INT:
                found += _unclear_points(written)
        case Kind.TIME:
            found += _time_findings(values, column, pa.scalar(now, TIME), (_FIRST, _LAST))
        case Kind.DATE:
            today = pa.scalar(now.astimezone(district_zone()).date(), pa.date32())
            found += _time_findings(values, column, today, (_FIRST.date(), _LAST.date()))
        case _:
            pass
    return found


def _spreadsheet_errors(written: pa.ChunkedArray) -> Finding | None:
    """Error values of a spreadsheet, and the marks that its reader leaves."""
    if not is_text(written.type) or not pc.any(pc.starts_with(written, "#")).as_py():
        return None
    where = pc.fill_null(pc.match_substring_regex(written, _SPREADSHEET_ERROR), False)
    marks = [text.split()[0] for text in written.filter(where).to_pylist()]
    return where, [_MARKS.get(mark, "is an error value of a spreadsheet") for mark in marks]


def _unclear_points(written: pa.ChunkedArray) -> list[Finding]:
    """Whole numbers such as ``1.200``: one and two tenths, or in other countries 1,200."""
    if not is_text(written.type) or not pc.any(pc.match_substring(written, ".")).as_py():
        return []
    unclear = pc.fill_null(pc.match_substring_regex(written, _POINTS), False)
    return [(unclear, "may mean thousands or decimals (write it without a point)")]


def _length_findings(values: pa.ChunkedArray, column: Column) -> list[Finding]:
    longest = column.longest
    if (pc.max(pc.binary_length(values)).as_py() or 0) <= longest:
        return []
    return [(pc.greater(pc.utf8_length(values), longest), f"is longer than {longest} characters")]


def _spread_ranges(raw: pa.Table, numbers: pa.ChunkedArray, problems: Problems) -> pa.Table:
    """Ranges such as ``2026-10-05 14:00-16:00`` in ``starts_at`` as the two times they are."""
    written = raw["starts_at"]
    if not is_text(written.type):
        return raw
    hinted = pc.if_else(pc.match_substring_regex(written, RANGE_HINT), written, None)
    if hinted.null_count == len(hinted):
        return raw
    starts = written.to_pylist()
    ends: list[str | None] = [None] * raw.num_rows
    if "ends_at" in raw.column_names:
        ends = trim(as_text(raw["ends_at"])).to_pylist()
    conflicts = np.zeros(raw.num_rows, dtype=np.bool_)
    found = False
    for row, text in enumerate(hinted.to_pylist()):
        span = None if text is None else read_range(text)
        if span is None:
            continue
        found = True
        start, end = (moment.isoformat(sep=" ") for moment in span)
        if ends[row] is not None:
            told = pa.chunked_array([pa.array([ends[row], end], pa.string())])
            conflicts[row] = len(parse(told, _END).unique()) > 1
        starts[row], ends[row] = start, ends[row] if conflicts[row] else end
    if not found:
        return raw
    problems.add(
        pa.chunked_array([pa.array(conflicts)]),
        numbers,
        "starts_at",
        written,
        "is a range of times that does not end at ends_at",
    )
    both = {"starts_at": starts, "ends_at": ends}
    columns = {name: raw[name] for name in raw.column_names}
    columns |= {name: pa.chunked_array([pa.array(v, pa.string())]) for name, v in both.items()}
    return pa.table(columns)


def _range_findings(values: pa.ChunkedArray, column: Column) -> list[Finding]:
    found: list[Finding] = []
    if column.low is not None:
        found.append((pc.less(values, column.low), f"is out of range: under {column.low:g}"))
    high = _LARGEST if column.high is None and column.kind is Kind.INT else column.high
    if high is not None:
        found.append((pc.greater(values, high), f"is out of range: over {high:g}"))
    return found


def _time_findings(
    values: pa.ChunkedArray,
    column: Column,
    now: pa.Scalar,
    bounds: tuple[dt.date, dt.date],
) -> list[Finding]:
    first, last = (pa.scalar(bound, values.type) for bound in bounds)
    outside = pc.or_(pc.less(values, first), pc.greater_equal(values, last))
    found: list[Finding] = [
        (outside, f"is out of range: not between {bounds[0].year} and {bounds[1].year}")
    ]
    if column.past:
        future = pc.and_(pc.greater(values, now), pc.less(values, last))
        found.append((future, "is in the future"))
    return found


def _strange_entries(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    words = "|".join(column.choices)
    return pc.invert(pc.match_substring_regex(trim(values), f"^({words})(;({words}))*$"))


def _entries_reason(column: Column) -> str:
    return f"has an entry that is none of {', '.join(column.choices)}"
