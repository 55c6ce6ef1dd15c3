"""Contract tables to files, in bulk: one file a table, CSV or Parquet.

CSV: times as ISO 8601 at ``+08:00``, lists joined by ``;``, an empty cell for what is missing.
Parquet: times as UTC timestamps, lists as lists of strings. What
:func:`data.files.reading.read_dataset` reads back equals what was written.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from data.schema import TABLES, Kind, Table

FileFormat = Literal["csv", "parquet"]

_LOCAL_OFFSET_S = 8 * 3_600
_DAY_S = 86_400


def write_dataset(
    dataset: Mapping[str, pd.DataFrame], out: Path, format: FileFormat = "csv"
) -> None:
    """Write every table that has rows to ``out/NAME.csv`` or ``out/NAME.parquet``.

    Parameters
    ----------
    dataset
        Canonical frames by table name (see :mod:`data.dataset`).
    out
        A folder; made if missing, files in it replaced.
    format
        ``csv`` or ``parquet``.

    Raises
    ------
    KeyError
        For a table the contract does not know.
    """
    for name, frame in dataset.items():
        if len(frame):
            write_table(name, [frame], out, format)


def write_table(
    name: str, frames: Iterable[pd.DataFrame], out: Path, format: FileFormat = "csv"
) -> int:
    """Write one table from canonical frames that follow each other; returns its rows.

    Nothing but the frame at hand is held, so that a table may be larger than memory.

    Parameters
    ----------
    name
        The contract table, and the name of the file.
    frames
        Canonical frames.
    out
        Folder of the file.
    format
        ``csv`` or ``parquet``.

    Returns
    -------
    The number of rows written.
    """
    rows = 0
    with _TableWriter(TABLES[name], out, format) as writer:
        for frame in frames:
            writer.append(frame)
            rows += len(frame)
    return rows


class _TableWriter:
    """One open file, which appears under its name only when all of it is written."""

    def __init__(self, table: Table, out: Path, format: FileFormat) -> None:
        self._table, self._format = table, format
        self._path = out / f"{table.name}.{format}"
        self._part = out / f".{table.name}.{format}.part"
        self._schema = pa.schema([(c.name, _arrow_type(c.kind, format)) for c in table.columns])
        self._writer: Any = None

    def __enter__(self) -> Self:
        self._part.parent.mkdir(parents=True, exist_ok=True)
        if self._format == "csv":
            self._writer = pacsv.CSVWriter(self._part, self._schema)
        else:
            self._writer = pq.ParquetWriter(self._part, self._schema, compression="zstd")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._writer.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    def append(self, frame: pd.DataFrame) -> None:
        columns = [
            _column(frame[c.name], c.kind, self._format).cast(self._schema.field(c.name).type)
            for c in self._table.columns
        ]
        self._writer.write_table(pa.table(columns, schema=self._schema))


def _arrow_type(kind: Kind, format: FileFormat) -> pa.DataType:
    match kind:
        case Kind.INT:
            return pa.int64()
        case Kind.FLOAT:
            return pa.float64()
        case Kind.BOOL:
            return pa.bool_()
        case Kind.TIME if format == "parquet":
            return pa.timestamp("us", tz="UTC")
        case Kind.DATE:
            return pa.date32()
        case Kind.LIST if format == "parquet":
            return pa.list_(pa.string())
        case _:
            return pa.string()


def _column(values: pd.Series, kind: Kind, format: FileFormat) -> Any:
    if kind is Kind.TIME and format == "csv":
        return iso_times(values)
    if kind is Kind.CHOICE:
        codes = pa.array(values.cat.codes.to_numpy(), mask=values.isna().to_numpy())
        names = pa.array(values.cat.categories.astype(str).tolist(), type=pa.string())
        return pc.take(names, codes)
    array = pa.array(values, from_pandas=True)
    if kind is Kind.LIST and format == "parquet":
        text = array.cast(pa.string())
        lists = pc.split_pattern(text, ";")
        return pc.if_else(pc.equal(text, ""), pa.scalar([], pa.list_(pa.string())), lists)
    return array


def iso_times(values: pd.Series) -> Any:
    """UTC times as text at ``+08:00``, such as ``2026-10-01T09:30:00+08:00``; an Arrow array.

    Whole days and seconds of a day are looked up, which is far quicker than formatting each;
    fractions of a second, which only real sources have, go the slow way.
    """
    missing = values.isna().to_numpy()
    micros = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    ticks = np.where(missing, 0, micros.astype(np.int64))
    if (ticks % 1_000_000).any():
        local = values.dt.tz_convert("Asia/Shanghai")
        return pa.array(
            [
                None if gone else moment.isoformat()
                for gone, moment in zip(missing, local, strict=True)
            ],
            type=pa.string(),
        )
    seconds = ticks // 1_000_000 + _LOCAL_OFFSET_S
    day, second = seconds // _DAY_S, seconds % _DAY_S
    first = int(day.min()) if len(day) else 0
    last = int(day.max()) if len(day) else 0
    if last - first > 200_000:  # a time that is far off must not ask for a huge table
        names, day_index = np.unique(day, return_inverse=True)
        dates = pa.array(names.astype("datetime64[D]").astype(str).tolist())
    else:
        dates = pa.array(np.arange(first, last + 1).astype("datetime64[D]").astype(str).tolist())
        day_index = day - first
    text = pc.binary_join_element_wise(
        pc.take(dates, pa.array(day_index)), pc.take(_clock(), pa.array(second)), ""
    )
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)


def _clock() -> Any:
    """The 86,400 texts ``T00:00:00+08:00`` and on."""
    two = [f"{n:02d}" for n in range(60)]
    return pa.array([f"T{h}:{m}:{s}+08:00" for h in two[:24] for m in two for s in two])
