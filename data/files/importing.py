"""Bringing files into the store: judge, then merge, table by table."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_manager.dbapi import Connection

from data.files.quarantine import COLUMNS, empty_quarantine
from data.files.readers import RawTable, find_tables
from data.files.reading import ImportReport, Judged, Progress, TableReport, judge_table, keys_of
from data.files.references import Erased
from data.schema import TABLES, Table
from data.store.erasures import LOCK_TO_WRITE, SELECT, Erasures
from data.store.store import Store
from data.store.transfer import MergeCount, fetch, merge, open_connection
from recommender.errors import GongxuError


def import_path(
    store: Store | None,
    path: Path,
    *,
    now: datetime,
    dry_run: bool = False,
    strict: bool = False,
    encoding: str | None = None,
    progress: Progress | None = None,
    erasures: Erasures | None = None,
) -> ImportReport:
    """Import the contract tables of a folder or file.

    As :func:`data.files.readers.find_tables` and :func:`import_tables` one after the other.

    Parameters
    ----------
    store
        Migrated. ``None`` stands for an empty one, for a dry run.
    path
        A folder of contract tables, or one file.
    now, dry_run, strict, progress
        As in :func:`import_tables`.
    encoding
        Of the CSV files; ``None`` to find out for each.

    Returns
    -------
    Counts by table, quarantined rows and notes.

    Raises
    ------
    UsageError
        If there is no contract table.
    InputRejectedError
        If a file cannot be read or lacks a required column.
    """
    sources, ignored = find_tables(path, encoding)
    return import_tables(
        store,
        sources,
        ignored,
        now=now,
        dry_run=dry_run,
        strict=strict,
        progress=progress,
        erasures=erasures,
    )


def import_tables(
    store: Store | None,
    sources: Mapping[str, RawTable],
    ignored: Sequence[str] = (),
    *,
    now: datetime,
    dry_run: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
    erasures: Erasures | None = None,
) -> ImportReport:
    """Import tables that were found in files.

    Each table is one transaction: whenever this dies, every table is as it was or as it should
    be. Tables that others refer to come first, so what is there never refers to nothing.

    Parameters
    ----------
    store
        Migrated. ``None`` stands for an empty one, for a dry run.
    sources, ignored
        As :func:`data.files.readers.find_tables` returns them.
    now
        Times after it are in the future.
    dry_run
        Validate and count without storing: each transaction is rolled back.
    strict
        Store nothing if any row is invalid.
    progress
        Called now and then.
    erasures
        Recognises erased residents; may be left out while nobody was erased.

    Returns
    -------
    What became of every row.

    Raises
    ------
    InputRejectedError
        If a file turns out to be no file of its kind; tables before it are in.
    """
    report = ImportReport(notes=[f"ignored: {name}" for name in ignored], kept=not dry_run)
    with ExitStack() as stack:
        connection: Connection | None = None
        if store is not None:
            connection = stack.enter_context(closing(open_connection(store.url)))
        known = KnownKeys(connection)
        erased = None if connection is None else _erased_now(connection, erasures)
        quarantines = []

        def judge_next(name: str) -> Judged:
            judged = judge_table(sources[name], known, now=now, erased=erased, progress=progress)
            if sources[name].refusal is None:
                known.add(name, judged.rows)
            quarantines.append(judged.quarantine)
            report.notes.extend(judged.notes)
            return judged

        # Strictness has to see everything before the first row is kept.
        judged_before = {name: judge_next(name) for name in sources} if strict else {}
        if any(judged.bad for judged in judged_before.values()):
            report.kept = False
        for name, source in sources.items():
            judged = judged_before.pop(name, None) or judge_next(name)
            if connection is None:
                count, late = MergeCount(new=judged.rows.num_rows), 0
            else:
                rows = _lock_out_erased(connection, source.table, judged.rows, erasures)
                late = judged.rows.num_rows - rows.num_rows
                # Neither their lines nor whose they were is known any more.
                lost = (name, 0, "resident_id", "", "was erased during the import")
                quarantines.append(pd.DataFrame([lost] * late, columns=list(COLUMNS)))
                count = _merge(connection, source.table, rows, keep=report.kept)
            report.tables[name] = TableReport(
                read=judged.read,
                new=count.new,
                changed=count.changed,
                same=count.same + judged.repeats,
                quarantined=judged.bad + late,
            )
    report.quarantine = pd.concat([empty_quarantine(), *quarantines], ignore_index=True)
    return report


def _erased_now(connection: Connection, erasures: Erasures | None) -> Erased | None:
    """Whether a resident was erased, by the digests that the transaction sees."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT)
        rows = cursor.fetchall()
    connection.rollback()
    return _recognise(rows, erasures)


def _recognise(rows: Sequence[tuple[str, str]], erasures: Erasures | None) -> Erased | None:
    if not rows:
        return None
    if erasures is None:
        raise GongxuError("residents were erased here, and the key of their digests is not known.")
    digests, digest = erasures.adopt(rows), erasures.digest
    return lambda resident_id: digest(resident_id) in digests


def _lock_out_erased(
    connection: Connection, table: Table, rows: pa.Table, erasures: Erasures | None
) -> pa.Table:
    """Leave out residents who were erased since the rows were judged; no other can be now.

    An erasure under way is waited for; one that comes later waits for the merging transaction,
    and then deletes what that has written.
    """
    if "resident_id" not in table.column_names:
        return rows
    with connection.cursor() as cursor:
        cursor.execute(LOCK_TO_WRITE)
        cursor.execute(SELECT)
        erased = _recognise(cursor.fetchall(), erasures)
    if erased is None:
        return rows
    residents = rows["resident_id"].cast(pa.large_string())
    gone = [value for value in pc.unique(residents).to_pylist() if value and erased(value)]
    named = pc.is_in(residents, value_set=pa.array(gone, pa.large_string()))
    return rows.filter(pc.invert(named))


def _merge(connection: Connection, table: Table, rows: pa.Table, *, keep: bool) -> MergeCount:
    with connection.cursor() as cursor:
        count = merge(cursor, table, rows)
    if keep:
        connection.commit()
    else:
        connection.rollback()
    return count


class KnownKeys(Mapping[str, pa.ChunkedArray | None]):
    """Keys that may be referred to: those of the files so far and those in the store.

    Parameters
    ----------
    connection
        Read when a table is first asked for; ``None`` for an empty store.
    """

    def __init__(self, connection: Connection | None) -> None:
        self._connection = connection
        self._known: dict[str, pa.ChunkedArray | None] = {}

    def __getitem__(self, name: str) -> pa.ChunkedArray | None:
        if name not in self._known:
            self._known[name] = self._stored(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def add(self, name: str, rows: pa.Table) -> None:
        """Note a table's judged rows; to be called before they are merged.

        Parameters
        ----------
        name
            The contract table.
        rows
            Its judged rows.
        """
        keys = keys_of(rows, name)
        if keys is None or not any(
            column.references == name for table in TABLES.values() for column in table.columns
        ):
            return
        stored = self._stored(name)
        self._known[name] = (
            keys if stored is None else pa.chunked_array([*keys.chunks, *stored.chunks], keys.type)
        )

    def _stored(self, name: str) -> pa.ChunkedArray | None:
        if self._connection is None:
            return None
        key = TABLES[name].key[0]
        with self._connection.cursor() as cursor:
            keys = fetch(cursor, TABLES[name], [key])[key]
        self._connection.rollback()  # nothing was written; what was read may move on
        return keys.cast(pa.large_string()) if len(keys) else None
