"""An erasure holds whatever runs beside it: imports, ingest, a restored backup, an old file."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.files.importing import import_path
from data.schema import TABLES
from data.store.erasures import Erasures
from data.store.store import Store
from serving.outcomes.erasure import erase_resident, reapply_erasures
from serving.outcomes.ingest import merge_rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RESIDENTS = [f"resident-{number}" for number in range(60)]
OF_RESIDENTS = ("residents", "bookings", "ratings", "follows")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.connect(database_url)
    yield store
    store.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Sixty residents, with three bookings, a rating and a follow each."""
    folder = tmp_path / "files"
    folder.mkdir()

    def write(name: str, lines: list[str]) -> None:
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")

    write("areas", ["area_code,name,level", "01,甲,street"])
    write("products", ["product_id,title,category", "p1,x,film"])
    events = [f"e{k},p1,2025-05-0{k}T10:00:00Z" for k in (1, 2, 3)]
    write("events", ["event_id,product_id,starts_at", *events])
    write("residents", ["resident_id,area_code", *(f"{name},01" for name in RESIDENTS)])
    booked = [
        f"b-{name}-{k},{name},e{k},2025-04-01T10:00:00Z,attended"
        for name in RESIDENTS
        for k in (1, 2, 3)
    ]
    write("bookings", ["booking_id,resident_id,event_id,booked_at,status", *booked])
    rated = [f"{name},e1,5,2025-05-02T10:00:00Z" for name in RESIDENTS]
    write("ratings", ["resident_id,event_id,stars,rated_at", *rated])
    followed = [f"{name},tag,舞蹈,2025-05-02T10:00:00Z" for name in RESIDENTS]
    write("follows", ["resident_id,target_kind,target,since", *followed])
    return folder


def held(store: Store) -> set[str]:
    with store.engine.connect() as connection:
        return {
            resident
            for name in OF_RESIDENTS
            for resident in connection.execute(sa.text(f"SELECT resident_id FROM {name}")).scalars()
        }


def erase(store: Store, erasures: Erasures, resident: str) -> None:
    with store.engine.begin() as connection:
        erase_resident(connection, resident, erasures=erasures, now=NOW)


@pytest.mark.parametrize("table", OF_RESIDENTS)
def test_erased_between_judging_and_merging(store: Store, files: Path, tmp_path, table) -> None:
    erasures = Erasures(tmp_path)
    import_path(store, files, now=NOW, erasures=erasures)
    erased: list[str] = []

    def progress(judged: str, _rows: int, _size: int) -> None:
        if judged == table and not erased:
            erased.append(RESIDENTS[7])
            erase(store, erasures, RESIDENTS[7])

    report = import_path(store, files, now=NOW, progress=progress, erasures=erasures)
    assert erased
    assert held(store) == set(RESIDENTS) - {RESIDENTS[7]}
    frame = report.to_frame()
    assert (frame["read"] == frame.drop(columns=["table", "read"]).sum(axis=1)).all()
    assert len(report.quarantine) == report.quarantined > 0
    assert RESIDENTS[7] not in report.quarantine["value"].tolist()[-1:]


def test_erased_all_along_an_import(store: Store, files: Path, tmp_path: Path) -> None:
    erasures, gone = Erasures(tmp_path), RESIDENTS[::2]
    import_path(store, files, now=NOW, erasures=erasures)
    stopping = threading.Event()

    def importing() -> None:
        while not stopping.is_set():
            import_path(store, files, now=NOW, erasures=erasures)

    thread = threading.Thread(target=importing)
    thread.start()
    try:
        for resident in gone:
            erase(store, erasures, resident)
            time.sleep(0.01)
    finally:
        stopping.set()
        thread.join()
    assert held(store) == set(RESIDENTS) - set(gone)


def test_erased_while_a_feed_sends_the_resident(store: Store, files: Path, tmp_path) -> None:
    erasures, resident = Erasures(tmp_path), RESIDENTS[0]
    import_path(store, files, now=NOW, erasures=erasures)
    row = [{"resident_id": resident, "area_code": "01", "age_band": "35-59"}]
    verdicts: list[str] = []

    def feeding() -> None:
        with store.engine.begin() as connection:
            table = TABLES["residents"]
            verdicts.extend(merge_rows(connection, table, row, now=NOW, erasures=erasures).words)

    feed = threading.Thread(target=feeding)
    with store.engine.begin() as connection:
        erase_resident(connection, resident, erasures=erasures, now=NOW)
        feed.start()
        feed.join(timeout=0.5)
        assert feed.is_alive(), "the feed did not wait for the erasure"
    feed.join()
    assert verdicts == ["bad"]
    assert resident not in held(store)


def test_a_restored_backup_brings_nobody_back(store: Store, files: Path, tmp_path) -> None:
    erasures, resident = Erasures(tmp_path), RESIDENTS[3]
    import_path(store, files, now=NOW, erasures=erasures)
    erase(store, erasures, resident)
    with store.engine.begin() as connection:  # as an older backup has it
        connection.execute(sa.text("DELETE FROM erasures"))
        connection.execute(
            sa.text("INSERT INTO residents (resident_id, area_code) VALUES (:id, '01')"),
            {"id": resident},
        )
        connection.execute(
            sa.text(
                "INSERT INTO bookings (booking_id, resident_id, event_id, booked_at, status)"
                " VALUES ('b-back', :id, 'e1', :at, 'attended')"
            ),
            {"id": resident, "at": NOW - timedelta(days=300)},
        )
    assert reapply_erasures(store.engine, erasures, now=NOW) == 1
    assert held(store) == set(RESIDENTS) - {resident}
    with store.engine.connect() as connection:
        assert erasures.read(connection) == {erasures.digest(resident)}
    assert reapply_erasures(store.engine, erasures, now=NOW) == 0
