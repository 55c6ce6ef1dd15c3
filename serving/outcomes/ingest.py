"""Rows sent in over HTTP: judged like a file's, merged in one transaction, a verdict for each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import sqlalchemy as sa

from data.files.columns import BLANKS
from data.files.parsing import parse
from data.files.readers import RawTable
from data.files.reading import judge_table
from data.schema import TABLES, TARGET_TABLES, Table
from data.store.erasures import LOCK_TO_WRITE, Erasures
from recommender.errors import UsageError
from serving.outcomes.changes import note_changes

ROWS_MAX = 10_000

NEW, CHANGED, SAME, BAD = "new", "changed", "same", "bad"
"""Verdicts; ``same`` also stands for a version older than the one that is held."""


@dataclass(slots=True)
class Verdicts:
    """Verdicts on the rows of a request.

    Attributes
    ----------
    words
        One of the four verdicts a row, in the order they were sent.
    problems
        For bad rows: column and reason.
    """

    words: list[str]
    problems: dict[int, tuple[str, str]] = field(default_factory=dict)

    def refuse(self, row: int, column: str, reason: str) -> None:
        """Mark a row as bad.

        Parameters
        ----------
        row
            Its place in the request, from 0.
        column, reason
            What is wrong with it.
        """
        self.words[row] = BAD
        self.problems.setdefault(row, (column, reason))

    def counts(self) -> dict[str, int]:
        """Number of rows by verdict."""
        return {word: self.words.count(word) for word in (NEW, CHANGED, SAME, BAD)}

    def documents(self) -> list[dict[str, Any]]:
        """One JSON object a row: ``row``, ``verdict``, and ``column`` and ``reason`` if bad."""
        found = []
        for number, word in enumerate(self.words):
            column, reason = self.problems.get(number, ("", ""))
            found.append({"row": number, "verdict": word, "column": column, "reason": reason})
        return found


def merge_rows(
    connection: sa.Connection,
    table: Table,
    rows: list[Any],
    *,
    now: datetime,
    erasures: Erasures,
) -> Verdicts:
    """Judge rows and bring the good ones in; the caller commits.

    Rows refer to what is in the database. Residents that rows refer to cannot be erased before
    the caller's transaction ends.

    Parameters
    ----------
    connection
        In a transaction.
    table
        Where they belong.
    rows
        JSON values; each should be an object by column name.
    now
        Times after it are in the future.
    erasures
        Recognises erased residents.

    Returns
    -------
    What became of each row.
    """
    verdicts = Verdicts([SAME] * len(rows))
    for columns, numbers in _alike(rows, table, verdicts).items():
        raw = _raw_table(table, columns, [rows[number] for number in numbers])
        known = _known_keys(connection, table, columns, raw)
        judged = judge_table(raw, known, now=now)
        for line, column, reason in judged.quarantine[["line", "column", "reason"]].itertuples(
            index=False
        ):
            verdicts.refuse(numbers[int(line)], str(column), str(reason))
        good = judged.rows.to_pylist()
        if table.name == "residents":
            # An erasure under way is waited for, so that its resident does not come back.
            connection.execute(sa.text(LOCK_TO_WRITE))
            gone = erasures.read(connection)
            if gone:
                good = _not_erased(gone, erasures, good, numbers, rows, verdicts)
        if good:
            written = _write(connection, table, list(judged.rows.column_names), good)
            _assign_verdicts(written, table, rows, numbers, verdicts)
    if any(word in (NEW, CHANGED) for word in verdicts.words):
        kept = [
            row for row, word in zip(rows, verdicts.words, strict=True) if word in (NEW, CHANGED)
        ]
        note_changes(connection, table.name, kept, now=now)
    return verdicts


def _alike(rows: list[Any], table: Table, verdicts: Verdicts) -> dict[tuple[str, ...], list[int]]:
    """Numbers of the rows by the columns they have; a column left out keeps what is held."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            verdicts.refuse(number, "", "is not an object")
            continue
        unknown = [name for name in row if name not in table.column_names]
        if unknown:
            name = unknown[0][:50]
            verdicts.refuse(number, name, f"is not a column of {table.name}")
            continue
        required = {column.name for column in table.columns if column.required}
        columns = tuple(c for c in table.column_names if c in row or c in required)
        groups.setdefault(columns, []).append(number)
    return groups


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case list() if all(isinstance(entry, str) for entry in value):
            return ";".join(value)
        case _:
            try:
                return orjson.dumps(value).decode()
            except orjson.JSONEncodeError:
                raise UsageError("a value is nested too deeply.") from None


