"""Contract tables to files, in bulk: one file a table, CSV or Parquet.

CSV: times as ISO 8601 by the district's clock, lists joined by ``;``, a missing value empty.
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
from numpy.typing import NDArray

from data.district_time import district_zone
from data.schema import TABLES, Kind, Table

FileFormat = Literal["csv", "parquet"]

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
    """Times as text by the district's clock, such as ``2026-10-01T09:30:00+08:00``; an Arrow array.

    Days, seconds of a day and offsets are looked up, which is far quicker than formatting each.
    A moment whose offset is not of whole minutes (before zones were) is written in UTC, so that
    every text reads back as the same moment.
    """
    missing = values.isna().to_numpy()
    utc = pa.array(values.dt.tz_convert("UTC").dt.as_unit("us"), pa.timestamp("us", "UTC"))
    ticks = _ticks(utc)
    offset = _ticks(pc.local_timestamp(utc.cast(pa.timestamp("us", str(district_zone()))))) - ticks
    offset = np.where(offset % 60_000_000, 0, offset)
    seconds, micros = np.divmod(ticks + offset, 1_000_000)
    day, second = seconds // _DAY_S, seconds % _DAY_S
    dates, day_index = _dates(day)
    offsets, offset_index = np.unique(offset, return_inverse=True)
    parts = [pc.take(dates, pa.array(day_index)), pc.take(_clock(), pa.array(second))]
    if micros.any():
        parts.append(pa.array([f".{n:06d}" if n else "" for n in micros]))
    names = pa.array([_offset_text(int(each) // 60_000_000) for each in offsets], pa.string())
    parts.append(pc.take(names, pa.array(offset_index)))
    text = pc.binary_join_element_wise(*parts, "")
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)


def _ticks(moments: Any) -> NDArray[np.int64]:
    """Microseconds since 1970; 0 where there is no time."""
    return np.asarray(pc.fill_null(moments.cast(pa.int64()), 0).to_numpy(zero_copy_only=False))


def _dates(day: NDArray[np.int64]) -> tuple[Any, NDArray[np.int64]]:
    """Texts of days since 1970, and where each day stands among them."""
    first, last = (int(day.min()), int(day.max())) if len(day) else (0, 0)
    if last - first > 200_000:  # a time that is far off must not ask for a huge table
        days, index = np.unique(day, return_inverse=True)
    else:
        days, index = np.arange(first, last + 1), day - first
    return pa.array(days.astype("datetime64[D]").astype(str).tolist()), index


def _clock() -> Any:
    """The 86,400 texts ``T00:00:00`` and on."""
    two = [f"{n:02d}" for n in range(60)]
    return pa.array([f"T{h}:{m}:{s}" for h in two[:24] for m in two for s in two])


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
