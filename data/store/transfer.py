"""Moving whole tables between Arrow and PostgreSQL by binary COPY."""

from dataclasses import dataclass

import pyarrow as pa
from adbc_driver_manager.dbapi import Connection, Cursor
from adbc_driver_postgresql import dbapi

from data.schema import Table
from data.store.tables import INDEXES, index_name

BULK_ROWS = 20_000
"""From this many rows on, an empty table is filled without its indexes, which follow after."""


@dataclass(frozen=True, slots=True)
class MergeCount:
    """What became of the rows of one merge.

    Attributes
    ----------
    new
        Rows whose key the table did not hold.
    changed
        Rows that replaced an older state.
    same
        Rows that changed nothing: repeats, and versions older than the table's own.
    """

    new: int = 0
    changed: int = 0
    same: int = 0


def open_connection(url: str) -> Connection:
    """A connection that speaks Arrow; everything until ``commit`` is one transaction."""
    connection: Connection = dbapi.connect(url)
    return connection


def fetch(cursor: Cursor, table: Table, names: list[str] | None = None) -> pa.Table:
    """A table's columns, ordered by key so that equal contents read equal.

    Parameters
    ----------
    cursor
        On a connection of :func:`open_connection`.
    table
        The contract table.
    names
        Its columns to read; all when left out.

    Returns
    -------
    The columns as the database types them.
    """
    columns = ", ".join(names or table.column_names)
    cursor.execute(f"SELECT {columns} FROM {table.name} ORDER BY {', '.join(table.key)}")
    return cursor.fetch_arrow_table()


def merge(cursor: Cursor, table: Table, rows: pa.Table) -> MergeCount:
    """Bring judged rows into a table.

    Parameters
    ----------
    cursor
        On a connection of :func:`open_connection`; the caller commits.
    table
        Which one.
    rows
        Columns as in :func:`data.arrow.arrow_schema`, keys distinct. Columns that are missing
        here keep the values they have in the database.

    Returns
    -------
    Numbers of new, changed and unchanged rows.
    """
    if rows.num_rows == 0:
        return MergeCount()
    rows = _plain(rows)
    # Two imports into one table take turns; readers go on.
    cursor.execute(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")
    cursor.execute(f"SELECT EXISTS (SELECT FROM {table.name})")
    (occupied,) = cursor.fetchone() or (True,)
    if occupied:
        return _merge_staged(cursor, table, rows)
    if rows.num_rows < BULK_ROWS:
        cursor.adbc_ingest(table.name, rows, mode="append")
    else:
        _fill(cursor, table, rows)
    return MergeCount(new=rows.num_rows)


def _fill(cursor: Cursor, table: Table, rows: pa.Table) -> None:
    """Fill an empty table: heap first, then each index in one sort."""
    indexes = INDEXES.get(table.name, ())
    cursor.execute(f"ALTER TABLE {table.name} DROP CONSTRAINT pk_{table.name}")
    for columns in indexes:
        cursor.execute(f"DROP INDEX IF EXISTS {index_name(table.name, columns)}")
    # A table truncated in this transaction is filled without write-ahead log where wal_level
    # is minimal: its files go to disk at commit instead.
    cursor.execute(f"TRUNCATE {table.name}")
    cursor.adbc_ingest(table.name, rows, mode="append")
    cursor.execute(
        f"ALTER TABLE {table.name} "
        f"ADD CONSTRAINT pk_{table.name} PRIMARY KEY ({', '.join(table.key)})"
    )
    for columns in indexes:
        name = index_name(table.name, columns)
        cursor.execute(f"CREATE INDEX {name} ON {table.name} ({', '.join(columns)})")
    cursor.execute(f"ANALYZE {table.name}")


def _merge_staged(cursor: Cursor, table: Table, rows: pa.Table) -> MergeCount:
    staging = f"incoming_{table.name}"
    columns = rows.column_names
    cursor.execute(f"CREATE TEMP TABLE {staging} (LIKE {table.name}) ON COMMIT DROP")
    for column in table.columns:
        if column.name not in columns:
            cursor.execute(f"ALTER TABLE {staging} DROP COLUMN {column.name}")
    cursor.adbc_ingest(staging, rows, mode="append", temporary=True)
    cursor.execute(f"ANALYZE {staging}")
    match = " AND ".join(f"old.{name} = new.{name}" for name in table.key)
    values = [name for name in columns if name not in table.key]
    changed = 0
    if values:
        assign = ", ".join(f"{name} = new.{name}" for name in values)
        before, after = (", ".join(f"{side}.{name}" for name in values) for side in ("old", "new"))
        newer = ""
        if table.newest in columns:
            stamps = [f"coalesce({side}.{table.newest}, '-infinity')" for side in ("new", "old")]
            newer = f"AND {stamps[0]} >= {stamps[1]}"
        changed = _count(
            cursor,
            f"UPDATE {table.name} AS old SET {assign} FROM {staging} AS new "
            f"WHERE {match} AND ROW({before}) IS DISTINCT FROM ROW({after}) {newer}",
        )
    listed = ", ".join(columns)
    new = _count(
        cursor,
        f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {staging} AS new "
        f"WHERE NOT EXISTS (SELECT FROM {table.name} AS old WHERE {match})",
    )
    cursor.execute(f"DROP TABLE {staging}")
    if new + changed >= BULK_ROWS:
        cursor.execute(f"ANALYZE {table.name}")
    return MergeCount(new, changed, rows.num_rows - new - changed)


def _count(cursor: Cursor, statement: str) -> int:
    cursor.execute(f"WITH done AS ({statement} RETURNING 1) SELECT count(*) FROM done")
    (count,) = cursor.fetchone() or (0,)
    return int(count)


def _plain(rows: pa.Table) -> pa.Table:
    """Dictionary columns as text, which is what the database holds."""
    for position, field in enumerate(rows.schema):
        if pa.types.is_dictionary(field.type):
            rows = rows.set_column(position, field.name, rows[field.name].cast(pa.string()))
    return rows
