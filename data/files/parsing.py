"""Cells as written to values of a column's kind.

Every parser first tries the whole column at once, which is all that clean input needs; only cells
that do not fit are looked at again, one distinct text at a time.
"""

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.arrow import TIME, arrow_type, encode_choice
from data.schema import Column, Kind

LOCAL = ZoneInfo("Asia/Shanghai")
"""The zone of times that are written without one: the district's clocks and workbooks."""

TRUE = ("true", "t", "yes", "y", "1", "1.0", "是")
FALSE = ("false", "f", "no", "n", "0", "0.0", "否")

_EXCEL_DAY_0 = dt.datetime(1899, 12, 30)  # noqa: DTZ001  (serials carry no zone)
_WRITTEN_TIME = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.年]?)(?P<m>\d{1,2})(?:(?P=s)|月)(?P<d>\d{1,2})日?"
    r"(?:[T\s]*(?P<H>\d{1,2})[:：时点](?P<M>\d{1,2})分?(?:[:：]?(?P<S>\d{1,2})(?:\.(?P<f>\d{1,9}))?秒?)?)?"
    r"\s*(?P<z>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE | re.ASCII,
)
# Days past the 28th depend on the month and take the slow way.
_PLAIN_TIME = (
    r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[T ]([01]\d|2[0-3]):[0-5]\d"
    r"(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$"
)


