"""Files as raw tables: the same columns of text whether CSV, Parquet or a workbook.

Nothing is judged here; a reader finds the columns, keeps codes as they are written, and can say
on which line of the file a row stands.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.files.formats.delimited import HEAD_LINES, Delimited
from data.files.formats.encoding import check_encoding
from data.files.formats.headings import match_headings, recognised
from data.files.formats.workbooks import Sheet, count_from_1900, read_sheets
from data.schema import TABLES, Kind, Table
from recommender.errors import InputRejectedError, UsageError

BATCH_ROWS = 250_000
WORKBOOKS = (".xlsx", ".xlsm", ".xls")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that could not even be split into the table's columns."""

    line: int
    text: str
    reason: str


@dataclass
class RawTable:
    """One contract table as it stands in a file.

    Attributes
    ----------
    table, file
        What it is and where it came from.
    columns
        The contract's names of the columns that were found.
    unknown
        Columns the contract does not know, as written.
    size
        Bytes, for a progress bar.
    batches
        Yields batches with exactly ``columns``; text, or a Parquet file's own types.
    lines
        Line numbers (from 1) of the rows (from 0) that ``batches`` yielded.
    malformed
        Rows that ``batches`` left out; ask when it is exhausted.
    notes
        What was guessed or skipped; complete when ``batches`` is exhausted.
    refusal
        Why the table is not read at all; ``None`` for one that is.
    """

    table: Table
    file: Path
    columns: list[str]
    unknown: list[str]
    size: int
    batches: Callable[[], Iterator[pa.Table]]
    lines: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    malformed: Callable[[], list[Malformed]] = list
    notes: list[str] = field(default_factory=list)
    refusal: InputRejectedError | None = None


def find_tables(path: Path, encoding: str | None = None) -> tuple[dict[str, RawTable], list[str]]:
    """The contract tables of a folder, or of one file, in the contract's order.

    A table whose headings make no sense is one with a ``refusal``; the others go on.

    Parameters
    ----------
    path
        A folder, or one file.
    encoding
        Of the CSV files; ``None`` to find out for each.

    Returns
    -------
    The tables by name, and the names of files or sheets that are none.

    Raises
    ------
    UsageError
        If there is nothing of the contract there, or one table stands there twice.
    InputRejectedError
        If a file cannot be read, or no table can be.
    """
    if encoding is not None:
        check_encoding(encoding)
    if not path.exists():
        raise UsageError(f"{path} is not there.", "Give a folder of contract tables, or one file.")
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    found: dict[str, RawTable] = {}
    ignored: list[str] = []
    for file in files:
        ending = file.suffix.lower()
        if file.name.startswith(("~$", ".")):
            continue  # a workbook's lock file
        if ending in WORKBOOKS:
            tables, others = _open_workbook(file)
            ignored += [f"{file.name}: sheet {name}" for name in others]
        elif ending in (".csv", ".parquet"):
            name = file.stem.strip().lower()
            if name not in TABLES:
                ignored.append(file.name)
                continue
            table = TABLES[name]
            is_csv = ending == ".csv"
            tables = [_open_csv(file, table, encoding) if is_csv else _open_parquet(file, table)]
        else:
            continue
        for raw in tables:
            if raw.table.name in found:
                other = found[raw.table.name].file.name
                raise UsageError(
                    f"{raw.table.name} stands in both {other} and {file.name}.",
                    "Keep one of them.",
                )
            found[raw.table.name] = raw
    if not found:
        raise UsageError(
            f"{path} holds no table of the contract.",
            f"Name files as NAME.csv, NAME.parquet or sheets as NAME; NAME is one of "
            f"{', '.join(TABLES)}.",
        )
    refusals = [raw.refusal for raw in found.values() if raw.refusal is not None]
    if len(refusals) == len(found):
        raise refusals[0]
    return {name: found[name] for name in TABLES if name in found}, ignored