def _raw_table(table: Table, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> RawTable:
    def batches() -> Iterator[pa.Table]:
        yield pa.table(
            {
                name: pa.chunked_array(
                    [pa.array([_text(row.get(name)) for row in rows], pa.large_string())]
                )
                for name in columns
            }
        )

    def lines(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
        return numbers

    return RawTable(table, Path("request"), list(columns), [], 0, batches, lines)


def _known_keys(
    connection: sa.Connection, table: Table, columns: tuple[str, ...], raw: RawTable
) -> dict[str, pa.ChunkedArray | None]:
    """Of the keys that the rows refer to, those that are in the database."""
    (block,) = raw.batches()
    known: dict[str, pa.ChunkedArray | None] = {}
    referring = [
        (column.name, column.references)
        for column in table.columns
        if column.references is not None and column.name in columns
    ]
    if "target" in columns:
        referring += [("target", target) for target in TARGET_TABLES.values()]
    for name, referred in referring:
        asked = sorted({text.strip(BLANKS) for text in block[name].to_pylist() if text})
        target = TABLES[referred]
        (key,) = target.key
        query = f"SELECT {key} FROM {target.name} WHERE {key} = ANY(:asked)"
        if referred == "residents":
            # Whoever is referred to is not erased before these rows are in.
            query += f" ORDER BY {key} FOR KEY SHARE"
        asked = [text for text in asked if "\x00" not in text]
        found = connection.execute(sa.text(query), {"asked": asked}).scalars().all()
        known[referred] = pa.chunked_array([pa.array(found, pa.large_string())])
    return known


def _not_erased(
    erased: frozenset[str],
    erasures: Erasures,
    good: list[dict[str, Any]],
    numbers: list[int],
    rows: list[Any],
    verdicts: Verdicts,
) -> list[dict[str, Any]]:
    """Leave out residents who had themselves erased: late rows do not bring them back."""
    ids = [row["resident_id"] for row in good]
    gone = {resident for resident in ids if erasures.digest(resident) in erased}
    for number in numbers:
        if str(rows[number].get("resident_id", "")).strip(BLANKS) in gone:
            verdicts.refuse(number, "resident_id", "was erased at the resident's wish")
    return [row for row in good if row["resident_id"] not in gone]


def _write(
    connection: sa.Connection, table: Table, columns: list[str], good: list[dict[str, Any]]
) -> dict[tuple[str, ...], str]:
    """Insert or update; the verdict by key of every row that was written."""
    key = ", ".join(table.key)
    values = [name for name in columns if name not in table.key]
    if values:
        held = ", ".join(f"held.{name}" for name in values)
        sent = ", ".join(f"excluded.{name}" for name in values)
        newer = ""
        if table.newest is not None and table.newest in columns:
            newer = (
                f" AND coalesce(excluded.{table.newest}, '-infinity')"
                f" >= coalesce(held.{table.newest}, '-infinity')"
            )
        elif table.newest is not None:
            newer = f" AND held.{table.newest} IS NULL"
        assign = ", ".join(f"{name} = excluded.{name}" for name in values)
        conflict = f"DO UPDATE SET {assign} WHERE ROW({held}) IS DISTINCT FROM ROW({sent}){newer}"
    else:
        conflict = "DO NOTHING"
    listed = ", ".join(columns)
    statement = sa.text(
        f"INSERT INTO {table.name} AS held ({listed}) "
        f"SELECT {listed} FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)) "
        # Everybody writes in the same order, so that two requests never wait for each other.
        f"ORDER BY {key} "
        f"ON CONFLICT ({key}) {conflict} RETURNING {key}, (xmax = 0) AS fresh"
    )
    sent_rows = orjson.dumps(good, default=_plain).decode()
    found = connection.execute(statement, {"rows": sent_rows})
    return {tuple(map(str, row[:-1])): NEW if row[-1] else CHANGED for row in found}


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _assign_verdicts(
    written: dict[tuple[str, ...], str],
    table: Table,
    rows: list[Any],
    numbers: list[int],
    verdicts: Verdicts,
) -> None:
    """The verdict of a key goes to its last good row; repeats of it change nothing."""
    good = [number for number in numbers if verdicts.words[number] != BAD]
    # As they were read: a key may be written in more than one way.
    parts = []
    for name in table.key:
        texts = pa.array([_text(rows[number].get(name)) for number in good], pa.large_string())
        parts.append(parse(pa.chunked_array([texts]), table.column(name)).to_pylist())
    for number, key in reversed(list(zip(good, zip(*parts, strict=True), strict=True))):
        verdicts.words[number] = written.pop(tuple(map(str, key)), SAME)
