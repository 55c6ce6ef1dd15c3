"""Residents erased while files are imported and a feed sends them: who is back afterwards."""

import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from benchmarks.report import Bar
from benchmarks.units import Unit
from data.files.importing import import_path
from data.schema import TABLES
from data.store.embedded import embedded_url, release
from data.store.erasures import Erasures
from data.store.store import Store
from serving.outcomes.erasure import erase_resident
from serving.outcomes.ingest import merge_rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ERASED = 200
TABLES_OF_RESIDENTS = ("residents", "bookings", "ratings", "follows")


def units(quick: bool) -> list[Unit]:
    """One unit, the same when ``quick``: it takes seconds."""
    del quick
    return [Unit("erased_back", "all", count_back, ())]


def bars(values: Sequence[int]) -> list[Bar]:
    """How many of the erased are in any table afterwards."""
    return [Bar("7.3", "erased_back", sum(values))]


def count_back() -> int:
    """Erase every second resident of 400 beside imports and a feed.

    Returns
    -------
    How many of the erased are back, or of the others gone.
    """
    names = [f"resident-{number}" for number in range(2 * ERASED)]
    gone = set(names[::2])
    with tempfile.TemporaryDirectory(prefix="gongxu-erased-") as folder:
        Path(folder).chmod(0o755)
        home, files = Path(folder) / "home", Path(folder) / "files"
        write_files(files, names)
        store = Store.connect(embedded_url(home))
        try:
            store.migrate()
            erasures = Erasures(home)
            import_path(store, files, now=NOW, erasures=erasures)
            imports = erase_beside(store, erasures, files, sorted(gone))
            # An old file is replayed when all is over.
            import_path(store, files, now=NOW, erasures=erasures)
            back = gone & held(store)
            stayed = len(set(names) - gone - held(store))
        finally:
            store.close()
            release(home)
    print(f"  {len(gone)} erased during {imports} imports: {len(back)} back, {stayed} others lost")
    return len(back) + stayed


def erase_beside(store: Store, erasures: Erasures, files: Path, gone: list[str]) -> int:
    """Erase residents while the files are imported again and again and a feed sends them.

    Parameters
    ----------
    store, erasures
        The database, and what makes digests.
    files
        What is imported.
    gone
        Who is erased.

    Returns
    -------
    Imports that were run.
    """
    stopping = threading.Event()
    imports = 0

    def importing() -> None:
        nonlocal imports
        while not stopping.is_set():
            import_path(store, files, now=NOW, erasures=erasures)
            imports += 1

    def feeding() -> None:
        rows = [{"resident_id": name, "area_code": "01"} for name in gone]
        while not stopping.is_set():
            with store.engine.begin() as connection:
                merge_rows(connection, TABLES["residents"], rows, now=NOW, erasures=erasures)

    threads = [threading.Thread(target=each) for each in (importing, feeding)]
    for thread in threads:
        thread.start()
    try:
        for name in gone:
            with store.engine.begin() as connection:
                erase_resident(connection, name, erasures=erasures, now=NOW)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    return imports


def held(store: Store) -> set[str]:
    """Everybody who is in a table of residents."""
    with store.engine.connect() as connection:
        return {
            name
            for table in TABLES_OF_RESIDENTS
            for name in connection.execute(sa.text(f"SELECT resident_id FROM {table}")).scalars()
        }


def write_files(folder: Path, names: list[str]) -> None:
    """Residents with two bookings, a rating and a follow each.

    Parameters
    ----------
    folder
        Is made.
    names
        Their pseudonyms.
    """
    folder.mkdir()
    day = "2025-04-01T10:00:00Z"
    tables = {
        "areas": ["area_code,name,level", "01,x,street"],
        "products": ["product_id,title,category", "p1,x,film"],
        "events": ["event_id,product_id,starts_at", f"e1,p1,{day}", f"e2,p1,{day}"],
        "residents": ["resident_id,area_code", *(f"{name},01" for name in names)],
        "bookings": ["booking_id,resident_id,event_id,booked_at,status"]
        + [f"b-{name}-{k},{name},e{k},2025-03-01,attended" for name in names for k in (1, 2)],
        "ratings": ["resident_id,event_id,stars,rated_at"]
        + [f"{name},e1,5,2025-05-02" for name in names],
        "follows": ["resident_id,target_kind,target"] + [f"{name},tag,x" for name in names],
    }
    for table, lines in tables.items():
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n", "utf-8")
