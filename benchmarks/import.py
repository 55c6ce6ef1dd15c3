# ruff: noqa: N999  (`make bench-import` runs the module of that name)
"""`make bench-import`: importing five million bookings beside a bare COPY of the same file.

Both run against one embedded server with its usual settings, one after the other. *Bare COPY* is
psycopg's ``COPY … FROM STDIN (FORMAT csv)`` of the file into a plain logged table of the same
column types, made in an earlier transaction, without key, index or constraint. *Import* is
``data.files.importing.import_path`` of the same file: reading, every rule of the contract,
references to
700,000 residents and 20,000 events, one transaction, primary key and indexes. Copies go first and
last, and the mean of their times counts; the page cache is warm for all.
"""

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from benchmarks.report import Bar, report
from data.files.importing import import_path
from data.schema import BOOKING_STATUSES
from data.store.embedded import embedded_url, release
from data.store.store import Store

SEED = 20260701
RESIDENTS, EVENTS = 700_000, 20_000
NOW = datetime(2027, 1, 1, tzinfo=UTC)
START_S = int(datetime(2024, 12, 1, tzinfo=UTC).timestamp())


def main() -> None:
    """Run the benchmark; see the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bookings", type=int, default=5_000_000)
    n = parser.parse_args().bookings
    with tempfile.TemporaryDirectory(prefix="gongxu-bench-") as folder:
        work = Path(folder)
        write_tables(work / "in", n)
        try:
            run(work, n)
        finally:
            release(work / "home")


def run(work: Path, n: int) -> None:
    """Import and copy the tables under ``work/in``."""
    store = Store.connect(embedded_url(work / "home"))
    store.migrate()
    file = work / "in" / "bookings.csv"
    for name in ("residents", "events"):
        import_path(store, work / "in" / f"{name}.csv", now=NOW)
    copies = [copy_bare(store.url, file, n)]
    began = time.perf_counter()
    done = import_path(store, file, now=NOW)
    imported = time.perf_counter() - began
    assert done.tables["bookings"].new == n, done.to_frame()
    copies.append(copy_bare(store.url, file, n))
    began = time.perf_counter()
    again = import_path(store, file, now=NOW)
    repeated = time.perf_counter() - began
    assert again.tables["bookings"].same == n, again.to_frame()
    began = time.perf_counter()
    loaded = len(store.load(["bookings"])["bookings"])
    load_s = time.perf_counter() - began
    assert loaded == n
    store.close()
    copied = sum(copies) / len(copies)
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    size_mb = file.stat().st_size / 1e6
    print(f"{n:,} bookings, {size_mb:,.0f} MB of CSV")
    for name, seconds in (
        ("bare COPY (first, last)", copied),
        ("import", imported),
        ("import again (nothing changes)", repeated),
        ("load as a data frame", load_s),
    ):
        print(f"  {name:32} {seconds:7.1f} s {n / seconds:12,.0f} rows/s")
    print(f"  peak memory of this process      {memory_gb:7.1f} GB")
    report(
        "import",
        [
            Bar("1.4", "import_ratio_to_copy", copied / imported),
            Bar("7.2", "import_memory_gb", memory_gb),
        ],
        seeds=[SEED],
        details={
            "rows": n,
            "csv_mb": size_mb,
            "copy_s": copies,
            "import_s": imported,
            "import_again_s": repeated,
            "load_s": load_s,
            "peak_memory_gb": memory_gb,
        },
    )


def copy_bare(url: str, file: Path, n: int) -> float:
    """Seconds that a plain COPY of the file takes."""
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute(
            'CREATE TABLE bare (booking_id text COLLATE "C", resident_id text COLLATE "C", '
            'event_id text COLLATE "C", booked_at timestamptz, seats bigint, '
            'status text COLLATE "C", updated_at timestamptz)'
        )
        connection.commit()
        began = time.perf_counter()
        with (
            file.open("rb") as source,
            connection.cursor() as cursor,
            cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as target,
        ):
            while block := source.read(1 << 20):
                target.write(block)
        connection.commit()
        seconds = time.perf_counter() - began
        (rows,) = connection.execute("SELECT count(*) FROM bare").fetchone() or (0,)
        assert rows == n
        connection.execute("DROP TABLE bare")
    return seconds


def write_tables(folder: Path, n: int) -> None:
    """Residents, events and ``n`` bookings, made up, in random order of keys."""
    folder.mkdir()
    rng = np.random.default_rng(SEED)
    residents = pc.binary_join_element_wise("r", as_text(rng.permutation(RESIDENTS) + 10**9), "")
    events = pc.binary_join_element_wise("e", as_text(np.arange(EVENTS) + 10**6), "")
    write(folder / "residents.csv", {"resident_id": residents})
    begins = START_S + rng.integers(0, 700 * 86400, EVENTS)
    write(folder / "events.csv", {"event_id": events, "starts_at": as_times(begins)})
    booked = START_S + rng.integers(0, 730 * 86400, n)
    write(
        folder / "bookings.csv",
        {
            "booking_id": pc.binary_join_element_wise("b", as_text(rng.permutation(n) + 10**9), ""),
            "resident_id": residents.take(pa.array(rng.integers(0, RESIDENTS, n))),
            "event_id": events.take(pa.array(rng.integers(0, EVENTS, n))),
            "booked_at": as_times(booked),
            "seats": pa.array(rng.integers(1, 4, n)),
            "status": pa.array(BOOKING_STATUSES).take(
                pa.array(rng.integers(0, len(BOOKING_STATUSES), n))
            ),
            "updated_at": as_times(booked + rng.integers(0, 20 * 86400, n)),
        },
    )


def as_text(numbers: np.ndarray) -> pa.Array:
    """Whole numbers as text."""
    return pa.array(numbers).cast(pa.string())


def as_times(seconds: np.ndarray) -> pa.Array:
    """Seconds since 1970 as ISO 8601 with the local offset."""
    local = pa.array(seconds, pa.timestamp("s", "Asia/Shanghai"))
    return pc.strftime(local, format="%Y-%m-%dT%H:%M:%S+08:00")


def write(file: Path, columns: dict[str, pa.Array]) -> None:
    """Write a CSV file without needless quotation marks."""
    pacsv.write_csv(
        pa.table(columns), str(file), pacsv.WriteOptions(quoting_style="needed", batch_size=65536)
    )


if __name__ == "__main__":
    main()
