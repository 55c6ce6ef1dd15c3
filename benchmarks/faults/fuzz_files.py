"""Mutations of valid files: nothing crashes, every row is accounted for, no value changes unseen.

A table of bookings and one of products are written as CSV, XLSX and Parquet, spoilt at random, and
read by the importer and by an independent reader: the ``csv`` module, openpyxl, or pyarrow alone.
A row that the importer accepts must hold what the independent reader finds in the row of its key,
unless a note says what was guessed (an encoding, a heading).
"""

import csv
import io
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.faults.mutations import BYTES, mutate, spoil_sheet
from benchmarks.report import Bar
from benchmarks.units import Unit
from data.files.readers import RawTable, find_tables
from data.files.reading import Judged, judge_table
from recommender.errors import GongxuError

FILES, QUICK = 20_000, 1_500
SEED = 31
NOW = datetime(2027, 1, 1, tzinfo=UTC)
ROWS = 12
TOLD = ("encoding", "read as", "heading", "title", "decoded", "unknown column")
"""Words of notes that tell of a guess; what was guessed may differ from the independent reader."""

Cells = dict[str, list[dict[str, str]]]
"""Rows of an independent reader by the text of their key; several rows may share one."""


@dataclass
class Tally:
    """What came of the files so far."""

    files: int = 0
    refused: int = 0
    accepted: int = 0
    quarantined: int = 0
    compared: int = 0
    crashes: list[str] = field(default_factory=list)
    unaccounted: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


_ZERO = asdict(Tally())