def _open_csv(file: Path, table: Table, encoding: str | None) -> RawTable:
    reader = Delimited(file, lambda cells: recognised(cells, table), encoding)
    if not reader.header:
        raise InputRejectedError(f"{file.name} is empty.", "It needs at least a header line.")
    try:
        positions, unknown, notes = match_headings(file.name, reader.header, table)
    except InputRejectedError as error:
        return _refused(file, table, reader.header_line, reader.header, error)
    reader.notes += notes

    def malformed() -> list[Malformed]:
        return [Malformed(line, text, fault) for line, text, fault in reader.malformed()]

    return RawTable(
        table,
        file,
        list(positions),
        unknown,
        file.stat().st_size,
        lambda: reader.batches(positions),
        reader.lines,
        malformed,
        reader.notes,
    )


def _refused(
    file: Path, table: Table, line: int, header: Sequence[Any], error: InputRejectedError
) -> RawTable:
    """A table that is not read at all, for a reason that its report tells."""
    text = ",".join("" if cell is None else str(cell) for cell in header)
    return RawTable(
        table,
        file,
        [],
        [],
        0,
        lambda: iter(()),
        lambda rows: rows,
        lambda: [Malformed(line, text, f"the table was not read: {error}")],
        refusal=error,
    )


def _open_parquet(file: Path, table: Table) -> RawTable:
    try:
        with pq.ParquetFile(file) as opened:
            header = opened.schema_arrow.names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputRejectedError(f"{file.name} cannot be read: {error}.") from error
    try:
        positions, unknown, notes = match_headings(file.name, header, table)
    except InputRejectedError as error:
        return _refused(file, table, 1, header, error)
    numbers = list(positions.values())

    def batches() -> Iterator[pa.Table]:
        try:
            with pq.ParquetFile(file, page_checksum_verification=True) as opened:
                for batch in opened.iter_batches(BATCH_ROWS):
                    block = pa.Table.from_batches([batch]).select(numbers)
                    yield block.rename_columns(list(positions))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputRejectedError(f"{file.name} cannot be read: {error}.") from error

    # A Parquet file has no lines; rows count from 1.
    return RawTable(
        table,
        file,
        list(positions),
        unknown,
        file.stat().st_size,
        batches,
        lambda rows: rows + 1,
        notes=notes,
    )


def _open_workbook(file: Path) -> tuple[list[RawTable], list[str]]:
    sheets, others = read_sheets(file, set(TABLES))
    tables = []
    for sheet in sheets:
        raw = _open_sheet(file, TABLES[sheet.name.strip().lower()], sheet)
        if raw is None:
            others.append(f"{sheet.name} (empty)")
        else:
            tables.append(raw)
    return tables, others


def _is_day(table: Table, name: str) -> bool:
    kinds = {column.name: column.kind for column in table.columns}
    return kinds[name] in (Kind.TIME, Kind.DATE)


def _open_sheet(file: Path, table: Table, sheet: Sheet) -> RawTable | None:
    place = f"{file.name}, sheet {sheet.name},"
    notes = [f"{place} {note}" for note in sheet.notes]
    if sheet.fault is not None:
        error = InputRejectedError(f"{place} {sheet.fault}.", "Delete what is outside the table.")
        return _refused(file, table, 1, [], error)
    rows = sheet.rows
    filled = [n for n, row in enumerate(rows) if any(value is not None for value in row)]
    if not filled:
        return None
    head = max(filled[:HEAD_LINES], key=lambda n: (recognised(rows[n], table), -n))
    try:
        positions, unknown, told = match_headings(place, rows[head], table)
    except InputRejectedError as error:
        return _refused(file, table, head + 1, rows[head], error)
    above = [next(cell for cell in rows[n] if cell) for n in filled if n < head]
    if above:
        notes.append(f"{place} above the headings stands {above[0][:60]!r}")
    numbers = np.array([n for n in filled if n > head], dtype=np.int64)
    if sheet.from_1904:
        days = [position for name, position in positions.items() if _is_day(table, name)]
        for row, day in product(rows[head + 1 :], days):
            row[day] = count_from_1900(row[day])

    def batches() -> Iterator[pa.Table]:
        yield pa.table(
            {
                name: pa.array([rows[n][position] for n in numbers.tolist()], pa.string())
                for name, position in positions.items()
            }
        )

    return RawTable(
        table,
        file,
        list(positions),
        unknown,
        file.stat().st_size,
        batches,
        lambda wanted: numbers[wanted] + 1,
        notes=notes + told,
    )
