"""The log of changes that every worker applies before its next answer.

A writer logs its changes in the same transaction and increments a counter afterwards: in a file
that all workers of a ``GONGXU_HOME`` map, and by NOTIFY of PostgreSQL for other machines.
"""

import mmap
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from data.schema import TABLES
from serving.store_tables import live_changes

CHANNEL = "gongxu_live"
KEPT = timedelta(hours=2)
"""How long changes are kept: longer than any worker may fall behind."""

KEPT_AT_LEAST = 20_000
"""How many stay whatever their age: a clock that jumps ahead must not hide them from a worker."""

Rows = list[dict[str, Any]]
"""Rows by column name."""

_ORDER_LOCK = 0x676F6E68
_WHOLE = 200


def note_changes(
    connection: sa.Connection, table: str, rows: Iterable[Mapping[str, Any]], *, now: datetime
) -> None:
    """Log which residents and events some written rows concern, in the writer's transaction.

    Parameters
    ----------
    connection
        In the writer's transaction.
    table
        Name of the table that was written.
    rows
        The rows, with ``resident_id`` and ``event_id`` where they have them.
    now
        The clock.
    """
    rows = list(rows)
    concerned = {
        (
            str(row["resident_id"]) if row.get("resident_id") else None,
            str(row["event_id"]) if row.get("event_id") else None,
        )
        for row in rows
    }
    if table not in ("bookings", "residents", "events", "mutes", "follows", "erasures"):
        concerned = {(None, None)}
    if len(concerned) > _WHOLE:
        table, concerned = f"{table}*", {(None, None)}
    # Entries are numbered in the order of commits, so that no reader misses a late lower one.
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ORDER_LOCK)))
    connection.execute(
        live_changes.insert(),
        [
            {"at": now, "kind": table, "resident_id": resident, "event_id": event}
            for resident, event in sorted(concerned, key=str)
        ],
    )
    newest = sa.select(sa.func.max(live_changes.c.entry)).scalar_subquery()
    connection.execute(
        live_changes.delete().where(
            live_changes.c.at < now - KEPT, live_changes.c.entry <= newest - KEPT_AT_LEAST
        )
    )
    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


def rows_of_residents(
    connection: sa.Connection, resident_ids: Sequence[str]
) -> dict[str, dict[str, Rows]]:
    """Everything of some residents that a list depends on, as it is now.

    Parameters
    ----------
    connection
        Only read from.
    resident_ids
        The residents.

    Returns
    -------
    By resident: rows of ``residents``, ``bookings`` and ``mutes``; empty for a resident that is
    not there.
    """
    found: dict[str, dict[str, Rows]] = {
        resident: {"residents": [], "bookings": [], "mutes": []} for resident in resident_ids
    }
    columns = {name: ", ".join(TABLES[name].column_names) for name in ("residents", "bookings")}
    for name, listed in {**columns, "mutes": "*"}.items():
        query = sa.text(f"SELECT {listed} FROM {name} WHERE resident_id = ANY(:ids)")
        for row in connection.execute(query, {"ids": list(resident_ids)}).mappings():
            found[row["resident_id"]][name].append(dict(row))
    return found


class ChangeCounter:
    """A counter in a mapped file that tells all workers of a home that something changed.

    Parameters
    ----------
    home
        ``GONGXU_HOME``.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home / "changes.counter", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < 8:
                os.ftruncate(descriptor, 8)
            self._map = mmap.mmap(descriptor, 8)
        finally:
            os.close(descriptor)

    def count(self) -> int:
        """The current count; only whether it differs from an earlier one has a meaning."""
        value: int = struct.unpack_from("<q", self._map)[0]
        return value

    def increment(self) -> None:
        """Announce a change. Two at once may count as one: either way the count differs."""
        struct.pack_into("<q", self._map, 0, self.count() + 1)
