"""Files as raw tables: the same columns of text whether CSV, Parquet or a workbook.

Nothing is judged here; a reader finds the columns, keeps codes as they are written, and can say
on which line of the file a row stands.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.files.delimited import Delimited
from data.schema import TABLES, Table
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
    """

    table: Table
    file: Path
    columns: list[str]
    unknown: list[str]
    size: int
    batches: Callable[[], Iterator[pa.Table]]
    lines: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    malformed: Callable[[], list[Malformed]] = list


def find_tables(path: Path) -> tuple[dict[str, RawTable], list[str]]:
    """The contract tables of a folder, or of one file, in the contract's order.

    Returns
    -------
    The tables by name, and the names of files or sheets that are none.

    Raises
    ------
    UsageError
        If there is nothing of the contract there, or one table stands there twice.
    InputRejectedError
        If a file cannot be read or lacks a required column.
    """
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
            opener = _open_csv if ending == ".csv" else _open_parquet
            tables = [opener(file, TABLES[name])]
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
    return {name: found[name] for name in TABLES if name in found}, ignored


def _match(file: str, header: Sequence[Any], table: Table) -> tuple[dict[str, int], list[str]]:
    """Positions of the table's columns in a header, and the columns it does not know."""
    positions: dict[str, int] = {}
    unknown = []
    for position, cell in enumerate(header):
        written = "" if cell is None else str(cell).strip().strip("\ufeff")
        name = written.lower().replace(" ", "_")
        if name not in table.column_names:
            if written:
                unknown.append(written)
        elif name in positions:
            raise InputRejectedError(f"{file} has two columns {name}.", "Remove one of them.")
        else:
            positions[name] = position
    missing = [c.name for c in table.columns if c.required and c.name not in positions]
    if missing:
        raise InputRejectedError(
            f"{file} lacks the required column {', '.join(missing)}.",
            f"It has: {', '.join(map(str, header))}.",
        )
    return {name: positions[name] for name in table.column_names if name in positions}, unknown


def _open_csv(file: Path, table: Table) -> RawTable:
    reader = Delimited(file)
    if not reader.header:
        raise InputRejectedError(f"{file.name} is empty.", "It needs at least a header line.")
    positions, unknown = _match(file.name, reader.header, table)

    def malformed() -> list[Malformed]:
        return [
            Malformed(line, text, f"has {cells} cells, the header has {len(reader.header)}")
            for line, cells, text in reader.malformed()
        ]

    return RawTable(
        table,
        file,
        list(positions),
        unknown,
        file.stat().st_size,
        lambda: reader.batches(positions),
        reader.lines,
        malformed,
    )


def _open_parquet(file: Path, table: Table) -> RawTable:
    try:
        with pq.ParquetFile(file) as opened:
            header = opened.schema_arrow.names
    except (pa.ArrowException, OSError) as error:
        raise InputRejectedError(f"{file.name} cannot be read: {error}.") from error
    positions, unknown = _match(file.name, header, table)
    names = [header[position] for position in positions.values()]

    def batches() -> Iterator[pa.Table]:
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(BATCH_ROWS, columns=names):
                yield pa.Table.from_batches([batch]).select(names).rename_columns(list(positions))

    # A Parquet file has no lines; rows count from 1.
    return RawTable(
        table, file, list(positions), unknown, file.stat().st_size, batches, lambda rows: rows + 1
    )


def _open_workbook(file: Path) -> tuple[list[RawTable], list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(file)) as book:
            sheets = {
                name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                for name in book.sheet_names
                if name.strip().lower() in TABLES
            }
            others = [name for name in book.sheet_names if name not in sheets]
    except (CalamineError, OSError, ValueError) as error:
        raise InputRejectedError(f"{file.name} cannot be read: {error}.") from error
    tables = []
    for name, rows in sheets.items():
        raw = _open_sheet(file, TABLES[name.strip().lower()], rows)
        if raw is None:
            others.append(f"{name} (empty)")
        else:
            tables.append(raw)
    return tables, others


def _open_sheet(file: Path, table: Table, rows: list[list[Any]]) -> RawTable | None:
    filled = [n for n, row in enumerate(rows) if any(_cell(value) is not None for value in row)]
    if not filled:
        return None
    positions, unknown = _match(f"{file.name}, sheet {table.name},", rows[filled[0]], table)
    numbers = np.array(filled[1:], dtype=np.int64)

    def batches() -> Iterator[pa.Table]:
        yield pa.table(
            {
                name: pa.array([_cell(rows[n][position]) for n in numbers.tolist()], pa.string())
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