def units(quick: bool) -> list[Unit]:
    """Units of as many files as one process reads in a minute or two; 1,500 files if ``quick``."""
    files, parts = (QUICK, 2) if quick else (FILES, 8)
    seeds = range(SEED, SEED + parts)
    return [Unit("fuzz_files", str(seed), fuzz, (seed, files // parts)) for seed in seeds]


def bars(values: Sequence[dict[str, Any]]) -> list[Bar]:
    """Crashes, rows unaccounted for, and values that changed without a word."""
    tally = {name: sum((value[name] for value in values), start) for name, start in _ZERO.items()}
    print(
        f"  {tally['files']:,} files, {tally['refused']:,} refused, {tally['accepted']:,} rows "
        f"accepted, {tally['quarantined']:,} quarantined, {tally['compared']:,} values compared"
    )
    for name in ("crashes", "unaccounted", "changed"):
        for example in tally[name][:8]:
            print(f"  {name}: {example}")
    return [
        Bar("7.3", "fuzz_files_crashes", len(tally["crashes"])),
        Bar("7.3", "fuzz_files_unaccounted", len(tally["unaccounted"])),
        Bar("7.3", "silent_changes", len(tally["changed"])),
    ]


def fuzz(seed: int, files: int) -> dict[str, Any]:
    """Spoil files and read them.

    Parameters
    ----------
    seed
        Of the spoilings.
    files
        How many.

    Returns
    -------
    The :class:`Tally` as a mapping.
    """
    rng = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="gongxu-fuzz-") as folder:
        for number in range(files):
            one_file(Path(folder), number, rng, tally)
            if number % 500 == 499:
                print(f"  {seed}: {number + 1:,} files", flush=True)
    return asdict(tally)


def bookings() -> pd.DataFrame:
    """A few rows with times, whole numbers and words of a list."""
    return pd.DataFrame(
        {
            "booking_id": [f"b{n:03d}" for n in range(ROWS)],
            "resident_id": [f"r{n % 5}" for n in range(ROWS)],
            "event_id": [f"e{n % 3}" for n in range(ROWS)],
            "booked_at": [f"2026-0{1 + n % 9}-11T10:00:00+08:00" for n in range(ROWS)],
            "seats": [str(1 + n % 3) for n in range(ROWS)],
            "status": [("booked", "attended", "no_show")[n % 3] for n in range(ROWS)],
        }
    )


def products() -> pd.DataFrame:
    """A few rows with free text, quotation marks, commas and prices."""
    titles = ("沪剧《罗汉钱》", 'a "quoted", title', "讲座，第二讲", "plain")
    return pd.DataFrame(
        {
            "product_id": [f"p{n:03d}" for n in range(ROWS)],
            "title": [f"{titles[n % 4]} {n}" for n in range(ROWS)],
            "category": [("film", "lecture", "tour")[n % 3] for n in range(ROWS)],
            "price_fen": [str(100_000 + n) for n in range(ROWS)],
            "tags": ["舞蹈;海派" if n % 2 else "" for n in range(ROWS)],
        }
    )


KNOWN = {
    "residents": pa.chunked_array([[f"r{n}" for n in range(5)]], pa.large_string()),
    "events": pa.chunked_array([[f"e{n}" for n in range(3)]], pa.large_string()),
    "suppliers": None,
}


def one_file(folder: Path, number: int, rng: random.Random, tally: Tally) -> None:
    """Write, spoil, read and compare one file.

    Parameters
    ----------
    folder
        Scratch.
    number
        Of the file, for messages.
    rng
        Chooses the spoiling.
    tally
        Is added to.
    """
    name, made = rng.choice((("bookings", bookings), ("products", products)))
    ending = rng.choice(("csv", "csv", "csv", "xlsx", "parquet"))
    file = folder / f"{name}.{ending}"
    write, independent = FORMATS[ending]
    told = write(file, made(), rng, name)
    label = f"{number} {name}.{ending} ({told})"
    tally.files += 1
    try:
        read = list(read_file(file))
    except GongxuError:
        tally.refused += 1
        return
    except Exception as error:
        tally.crashes.append(f"{label}: {type(error).__name__} {str(error)[:120]}")
        return
    finally:
        content = file.read_bytes()
        file.unlink()
    for source, judged in read:
        if source.refusal is not None:
            tally.refused += 1
            continue
        tally.accepted += judged.rows.num_rows
        tally.quarantined += judged.bad
        if judged.read != judged.rows.num_rows + judged.repeats + judged.bad:
            tally.unaccounted.append(f"{label}: {judged.read} read")
        try:
            found = independent(content, told)
        except Exception:  # what the other reader cannot read says nothing about this one
            continue
        check(label, source, judged, found, tally)


def read_file(file: Path) -> Iterator[tuple[RawTable, Judged]]:
    """Every table of a file, judged."""
    tables, _ = find_tables(file)
    for source in tables.values():
        yield source, judge_table(source, KNOWN, now=NOW)


def check(label: str, source: RawTable, judged: Judged, found: Cells, tally: Tally) -> None:
    """Compare accepted rows with an independent reader's.

    Parameters
    ----------
    label
        Names the file.
    source, judged
        What the importer read.
    found
        What the other one read.
    tally
        Is added to.
    """
    notes = " ".join((*source.notes, *judged.notes))
    guessed = any(word in notes for word in TOLD)
    physical = sum(len(rows) for rows in found.values())
    if judged.read < physical and not guessed and "left out" not in notes:
        tally.unaccounted.append(f"{label}: {judged.read} of {physical} rows; {notes[:80]}")
    (key,) = source.table.key
    for row in judged.rows.to_pylist():
        candidates = found.get(str(row[key]), [])
        if guessed:
            continue
        tally.compared += len(row)
        if not any(same(row, each) for each in candidates):
            shown = candidates[0] if candidates else "no such row"
            tally.changed.append(f"{label}: {row} but {shown}"[:400])


def same(row: dict[str, object], cells: dict[str, str]) -> bool:
    """Whether an accepted row says what the cells of an independent reader say."""
    return all(_equal(value, cells.get(name, "").strip()) for name, value in row.items())


def _equal(value: object, cell: str) -> bool:
    match value:
        case None:
            return cell == ""
        case bool():
            return cell.lower() in ("true", "false", "1", "0", "yes", "no")
        case int() | float():
            try:
                return float(cell.replace(",", "").replace("，", "")) == float(value)
            except ValueError:
                return False
        case datetime():
            try:
                moment = pd.Timestamp(cell)
            except ValueError:
                return True  # another way of writing a time; tests read those
            local = moment if moment.tzinfo else moment.tz_localize("Asia/Shanghai")
            return bool(abs(local - pd.Timestamp(value)) < pd.Timedelta("1s"))
        case _:
            plain = cell.replace("；", ";")
            return plain.casefold().strip(" ;") == str(value).casefold().strip(" ;")


def _keyed(header: list[str], rows: list[list[str]]) -> Cells:
    names = [name.strip().lower() for name in header]
    found: Cells = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(names, row, strict=False))
        key = cells.get("booking_id", cells.get("product_id", "")).strip()
        found.setdefault(key, []).append(cells)
    return found


def _write_csv(file: Path, frame: pd.DataFrame, rng: random.Random, _: str) -> str:
    kind, content = mutate(frame, rng)
    file.write_bytes(content)
    return kind


def _read_csv(content: bytes, kind: str) -> Cells:
    """Records by the ``csv`` module, line by line: an open quotation mark ends with its line."""
    encoding = kind.partition(":")[2] or "utf-8-sig"
    text = content.decode(encoding)
    lines = [line for line in io.StringIO(text, newline=None).read().split("\n") if line.strip()]
    delimiter = max(",;\t|", key=lines[0].count)
    rows = [next(csv.reader([line], delimiter=delimiter)) for line in lines]
    return _keyed(rows[0], rows[1:])


def _write_xlsx(file: Path, frame: pd.DataFrame, rng: random.Random, name: str) -> str:
    frame.to_excel(file, sheet_name=name, index=False)
    kind = rng.choice(("sheet", "sheet", "bytes"))
    content = spoil_sheet(file.read_bytes(), rng) if kind == "sheet" else file.read_bytes()
    file.write_bytes(BYTES[rng.choice(list(BYTES))](content, rng) if kind == "bytes" else content)
    return kind


def _read_xlsx(content: bytes, _: str) -> Cells:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.testzip() is not None:
            raise ValueError("a broken archive")
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    sheet = book.worksheets[0]
    rows = [
        [
            "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
            for value in row
        ]
        for row in sheet.iter_rows(values_only=True)
    ]
    return _keyed(rows[0], rows[1:])


def _write_parquet(file: Path, frame: pd.DataFrame, rng: random.Random, _: str) -> str:
    columns = list(frame.columns)
    rng.shuffle(columns)
    table = pa.Table.from_pandas(frame[columns], preserve_index=False)
    pq.write_table(table, file, write_page_checksum=True, compression=rng.choice(("none", "zstd")))
    kind = rng.choice(list(BYTES))
    file.write_bytes(BYTES[kind](file.read_bytes(), rng))
    return kind


def _read_parquet(content: bytes, _: str) -> Cells:
    frame = pq.read_table(io.BytesIO(content)).to_pandas().fillna("").astype(str)
    return _keyed(list(frame.columns), frame.to_numpy().tolist())


FORMATS: dict[
    str,
    tuple[Callable[[Path, pd.DataFrame, random.Random, str], str], Callable[[bytes, str], Cells]],
] = {
    "csv": (_write_csv, _read_csv),
    "xlsx": (_write_xlsx, _read_xlsx),
    "parquet": (_write_parquet, _read_parquet),
}
