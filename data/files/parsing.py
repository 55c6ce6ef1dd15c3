"""Cells as written to values of a column's kind.

Every parser first tries the whole column at once, which is all that clean input needs; only cells
that do not fit are looked at again, one distinct text at a time.
"""

import re
from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from data.arrow import encode_choice
from data.files.columns import BLANKS, each, flat, readable_text, trim, try_cast
from data.files.formats.chinese_values import CODES, without_unit
from data.files.periods import read_period
from data.files.times import parse_dates, parse_times
from data.schema import Column, Kind

TRUE = ("true", "t", "yes", "y", "1", "1.0", "是")
FALSE = ("false", "f", "no", "n", "0", "0.0", "否")


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
    one: :func:`data.files.columns.is_blank` tells them apart.
    """
    values = flat(values)
    match column.kind:
        case Kind.ID | Kind.TEXT:
            return trim(readable_text(values)).cast(pa.large_string())
        case Kind.PERIOD:
            return each(readable_text(values), pa.large_string(), read_period)
        case Kind.LIST:
            return _entries(readable_text(values), column)
        case Kind.CHOICE:
            return _choices(readable_text(values), column)
        case Kind.INT:
            return _numbers(values, pa.int64(), partial(_whole, column=column.name))
        case Kind.FLOAT:
            return _numbers(values, pa.float64(), _real)
        case Kind.BOOL:
            return _truths(values)
        case Kind.TIME:
            return parse_times(values)
        case Kind.DATE:
            return parse_dates(values)


def _numbers(
    values: pa.ChunkedArray, target: pa.DataType, read: Callable[[str], object]
) -> pa.ChunkedArray:
    if pa.types.is_boolean(values.type) or pa.types.is_temporal(values.type):
        return pa.chunked_array([pa.nulls(len(values), target)])
    parsed = try_cast(values, target)
    if parsed is None:
        parsed = each(readable_text(values), target, read)
    if pa.types.is_floating(target):
        parsed = pc.if_else(pc.is_finite(parsed), parsed, None)
    return parsed


def _real(text: str | None) -> float | None:
    if text is None:
        return None
    plain = text.strip(BLANKS).replace("，", ",")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    try:
        return float(plain) if "_" not in plain else None
    except ValueError:
        return None


def _whole(text: str | None, column: str) -> int | None:
    number = _real(None if text is None else without_unit(text.strip(BLANKS), column))
    if number is None or not number.is_integer() or abs(number) >= 2**62:
        return None
    return int(number)


def _truths(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(values.type):
        return values
    words = pc.utf8_lower(trim(readable_text(values)))
    position = pc.index_in(words, value_set=pa.array(TRUE + FALSE, words.type))
    return pc.less(position, len(TRUE))


def _choices(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    coded = encode_choice(values, column)
    if coded.null_count == values.null_count:
        return coded
    words = each(trim(values), pa.large_string(), partial(_code_of, codes=column.choices))
    return encode_choice(words, column)


def _code_of(word: str | None, codes: tuple[str, ...]) -> str | None:
    """The code that a word stands for; the word in small letters where it is none of them."""
    if word is None:
        return None
    code = CODES.get(re.sub(r"\s", "", word))
    return code if code in codes else word.lower()


def _codes_of(entries: str | None, codes: tuple[str, ...]) -> str | None:
    if entries is None:
        return None
    told = [_code_of(entry, codes) or "" for entry in re.split(r"[;、，,/]", entries)]
    return ";".join(code for code in map(str.strip, told) if code)


def _entries(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """A list's entries without white space around them and without empty ones."""
    values = values.cast(pa.large_string())
    plain = pc.replace_substring(values, "；", ";")
    plain = pc.replace_substring_regex(plain, r"\s*;[\s;]*", ";")
    plain = pc.utf8_trim(plain, BLANKS + ";")
    if column.choices:
        plain = each(plain, pa.large_string(), partial(_codes_of, codes=column.choices))
    return pc.if_else(pc.equal(pc.binary_length(plain), 0), None, plain)
