"""Columns of any type as text, and column-wise steps that parsing and judging share."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

BLANKS = " \t\r\n\x0b\x0c\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u2060\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200C))
)
"""White space of every script, the zero-width one and the byte-order mark."""

_BLANK_CLASS = r"[\s\x{0b}\x{85}\x{a0}\x{1680}\x{2000}-\x{200b}\x{2028}\x{2029}\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}]"  # noqa: E501
_PLAIN = np.zeros(256, dtype=np.bool_)
_PLAIN[
    np.frombuffer(
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:", dtype=np.uint8
    )
] = True


def is_blank(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where a cell holds nothing, or only white space."""
    values = flat(values)
    missing = pc.is_null(values, nan_is_null=True)
    if is_text(values.type):
        return pc.or_(missing, pc.is_null(trim(values)))
    return missing


def as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells as they would be written, for a report."""
    return readable_text(flat(values))


def trim(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without white space around it; empty text becomes null."""
    if is_plain(values) or not _has_loose_ends(values):
        return values
    trimmed = pc.utf8_trim(values, BLANKS)
    return pc.if_else(pc.equal(pc.binary_length(trimmed), 0), None, trimmed)


def _has_loose_ends(values: pa.ChunkedArray) -> bool:
    found = pc.match_substring_regex(values, rf"^{_BLANK_CLASS}|{_BLANK_CLASS}$|^$")
    return bool(pc.any(found).as_py())


def flat(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without the dictionary that Parquet files may keep text in, and without broken text."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    return values


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is one of Arrow's types of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def readable_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values of any type as text; what stands for missing stays null."""
    kind = values.type
    if is_text(kind):
        return values
    if _is_list(kind) or pa.types.is_nested(kind) or _is_bytes(kind):
        return pa.chunked_array([pa.array([_written(v) for v in values.to_pylist()], pa.string())])
    if pa.types.is_floating(kind):
        # A column of whole numbers with gaps is a column of floats to many writers.
        whole = pc.equal(pc.floor(values), values)
        if pc.all(whole, min_count=0).as_py():
            exact = try_cast(values, pa.int64())
            values = values if exact is None else exact
    text = try_cast(values, pa.string())
    if text is None:
        text = pa.chunked_array(
            [pa.array([_written(scalar.as_py()) for scalar in values], pa.string())]
        )
    return text


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _written(value: object) -> str | None:
    match value:
        case None:
            return None
        case bytes():
            return value.decode("utf-8", "replace")
        case list():
            return ";".join(str(_written(entry)) for entry in value if entry is not None)
        case _:
            return str(value)


def mend_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text of a Parquet file whose bytes are not all UTF-8: broken ones become U+FFFD."""
    if not is_text(values.type):
        return values
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        wide = pa.large_binary() if pa.types.is_large_string(values.type) else pa.binary()
        return readable_text(values.cast(wide)).cast(values.type)
    return values


def try_cast(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray | None:
    """Cast a whole column, or give ``None`` when any cell does not fit.

    Parameters
    ----------
    values
        The column.
    target
        The wanted type.

    Returns
    -------
    The column in that type, or ``None``.
    """
    try:
        return values.cast(target)
    except pa.ArrowException:
        return None


def each(
    values: pa.ChunkedArray, target: pa.DataType, read: Callable[[str], object]
) -> pa.ChunkedArray:
    """Parse every distinct text once; what ``read`` gives ``None`` for becomes null.

    Parameters
    ----------
    values
        Text.
    target
        Type of the result.
    read
        Gives a value of that type, or ``None``.

    Returns
    -------
    As many values, of the target type.
    """
    coded = values.dictionary_encode()
    chunks = []
    for chunk in coded.chunks:
        known = [read(text) for text in chunk.dictionary.to_pylist()]
        chunks.append(pc.take(pa.array(known, target), chunk.indices))
    return pa.chunked_array(chunks, target)


def is_plain(values: pa.ChunkedArray) -> bool:
    """Whether a text column holds nothing but non-empty words of plain letters, digits and marks.

    Looks at all bytes at once: what most columns of identifiers need and no more.
    """
    if not is_text(values.type):
        return False
    shortest = pc.min(pc.binary_length(values)).as_py()
    return shortest != 0 and all(bool(_PLAIN[piece].all()) for piece in _bytes_of(values))


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
