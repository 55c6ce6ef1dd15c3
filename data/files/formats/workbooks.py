"""Sheets of workbooks as rows of text, with what a cell's value alone does not tell.

The rows come from python-calamine, for which an error, a formula without a value and a merged cell
are empty; where those stand is read from the workbook's own XML first, as is how far a sheet
reaches, since one cell in the last corner would ask for hundreds of gigabytes.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from recommender.errors import InputRejectedError

PART_MAX = 500_000_000
"""Bytes of a workbook's unpacked text and sheets that are still read."""

_AREA_MAX = 30_000_000
_SPARSE = 20
_SLICE = 1 << 24
_COLUMN = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,7})"[^>]*>')
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>.{0,2000}?'
    rb"<(?:\w+:)?v[^>]*>([^<]*)<",
    re.DOTALL,
)
_FORMULA = re.compile(
    rb'<(?:\w+:)?c\b([^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*)>\s*<(?:\w+:)?f\b'
    rb"(?:[^>]*/>|[^>]*>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(<(?:\w+:)?v\s*/>|<(?:\w+:)?v[^>]*>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
_DAY_NUMBER, _DAYS_TO_1904 = re.compile(r"\d{4,5}(\.\d+)?", re.ASCII), 1462
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass
class Sheet:
    """One sheet.

    Attributes
    ----------
    name
        As written on its tab.
    rows
        Texts by row and column from the first cell on; ``None`` for an empty cell.
    notes
        What a reader of the workbook does not see, or the rows do not tell.
    fault
        Why it cannot be read; ``None`` when it can.
    from_1904
        Whether days that are written as numbers are counted from 1904 rather than from 1900.
    """

    name: str
    rows: list[list[str | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fault: str | None = None
    from_1904: bool = False


@dataclass
class _Marks:
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    reach: tuple[int, int] | None = None


def read_sheets(file: Path, wanted: set[str]) -> tuple[list[Sheet], list[str]]:
    """The sheets of a workbook that are tables, and the names of the others.

    Parameters
    ----------
    file
        ``.xlsx``, ``.xlsm`` or ``.xls``.
    wanted
        Names in lower case.

    Returns
    -------
    The sheets with their rows, and names of sheets that are no table.

    Raises
    ------
    InputRejectedError
        If the file is no workbook, or unpacks to more than :data:`PART_MAX`.
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        marks, from_1904 = _marks_of(file, wanted), _counts_from_1904(file)
        sheets, others = [], []
        with CalamineWorkbook.from_path(str(file)) as book:
            for told in book.sheets_metadata:
                if told.name.strip().lower() not in wanted:
                    others.append(told.name)
                    continue
                sheet = Sheet(told.name, from_1904=from_1904)
                sheets.append(sheet)
                if told.visible != SheetVisibleEnum.Visible:
                    sheet.notes.append("is hidden; it was read")
                found = marks.get(told.name, _Marks())
                if found.reach is not None:
                    height, width = found.reach
                    sheet.fault = (
                        f"has cells far outside its table: {height:,} rows, {width:,} columns"
                    )
                    continue
                rows = book.get_sheet_by_name(told.name).to_python(skip_empty_area=False)
                sheet.rows = [[_cell(value) for value in row] for row in rows]
                _mark(sheet, found)
                if file.suffix.lower() == ".xls":
                    sheet.notes.append("is in the old .xls form: its errors look like empty cells")
    except InputRejectedError:
        raise
    except (CalamineError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputRejectedError(f"{file.name} cannot be read: {error}.") from error
    except (ElementTree.ParseError, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputRejectedError(f"{file.name} cannot be read: {error}.") from error
    except Exception as error:  # zlib.error, and panics of the Rust reader, which share no base
        raise InputRejectedError(f"{file.name} cannot be read: {error}.") from error
    return sheets, others


def _marks_of(file: Path, wanted: set[str]) -> dict[str, _Marks]:
    if not zipfile.is_zipfile(file):
        return {}  # the old format, or none at all
    with zipfile.ZipFile(file) as parts:
        size = sum(part.file_size for part in parts.infolist())
        if size > PART_MAX:
            raise InputRejectedError(
                f"{file.name} unpacks to {size / 1e6:,.0f} MB.",
                "Large tables are read from CSV or Parquet.",
            )
        return {
            name: _inspect(parts.read(path))
            for name, path in _sheet_paths(parts)
            if name.strip().lower() in wanted and path in parts.NameToInfo
        }


def _counts_from_1904(file: Path) -> bool:
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as parts:
        if "xl/workbook.xml" not in parts.NameToInfo:
            return False
        found = parts.read("xl/workbook.xml")
    return re.search(rb"\bdate1904=[\"'](1|true)[\"']", found) is not None


def count_from_1900(text: str | None) -> str | None:
    """A day's number in a workbook that counts from 1904, as others write it.

    Whatever is no such number stays as it is.
    """
    if text is None or _DAY_NUMBER.fullmatch(text) is None:
        return text
    return repr(float(text) + _DAYS_TO_1904) if "." in text else str(int(text) + _DAYS_TO_1904)


def measure_workbook(
    content: IO[bytes], wanted: set[str], *, area_max: int
) -> tuple[int, tuple[int, int] | None]:
    """What a workbook asks for before it is opened.

    Parameters
    ----------
    content
        An ``.xlsx`` file, open.
    wanted
        Names of the sheets that will be read.
    area_max
        Rows times columns up to which a sheet may be nearly empty.

    Returns
    -------
    Bytes that it unpacks to; rows and columns of a sheet with cells far outside its table, ``None``
    where none has such cells or more than :data:`PART_MAX` would be unpacked.

    Raises
    ------
    zipfile.BadZipFile
        If it is no workbook; damaged ones raise other errors, too.
    """
    with zipfile.ZipFile(content) as parts:
        size = sum(part.file_size for part in parts.infolist())
        if size > PART_MAX:
            return size, None
        for name, path in _sheet_paths(parts):
            reach = _inspect(parts.read(path), area_max).reach if name in wanted else None
            if reach is not None:
                return size, reach
    return size, None


def _sheet_paths(parts: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    if "xl/workbook.xml" not in parts.NameToInfo:
        return
    targets = {
        relation.get("Id"): relation.get("Target", "")
        for relation in ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    }
    for sheet in ElementTree.fromstring(parts.read("xl/workbook.xml")).iter():  # noqa: S314
        if sheet.tag.endswith("}sheet"):
            target = targets.get(sheet.get(_RELATION), "") or ""
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            yield sheet.get("name", ""), path


def _inspect(xml: bytes, area_max: int = _AREA_MAX) -> _Marks:
    marks = _Marks()
    columns: dict[bytes, int] = {}
    cells = 0
    for start in range(0, len(xml), _SLICE):
        # A little is looked at twice, so that nothing is cut in two.
        piece = xml[max(0, start - 200) : start + _SLICE]
        for letters, row in _COLUMN.findall(piece):
            cells += 1
            columns[letters] = max(columns.get(letters, 0), int(row))
    width = max(map(_number, columns), default=0)
    height = max(columns.values(), default=0)
    if width * height > area_max and width * height > _SPARSE * cells:
        marks.reach = height, width
        return marks
    for found in _ERROR.finditer(xml):
        marks.cells[_place(found[1], found[2])] = found[3].decode("utf-8", "replace") or "#N/A"
    if b"<f" in xml or b":f" in xml:
        for found in _FORMULA.finditer(xml):
            if found[5] is not None and b't="str"' in found[1]:
                continue  # its value is the empty text
            text = (found[4] or b"").decode("utf-8", "replace")
            marks.cells[_place(found[2], found[3])] = f"#UNCALCULATED! ={text}"[:200]
    for a, top, b, bottom in _MERGED.findall(xml):
        marks.merged.append((int(top), _number(a), min(int(bottom), height), _number(b)))
    marks.hidden = [
        int(found[1]) for found in _ROW.finditer(xml) if re.search(rb'hidden="(1|true)"', found[0])
    ]
    return marks


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _place(letters: bytes, row: bytes) -> tuple[int, int]:
    return int(row) - 1, _number(letters) - 1


def _mark(sheet: Sheet, marks: _Marks) -> None:
    rows = sheet.rows
    for (row, column), text in marks.cells.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text if text.startswith("#") else f"#{text}"
    for top, left, bottom, right in marks.merged:
        anchor = rows[top - 1][left - 1] if top <= len(rows) and left <= len(rows[0]) else None
        if anchor is None:
            continue
        for row in range(top - 1, min(bottom, len(rows))):
            for column in range(left - 1, min(right, len(rows[row]))):
                if bottom > top or column > left - 1:
                    rows[row][column] = f"#MERGED! {anchor}"[:200]
    if marks.hidden:
        first, last = marks.hidden[0], marks.hidden[-1]
        sheet.notes.append(
            f"has {len(marks.hidden)} hidden or filtered rows between {first} and {last}; "
            "they were read"
        )


def _cell(value: Any) -> str | None:
    """A workbook's cell as text: what was meant, not how Excel keeps it."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case _:
            text = str(value)
            return text if text.strip() else None