def parse(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """Cells as values of the column's kind.

    Parameters
    ----------
    values
        Text, or any type a Parquet file may have.
    column
        Decides what is wanted.

    Returns
    -------
    Values of :func:`data.arrow.arrow_type`. A cell that cannot be read is null, as is an empty
    one: :func:`is_blank` tells them apart.
    """
    values = _flat(values)
    match column.kind:
        case Kind.ID | Kind.TEXT:
            return trim(_text(values)).cast(pa.large_string())
        case Kind.LIST:
            return _entries(_text(values))
        case Kind.CHOICE:
            return _choices(_text(values), column)
        case Kind.INT:
            return _numbers(values, pa.int64(), _whole)
        case Kind.FLOAT:
            return _numbers(values, pa.float64(), _real)
        case Kind.BOOL:
            return _truths(values)
        case Kind.TIME:
            return _times(values)
        case Kind.DATE:
            return _dates(values)


def is_blank(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where a cell holds nothing, or only white space."""
    values = _flat(values)
    missing = pc.is_null(values, nan_is_null=True)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        blank = pc.equal(pc.binary_length(trim(values)), 0)
        return pc.or_(missing, pc.fill_null(blank, False))
    return missing


def as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells as they would be written, for a report."""
    return _text(_flat(values))


def trim(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without white space around it; empty text becomes null."""
    if is_plain(values) or not _has_loose_ends(values):
        return values
    trimmed = pc.utf8_trim(values, " \t\r\n\u3000\u00a0\ufeff")
    return pc.if_else(pc.equal(pc.binary_length(trimmed), 0), None, trimmed)


def _has_loose_ends(values: pa.ChunkedArray) -> bool:
    found = pc.match_substring_regex(values, r"^[\s\x{3000}\x{a0}\x{feff}]|[\s\x{3000}\x{a0}]$|^$")
    return bool(pc.any(found).as_py())


def _flat(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without the dictionary that Parquet files may keep text in."""
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return values
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        chunks = [pc.binary_join(chunk.cast(pa.list_(pa.string())), ";") for chunk in values.chunks]
        return pa.chunked_array(chunks, pa.string())
    if pa.types.is_floating(kind):
        # A column of whole numbers with gaps is a column of floats to many writers.
        whole = pc.equal(pc.floor(values), values)
        if pc.all(whole, min_count=0).as_py():
            exact = _try_cast(values, pa.int64())
            values = values if exact is None else exact
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return pa.chunked_array([pa.array([str(v) for v in values.to_pylist()], pa.string())])
    return values.cast(pa.string())


def _try_cast(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray | None:
    try:
        return values.cast(target)
    except pa.ArrowException:
        return None


def _each(
    values: pa.ChunkedArray, target: pa.DataType, read: Callable[[str], object]
) -> pa.ChunkedArray:
    """Parse every distinct text once; what ``read`` gives ``None`` for becomes null."""
    coded = values.dictionary_encode()
    chunks = []
    for chunk in coded.chunks:
        known = [read(text) for text in chunk.dictionary.to_pylist()]
        chunks.append(pc.take(pa.array(known, target), chunk.indices))
    return pa.chunked_array(chunks, target)


def _numbers(
    values: pa.ChunkedArray, target: pa.DataType, read: Callable[[str], object]
) -> pa.ChunkedArray:
    if pa.types.is_boolean(values.type) or pa.types.is_temporal(values.type):
        return pa.chunked_array([pa.nulls(len(values), target)])
    parsed = _try_cast(values, target)
    if parsed is None:
        parsed = _each(_text(values), target, read)
    if pa.types.is_floating(target):
        parsed = pc.if_else(pc.is_finite(parsed), parsed, None)
    return parsed


def _real(text: str) -> float | None:
    plain = text.strip().replace("，", ",")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    try:
        return float(plain) if "_" not in plain else None
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    number = _real(text)
    if number is None or not number.is_integer() or abs(number) >= 2**62:
        return None
    return int(number)


def _truths(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(values.type):
        return values
    words = pc.utf8_lower(trim(_text(values)))
    position = pc.index_in(words, value_set=pa.array(TRUE + FALSE, words.type))
    return pc.less(position, len(TRUE))


def _choices(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    coded = encode_choice(values, column)
    if coded.null_count == values.null_count:
        return coded
    return encode_choice(pc.utf8_lower(trim(values)), column)


def _entries(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A list's entries without white space around them and without empty ones."""
    values = values.cast(pa.large_string())
    plain = pc.replace_substring(values, "；", ";")
    plain = pc.replace_substring_regex(plain, r"\s*;[\s;]*", ";")
    plain = pc.utf8_trim(plain, " \t\r\n\u3000;")
    return pc.if_else(pc.equal(pc.binary_length(plain), 0), None, plain)


def _times(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(values.type):
        if values.type.tz is None:
            values = pc.assume_timezone(
                values.cast(pa.timestamp("us"), safe=False),
                str(LOCAL),
                ambiguous="earliest",
                nonexistent="earliest",
            )
        return values.cast(TIME, safe=False)
    if pa.types.is_date(values.type):
        return _times(values.cast(pa.timestamp("us")))
    values = _text(values)
    whole = _try_cast(values, TIME)
    if whole is not None:
        return whole
    plain = pc.match_substring_regex(values, _PLAIN_TIME)
    quick = pc.if_else(plain, values, None).cast(TIME)
    slow = _each(pc.if_else(plain, None, values), TIME, _read_moment)
    return pc.coalesce(quick, slow)


def _dates(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(values.type):
        if values.type.tz is not None:
            values = pc.local_timestamp(values.cast(pa.timestamp("us", str(LOCAL)), safe=False))
        return values.cast(pa.date32(), safe=False)
    if pa.types.is_date(values.type):
        return values.cast(pa.date32())
    values = _text(values)
    whole = _try_cast(values, arrow_type(Column("", Kind.DATE)))
    return _each(values, pa.date32(), _read_day) if whole is None else whole


def _read_moment(text: str | None) -> dt.datetime | None:
    moment = None if text is None else read_time(text)
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)).astimezone(dt.UTC)


def _read_day(text: str | None) -> dt.date | None:
    moment = None if text is None else read_time(text)
    if moment is None:
        return None
    return (moment.astimezone(LOCAL) if moment.tzinfo else moment).date()


@lru_cache(maxsize=65536)
def read_time(text: str) -> dt.datetime | None:
    """A time as people and Excel write it; without zone where none is written.

    Takes ISO 8601, ``2026/1/5 9:30``, ``2026年1月5日 9:30``, ``20260105`` and Excel's day numbers
    from 1954 to 2119.
    """
    text = text.strip()
    if re.fullmatch(r"[2-7]\d{4}(\.\d+)?", text, re.ASCII):
        seconds = round(float(text) * 86400)
        return _EXCEL_DAY_0 + dt.timedelta(seconds=seconds)
    found = _WRITTEN_TIME.fullmatch(text)
    if found is None:
        return None
    part = found.groupdict()
    if not part["s"] and (len(part["m"]) != 2 or len(part["d"]) != 2):
        return None
    zone = (part["z"] or "").upper()
    try:
        return dt.datetime(
            int(part["y"]),
            int(part["m"]),
            int(part["d"]),
            int(part["H"] or 0),
            int(part["M"] or 0),
            int(part["S"] or 0),
            int((part["f"] or "0").ljust(6, "0")[:6]),
            tzinfo=_zone(zone) if zone else None,
        )
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> dt.tzinfo:
    if text == "Z":
        return dt.UTC
    digits = text[1:].replace(":", "")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(-offset if text[0] == "-" else offset)


def is_plain(values: pa.ChunkedArray) -> bool:
    """Whether a text column holds nothing but non-empty words of plain letters, digits and marks.

    Looks at all bytes at once: what most columns of identifiers need and no more.
    """
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return False
    shortest = pc.min(pc.binary_length(values)).as_py()
    return shortest != 0 and all(bool(_PLAIN[piece].all()) for piece in _bytes_of(values))


_PLAIN = np.zeros(256, dtype=np.bool_)
_PLAIN[
    np.frombuffer(
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:", dtype=np.uint8
    )
] = True


def _bytes_of(values: pa.ChunkedArray) -> list[NDArray[np.uint8]]:
    pieces = []
    for chunk in values.chunks:
        _, positions, text = chunk.buffers()
        if len(chunk) == 0 or text is None:
            continue
        width = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
        offsets = np.frombuffer(positions, dtype=width)
        first, last = offsets[chunk.offset], offsets[chunk.offset + len(chunk)]
        pieces.append(np.frombuffer(text, dtype=np.uint8)[first:last])
    return pieces
