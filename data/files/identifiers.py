"""What is wrong with identifiers: shapes, numbers that a spreadsheet spoilt, personal ones."""

import pyarrow as pa
import pyarrow.compute as pc

from data.files.columns import flat, is_plain, is_text
from data.files.pseudonyms import MAY_BE_PERSONAL, personal_trait
from data.schema import Column

Finding = tuple[pa.ChunkedArray, str | list[str]]
"""Where something is wrong, and what: one reason for all, or one for each such row."""

# No "/": an identifier is one part of an address (RFC 3986).
_ID_FORM = r"^[\pL\pN\-_.:+=#~|@()\[\]]{1,200}$"
_PSEUDONYM_FORM = r"^[A-Za-z0-9\-_.:+=#~|]{1,200}$"
_SHORTENED = r"^[+-]?\d(\.\d+)?[eE][+-]\d+$|^\d\.\d+[eE]\d+$|^\d+\.0+$"
_LONG, _ROUNDED = r"^\d{17,}$", r"^\d{15}0{2,}$"  # a spreadsheet keeps fifteen digits
_FORMULA = r"^="  # a key that is computed is another one on the next day
_FULL_WIDTH = r"[\x{FF01}-\x{FF5E}]"  # ００２ looks like 002 and is another key
_DAY = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?$"  # what Excel makes of 1-5
_TOTAL = r"^(?i:(本页|本月|全年)?([合总小共累]\s*计|汇\s*总)|(grand|sub)?[\s-]*total)\s*[:：]?$"


def identifier_findings(
    written: pa.ChunkedArray, values: pa.ChunkedArray, column: Column
) -> list[Finding]:
    """Findings of a column of identifiers.

    Parameters
    ----------
    written
        As in the file, in the file's own type.
    values
        The same, trimmed, as text.
    column
        Of kind ``ID``.

    Returns
    -------
    What is wrong, and where.
    """
    inexact = _inexact(flat(written))
    if inexact is not None:
        return [inexact, *_shape_findings(values, column)]
    return _shape_findings(values, column)


def _inexact(written: pa.ChunkedArray) -> Finding | None:
    """Identifiers kept as numbers that cannot hold all their digits."""
    kind = written.type
    if not pa.types.is_floating(kind):
        return None
    exact_below = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}[kind.bit_width]
    numbers = written.cast(pa.float64())
    unsafe = pc.or_(
        pc.greater_equal(pc.abs(numbers), exact_below), pc.not_equal(pc.floor(numbers), numbers)
    )
    return unsafe, "is a number that has lost digits, not an identifier (store it as text)"


def _shape_findings(values: pa.ChunkedArray, column: Column) -> list[Finding]:
    found: list[Finding] = []
    own = column.references is None
    plain = is_plain(values)
    if _may_be_number(values):
        shortened = pc.match_substring_regex(values, _SHORTENED)
        found.append((shortened, "is a number that a spreadsheet shortened (store it as text)"))
        found.append((pc.match_substring_regex(values, _DAY), "is a time, not an identifier"))
        found += _lost_digits(values)
    if own and column.required and not (plain and _may_be_number(values, all_of=True)):
        found.append((is_total(values), "is a total, not a record"))
    pseudonym = column.name == "resident_id"
    if pc.any(pc.starts_with(values, "="), min_count=0).as_py():
        found.append(
            (pc.match_substring_regex(values, _FORMULA), "is a formula, not an identifier")
        )
    if not plain:
        wide = pc.match_substring_regex(values, _FULL_WIDTH)
        found.append((wide, "is written with full-width letters or digits (write them plainly)"))
    misshapen = None
    if not plain or _longest(values) > 200:
        form = _PSEUDONYM_FORM if pseudonym else _ID_FORM
        misshapen = pc.invert(pc.match_substring_regex(values, form))
    elif (pc.min(pc.binary_length(values)).as_py() or 3) <= 2:
        misshapen = pc.is_in(values, value_set=pa.array([".", ".."], values.type))
    # A pseudonym that must be known anyway is looked at when it turns out not to be.
    if pseudonym and (own or misshapen is not None):
        traits = personal_traits(values)
        if traits is not None:
            found.append(traits)
            if misshapen is not None:
                misshapen = pc.and_not(misshapen, traits[0])
    if misshapen is not None:
        found.append((misshapen, "is not an identifier: a character that does not belong there"))
    return found


def _lost_digits(values: pa.ChunkedArray) -> list[Finding]:
    """Long numbers that all end in zeros after fifteen digits: a spreadsheet kept no more."""
    if _longest(values) < 17:
        return []
    rounded = pc.match_substring_regex(values, _ROUNDED)
    others = pc.and_not(pc.match_substring_regex(values, _LONG), rounded)
    if pc.any(others).as_py():  # they were kept as text
        return []
    return [(rounded, "may have lost its last digits in a spreadsheet (store it as text)")]


def _may_be_number(values: pa.ChunkedArray, *, all_of: bool = False) -> bool:
    """Whether any value (or every one) has a digit first, as numbers do."""
    if not is_text(values.type):
        return False
    first = pc.utf8_slice_codeunits(values, 0, 1)
    digits = pc.ascii_is_decimal(first)
    return bool((pc.all if all_of else pc.any)(digits, min_count=0).as_py())


def is_total(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where a text is the label of a row of totals, such as 合计."""
    return pc.match_substring_regex(values, _TOTAL)


def _longest(values: pa.ChunkedArray) -> int:
    return int(pc.max(pc.binary_length(values)).as_py() or 0)


def personal_traits(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[str]] | None:
    """Where pseudonyms are personal, and what each such one is; ``None`` when none is."""
    # Only what could be one is looked at closely.
    suspect = pc.match_substring_regex(values, MAY_BE_PERSONAL)
    if not pc.any(suspect).as_py():
        return None
    picked = pc.if_else(suspect, values, None).to_pylist()
    traits = [None if text is None else personal_trait(text) for text in picked]
    reasons = [f"is {trait}, not a pseudonym" for trait in traits if trait is not None]
    if not reasons:
        return None
    return pa.chunked_array([pa.array([trait is not None for trait in traits])]), reasons
