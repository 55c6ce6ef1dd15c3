"""Importing into a real PostgreSQL: what adds up, what repeats, what is kept."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.files.importing import import_path
from data.store.erasures import Erasures
from data.store.store import Store
from recommender.errors import GongxuError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    store = Store.connect(database_url)
    yield store
    store.close()


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.csv").write_text(text, "utf-8")


def base(folder: Path) -> None:
    write(folder, "areas", "area_code,name,level\n01,甲,street\n02,乙,street\n")
    write(folder, "products", "product_id,title,category\np1,x,film\n")
    write(folder, "events", "event_id,product_id,starts_at\ne1,p1,2025-05-01T10:00:00Z\n")
    write(folder, "residents", "resident_id,area_code\nr1,01\nr2,02\n")


def totals(report):
    frame = report.to_frame().set_index("table")
    assert (frame["read"] == frame.drop(columns="read").sum(axis=1)).all()
    assert len(report.quarantine) == report.quarantined
    return frame


CELLS = {
    "booking_id": st.sampled_from(["b1", "b2", "b3", "b4", "", "b 5", "b\x016"]),
    "resident_id": st.sampled_from(["r1", "r2", "r1", "r2", "r9", "13800138000", ""]),
    "event_id": st.sampled_from(["e1", "e1", "e1", "e9"]),
    "booked_at": st.sampled_from(
        ["2025-04-01T10:00:00+08:00", "2025-04-02 10:00:00Z", "2025/4/3 9:00", "2030-01-01Z", "?"]
    ),
    "seats": st.sampled_from(["1", "2", "", "0", "two"]),
    "status": st.sampled_from(["booked", "attended", "no_show", "lost", ""]),
    "updated_at": st.sampled_from(
        ["", "2025-04-04T10:00:00Z", "2025-05-05T10:00:00Z", "2019-01-01"]
    ),
}
ROWS = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=25)


@given(first=ROWS, second=ROWS)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_mix_adds_up_and_twice_changes_nothing(store, tmp_path, first, second):
    if store.counts()["events"] == 0:
        base(tmp_path)
        import_path(store, tmp_path, now=NOW)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM bookings")
    file = tmp_path / "bookings.csv"
    for rows in (first, second):
        pd.DataFrame(rows).to_csv(file, index=False)
        counts = totals(import_path(store, file, now=NOW)).loc["bookings"]
        assert counts["read"] == len(rows)
        held = store.load(["bookings"])["bookings"]
        again = totals(import_path(store, file, now=NOW)).loc["bookings"]
        pd.testing.assert_frame_equal(store.load(["bookings"])["bookings"], held)
        assert again["same"] == counts["new"] + counts["changed"] + counts["same"]
        assert again["quarantined"] == counts["quarantined"]
    assert set(held["resident_id"]) <= {"r1", "r2"}
    assert held["booking_id"].is_unique
    assert (held["booked_at"] <= pd.Timestamp(NOW)).all()


@given(order=st.permutations(range(4)))
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_versions_of_a_booking_end_the_same_in_any_order(store, tmp_path, order):
    base(tmp_path)
    versions = [
        ("booked", ""),
        ("booked", "2025-04-02"),
        ("cancelled", "2025-04-03"),
        ("booked", "2025-04-04"),
    ]
    import_path(store, tmp_path, now=NOW)
    file = tmp_path / "bookings.csv"
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM bookings")
    for n in order:
        status, updated = versions[n]
        write(
            tmp_path,
            "bookings",
            f"booking_id,resident_id,event_id,booked_at,status,updated_at\n"
            f"b1,r1,e1,2025-04-01T00:00:00Z,{status},{updated}\n",
        )
        import_path(store, file, now=NOW)
    row = store.load(["bookings"])["bookings"].iloc[0]
    assert (row["status"], str(row["updated_at"].date())) == ("booked", "2025-04-03")


def test_references_may_be_in_the_database_or_in_the_files(store, tmp_path):
    base(tmp_path)
    import_path(store, tmp_path, now=NOW)
    later = tmp_path / "later"
    later.mkdir()
    write(later, "residents", "resident_id,area_code\nr3,02\n")
    write(
        later,
        "bookings",
        "booking_id,resident_id,event_id,booked_at,status\n"
        "b1,r1,e1,2025-04-01T00:00:00Z,booked\n"
        "b2,r3,e1,2025-04-01T00:00:00Z,booked\n"
        "b3,r4,e1,2025-04-01T00:00:00Z,booked\n",
    )
    counts = totals(import_path(store, later, now=NOW))
    assert counts.loc["bookings", ["new", "quarantined"]].tolist() == [2, 1]


def test_a_changed_row_counts_as_changed_and_keeps_other_columns(store, tmp_path):
    base(tmp_path)
    import_path(store, tmp_path, now=NOW)
    write(tmp_path, "products", "product_id,title,category,price_fen\np1,x,film,100\n")
    import_path(store, tmp_path, now=NOW)
    write(tmp_path, "products", "product_id,title,category\np1,y,film\np2,z,tour\n")
    counts = totals(import_path(store, tmp_path, now=NOW)).loc["products"]
    assert counts[["new", "changed", "same"]].tolist() == [1, 1, 0]
    held = store.load(["products"])["products"].set_index("product_id")
    assert held.loc["p1", ["title", "price_fen"]].tolist() == ["y", 100]


def test_a_dry_run_counts_and_keeps_nothing(store, tmp_path):
    base(tmp_path)
    tried = import_path(store, tmp_path, now=NOW, dry_run=True)
    assert sum(store.counts().values()) == 0
    assert not tried.kept
    pd.testing.assert_frame_equal(
        tried.to_frame(), import_path(store, tmp_path, now=NOW).to_frame()
    )


def test_strictness_keeps_nothing_when_one_row_is_bad(store, tmp_path):
    base(tmp_path)
    write(tmp_path, "residents", "resident_id,area_code\nr1,01\nr2,99\n")
    report = import_path(store, tmp_path, now=NOW, strict=True)
    assert not report.kept
    assert sum(store.counts().values()) == 0
    base(tmp_path)
    assert import_path(store, tmp_path, now=NOW, strict=True).kept
    assert sum(store.counts().values()) == 6


def test_erased_residents_do_not_come_back(store, tmp_path):
    base(tmp_path)
    with store.engine.begin() as connection:
        erasures = Erasures(tmp_path / "home")
        erasures.store(connection, [erasures.digest("r2")], now=NOW)
    write(
        tmp_path,
        "bookings",
        "booking_id,resident_id,event_id,booked_at,status\n"
        "b1,r1,e1,2025-04-01T00:00:00Z,booked\n"
        "b2,r2,e1,2025-04-01T00:00:00Z,booked\n",
    )
    with pytest.raises(GongxuError, match="key"):
        import_path(store, tmp_path, now=NOW)
    report = import_path(store, tmp_path, now=NOW, erasures=erasures)
    totals(report)
    assert report.quarantine["reason"].tolist() == [
        "was erased at the resident's wish",
        "is not in residents",
    ]
    assert store.load()["residents"]["resident_id"].tolist() == ["r1"]
