"""Judging rows one by one: all rules that need no other row.

Works on whole columns; a row with any finding is taken out, the others go on with the types of
:mod:`data.arrow`.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.arrow import TIME
from data.files.parsing import LOCAL, is_blank, is_plain, parse, trim
from data.files.pseudonyms import personal_trait
from data.files.quarantine import Problems
from data.schema import Column, Kind, Table

ROW = "_row"
"""The column that carries a row's number in its file."""

_ID_FORM = r"^[\pL\pN\-_.:/+=#~|@()\[\]]{1,200}$"
_PSEUDONYM_FORM = r"^[A-Za-z0-9\-_.:/+=#~|]{1,200}$"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{fffd}]"
_KINDS = {
    Kind.INT: "is not a whole number",
    Kind.FLOAT: "is not a number",
    Kind.BOOL: "is neither true nor false",
    Kind.TIME: "is not a time",
    Kind.DATE: "is not a date",
}
_FIRST, _LAST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


def judge(
    raw: pa.Table, table: Table, first: int, now: dt.datetime, zone: ZoneInfo = LOCAL
) -> tuple[pa.Table, Problems]:
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
    zone
        For the day that ``now`` is.

    Returns
    -------
    The good rows, with their numbers in column :data:`ROW`, and what is wrong with the others.
    """
    numbers = pa.chunked_array([pa.array(np.arange(first, first + raw.num_rows, dtype=np.int64))])
    problems = Problems()
    parsed: dict[str, pa.ChunkedArray] = {}
    for column in table.columns:
        if column.name not in raw.column_names:
            continue
        written = raw[column.name]
        values = parse(written, column)
        parsed[column.name] = values
        for bad, reason in _findings(written, values, column, now, zone):
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
    zone: ZoneInfo,
) -> list[tuple[pa.ChunkedArray, str | list[str]]]:
    found: list[tuple[pa.ChunkedArray, str | list[str]]] = []
    if values.null_count:
        blank = is_blank(written)
        if column.required:
            found.append((blank, "is empty"))
        unread = pc.and_(pc.is_null(values), pc.invert(blank))
        if column.kind is Kind.CHOICE:
            found.append((unread, f"is none of {', '.join(column.choices)}"))
        elif column.kind in _KINDS:
            found.append((unread, _KINDS[column.kind]))
    match column.kind:
        case Kind.ID:
            found += _id_findings(values, column)
        case Kind.TEXT | Kind.LIST:
            if not is_plain(values):
                control = pc.match_substring_regex(values, _CONTROL)
                found.append((control, "has control or broken characters"))
            if column.choices:
                found.append((_strange_entries(values, column), _entries_reason(column)))
        case Kind.INT | Kind.FLOAT:
            found += _range_findings(values, column)
        case Kind.TIME:
            found += _time_findings(values, column, pa.scalar(now, TIME), (_FIRST, _LAST))
        case Kind.DATE:
            today = pa.scalar(now.astimezone(zone).date(), pa.date32())
            found += _time_findings(values, column, today, (_FIRST.date(), _LAST.date()))
        case _:
            pass
    return found


def _range_findings(
    values: pa.ChunkedArray, column: Column
) -> list[tuple[pa.ChunkedArray, str | list[str]]]:
    found: list[tuple[pa.ChunkedArray, str | list[str]]] = []
    if column.low is not None:
        found.append((pc.less(values, column.low), f"is out of range: under {column.low:g}"))
    if column.high is not None:
        found.append((pc.greater(values, column.high), f"is out of range: over {column.high:g}"))
    return found


def _time_findings(
    values: pa.ChunkedArray,
    column: Column,
    now: pa.Scalar,
    bounds: tuple[dt.date, dt.date],
) -> list[tuple[pa.ChunkedArray, str | list[str]]]:
    first, last = (pa.scalar(bound, values.type) for bound in bounds)
    outside = pc.or_(pc.less(values, first), pc.greater_equal(values, last))
    found: list[tuple[pa.ChunkedArray, str | list[str]]] = [
        (outside, f"is out of range: not between {bounds[0].year} and {bounds[1].year}")
    ]
    if column.past:
        future = pc.and_(pc.greater(values, now), pc.less(values, last))
        found.append((future, "is in the future"))
    return found


def _id_findings(
    values: pa.ChunkedArray, column: Column
) -> list[tuple[pa.ChunkedArray, str | list[str]]]:
    pseudonym = column.name == "resident_id"
    found: list[tuple[pa.ChunkedArray, str | list[str]]] = []
    misshapen = None
    if not is_plain(values) or _longest(values) > 200:
        form = _PSEUDONYM_FORM if pseudonym else _ID_FORM
        misshapen = pc.invert(pc.match_substring_regex(values, form))
    # A pseudonym that must be known anyway is looked at when it turns out not to be.
    if pseudonym and (column.references is None or misshapen is not None):
        traits = personal_traits(values)
        if traits is not None:
            found.append(traits)
            if misshapen is not None:
                misshapen = pc.and_not(misshapen, traits[0])
    if misshapen is not None:
        found.append((misshapen, "is not an identifier: a character that does not belong there"))
    return found


def _longest(values: pa.ChunkedArray) -> int:
    return int(pc.max(pc.binary_length(values)).as_py() or 0)


def personal_traits(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[str]] | None:
    """Where pseudonyms are personal, and what each such one is; ``None`` when none is."""
    # Only what could be one is looked at closely: mostly digits, or not a plain word.
    suspect = pc.match_substring_regex(
        values, r"^(tel:|TEL:)?[\d\s+\-()]{10,26}[Xx]?$|[^\w\-.:/+=#~|]"
    )
    if not pc.any(suspect).as_py():
        return None
    picked = pc.if_else(suspect, values, None).to_pylist()
    traits = [None if text is None else personal_trait(text) for text in picked]
    reasons = [f"is {trait}, not a pseudonym" for trait in traits if trait is not None]
    if not reasons:
        return None
    return pa.chunked_array([pa.array([trait is not None for trait in traits])]), reasons


def _strange_entries(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    words = "|".join(column.choices)
    return pc.invert(pc.match_substring_regex(trim(values), f"^({words})(;({words}))*$"))


def _entries_reason(column: Column) -> str:
    return f"has an entry that is none of {', '.join(column.choices)}"
