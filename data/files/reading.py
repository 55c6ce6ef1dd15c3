"""Reading folders and files of contract tables: judged rows, and a report that adds up."""

import logging
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from data.arrow import arrow_schema, to_frame
from data.dataset import Dataset
from data.files.quarantine import COLUMNS, Problems, empty_quarantine, show
from data.files.readers import Malformed, RawTable, find_tables
from data.files.references import Erased, check_references, refuse_erased, settle_repeats
from data.files.validation import ROW, judge
from data.schema import TABLES

Progress = Callable[[str, int, int], None]
"""Called with a table's name, the rows read so far and the file's size in bytes."""

_WORKERS = 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableReport:
    """What became of one table's rows; ``read = new + changed + same + quarantined``.

    Attributes
    ----------
    read
        Rows in the file.
    new, changed, same
        Rows that added a key, replaced a row, or changed nothing: repeats, and versions that a
        newer one supersedes. Read into memory alone, every distinct row is new.
    quarantined
        Bad rows.
    """

    read: int
    new: int
    changed: int
    same: int
    quarantined: int


@dataclass
class ImportReport:
    """What became of a whole input.

    Attributes
    ----------
    tables
        By table name.
    quarantine
        Columns ``table, line, column, value, reason``; one line a bad row.
    notes
        What a user should know: unknown columns, ignored files, references left unchecked.
    kept
        Whether the counts came to pass; false after a dry run or a refusal.
    """

    tables: dict[str, TableReport] = field(default_factory=dict)
    quarantine: pd.DataFrame = field(default_factory=empty_quarantine)
    notes: list[str] = field(default_factory=list)
    kept: bool = True

    @property
    def read(self) -> int:
        """Rows read in all."""
        return sum(table.read for table in self.tables.values())

    @property
    def quarantined(self) -> int:
        """Bad rows in all."""
        return sum(table.quarantined for table in self.tables.values())

    def to_frame(self) -> pd.DataFrame:
        """One line a table: ``table, read, new, changed, same, quarantined``."""
        return pd.DataFrame(
            [
                (name, t.read, t.new, t.changed, t.same, t.quarantined)
                for name, t in self.tables.items()
            ],
            columns=["table", "read", "new", "changed", "same", "quarantined"],
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """One table after judging.

    Attributes
    ----------
    rows
        Good rows with distinct keys, in file order, as Arrow columns.
    read, repeats
        Rows in the file; good ones left out as repeats or superseded.
    quarantine
        The bad ones, as in :class:`ImportReport`.
    notes
        As in :class:`ImportReport`.
    """

    rows: pa.Table
    read: int
    repeats: int
    quarantine: pd.DataFrame
    notes: list[str]

    @property
    def bad(self) -> int:
        """How many rows are bad."""
        return len(self.quarantine)


def read_dataset(
    path: Path, *, now: datetime, progress: Progress | None = None
) -> tuple[Dataset, ImportReport]:
    """Read and judge the contract tables of a folder or file, without a database.

    Parameters
    ----------
    path
        A folder of CSV and Parquet files or workbooks, or one such file.
    now
        Times after it are in the future.
    progress
        Called now and then.

    Returns
    -------
    The good rows, and what became of every row.

    Raises
    ------
    UsageError
        If there is no contract table.
    InputRejectedError
        If a file cannot be read or lacks a required column.
    """
    sources, ignored = find_tables(path)
    report = ImportReport(notes=[f"ignored: {name}" for name in ignored])
    known: dict[str, pa.ChunkedArray | None] = dict.fromkeys(TABLES)
    frames: dict[str, pd.DataFrame] = {}
    quarantines = []
    for name, source in sources.items():
        if source.refusal is not None:
            raise source.refusal
        judged = judge_table(source, known, now=now, progress=progress)
        known[name] = keys_of(judged.rows, name)
        frames[name] = to_frame(judged.rows, TABLES[name])
        report.tables[name] = TableReport(
            read=judged.read,
            new=judged.rows.num_rows,
            changed=0,
            same=judged.repeats,
            quarantined=judged.bad,
        )
        quarantines.append(judged.quarantine)
        report.notes += judged.notes
    report.quarantine = pd.concat([empty_quarantine(), *quarantines], ignore_index=True)
    if report.quarantined:
        _log.warning(
            "%s: %d of %d rows are invalid and left out; `gongxu import --dry-run` lists them",
            path,
            report.quarantined,
            report.read,
        )
    return Dataset(frames), report


def keys_of(rows: pa.Table, name: str) -> pa.ChunkedArray | None:
    """The key column of a table that others may refer to; ``None`` when that cannot be.

    Parameters
    ----------
    rows
        Judged rows of the table.
    name
        The contract table.

    Returns
    -------
    The values of its single key column, or ``None`` for a table with a compound key.
    """
    key = TABLES[name].key
    return rows[key[0]] if len(key) == 1 else None


def judge_table(
    source: RawTable,
    known: Mapping[str, pa.ChunkedArray | None],
    *,
    now: datetime,
    erased: Erased | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Read one table and judge every row by every rule.

    Parameters
    ----------
    source
        Where the rows are.
    known
        Keys of the tables that may be referred to; ``None`` for one that is nowhere.
    erased
        Whether a resident was erased and may not come back; ``None`` when nobody was.
    now, progress
        As in :func:`read_dataset`.

    Returns
    -------
    Accepted rows, rejected values and counts.
    """
    table = source.table
    problems = Problems()
    good: list[pa.Table] = []
    read = 0
    for block, found, size in _judge_blocks(source, now):
        good.append(block)
        problems.extend(found)
        read += size
        if progress is not None:
            progress(table.name, read, source.size)
    schema = arrow_schema(table, source.columns or None).append(pa.field(ROW, pa.int64()))
    # A block with ranges of times has an end column that others may lack.
    rows = pa.concat_tables(good, promote_options="default") if good else schema.empty_table()
    notes = list(source.notes)
    notes += [f"{table.name}: unknown column {name}" for name in source.unknown]
    rows, unchecked = check_references(rows, table, known, problems)
    notes += [f"{table.name}: {reference} not checked, no such table" for reference in unchecked]
    rows = refuse_erased(rows, table, erased, problems)
    rows, repeats = settle_repeats(rows, table, problems)
    malformed = source.malformed()
    quarantine = _quarantine(source, problems, malformed)
    return Judged(rows.drop_columns([ROW]), read + len(malformed), repeats, quarantine, notes)


def _judge_blocks(source: RawTable, now: datetime) -> Iterator[tuple[pa.Table, Problems, int]]:
    """Judge blocks on a few threads while the next ones are being read."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        waiting: deque[tuple[Future[tuple[pa.Table, Problems]], int]] = deque()
        first = 0
        for block in source.batches():
            if block.num_rows == 0:
                continue
            waiting.append((pool.submit(judge, block, source.table, first, now), block.num_rows))
            first += block.num_rows
            if len(waiting) > _WORKERS:
                future, size = waiting.popleft()
                yield *future.result(), size
        while waiting:
            future, size = waiting.popleft()
            yield *future.result(), size


def _quarantine(source: RawTable, problems: Problems, malformed: list[Malformed]) -> pd.DataFrame:
    """All bad rows of a table, as lines of the quarantine file."""
    name = source.table.name
    parts = [empty_quarantine()]
    found = problems.to_frame()
    if len(found):
        parts.append(
            pd.DataFrame(
                {
                    "table": name,
                    "line": source.lines(found["row"].to_numpy(dtype=np.int64)),
                    "column": found["column"],
                    "value": [
                        show(value, column)
                        for value, column in zip(found["value"], found["column"], strict=True)
                    ],
                    "reason": _with_lines(found["reason"], source),
                }
            )
        )
    if malformed:
        parts.append(
            pd.DataFrame(
                [(name, m.line, "", show(m.text, ""), m.reason) for m in malformed],
                columns=list(COLUMNS),
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values("line", kind="stable", ignore_index=True)


def _with_lines(reasons: pd.Series, source: RawTable) -> pd.Series:
    """Put the line of the row that a reason points to where its number stands."""
    rows = reasons.str.extract(rf"{ROW}(\d+)", expand=False)
    pointing = rows.notna()
    if not pointing.any():
        return reasons
    numbers = np.array(rows[pointing].to_list(), dtype=np.int64)
    lines = source.lines(numbers)
    told = [
        re.sub(rf"{ROW}\d+", f"than line {line}", reason)
        for reason, line in zip(reasons[pointing], lines.tolist(), strict=True)
    ]
    reasons = reasons.copy()
    reasons[pointing] = told
    return reasons
