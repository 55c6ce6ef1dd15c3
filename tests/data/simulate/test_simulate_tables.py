"""A simulated district keeps the contract and its own promises."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from data.dataset import Dataset
from data.schema import TABLES
from data.simulate.saving import read_settings, write_world
from data.simulate.settings import settings_for
from data.simulate.tables import observe
from data.simulate.world import SimulatedWorld, create_world
from recommender.errors import UsageError
from serving.cli.app import app

SMALL = {"residents": 3_000, "products": 150, "events": 400}


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return create_world(settings_for("demo", 5, **SMALL))


@pytest.fixture(scope="module")
def tables(world: SimulatedWorld) -> Dataset:
    return observe(world)


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_keys_are_distinct_and_references_found(tables):
    for name, table in TABLES.items():
        frame = tables[name]
        assert len(frame) or name == "holidays", f"{name} is empty"
        assert not frame.duplicated(list(table.key)).any(), f"{name} repeats a key"
        for column in table.columns:
            values = frame[column.name]
            if column.required:
                assert not values.isna().any(), f"{name}.{column.name} is missing"
            if column.references:
                known = tables[column.references][TABLES[column.references].key[0]]
                assert values.dropna().isin(known).all(), f"{name}.{column.name}"
        for earlier, later in table.ordered:
            assert not (frame[earlier] > frame[later]).any(), f"{name}.{earlier} after {later}"


def test_nothing_has_happened_after_the_present(world, tables):
    until = pd.Timestamp(world.settings.until)
    for name, table in TABLES.items():
        for column in table.columns:
            if column.past:
                values = tables[name][column.name].dropna()
                zoned = (
                    values if values.dt.tz is not None else values.dt.tz_localize("Asia/Shanghai")
                )
                assert (zoned <= until).all(), f"{name}.{column.name}"
    coming = tables["events"][tables["events"]["starts_at"] > until]
    assert len(coming)
    assert (coming["published_at"] <= until).all()
    assert (coming["status"] != "done").all()


def test_seats_are_never_oversold(tables):
    held = tables["bookings"][tables["bookings"]["status"].isin(["booked", "attended", "no_show"])]
    sold = held.groupby("event_id")["seats"].sum()
    seats = tables["events"].set_index("event_id")["seats"].reindex(sold.index)
    assert (sold <= seats).all()
    waiting = tables["bookings"].query("status == 'waitlisted'")
    assert len(waiting)


def test_bookings_name_the_list_that_showed_the_event(tables):
    shown = tables["impressions"].set_index("suggestion_id")[["resident_id", "event_id"]]
    listed = tables["bookings"].dropna(subset=["suggestion_id"])
    recent = listed[listed["suggestion_id"].isin(shown.index)]
    pairs = set(zip(shown.index, shown["resident_id"], shown["event_id"], strict=True))
    found = recent[["suggestion_id", "resident_id", "event_id"]].itertuples(index=False)
    assert len(recent) > 50
    assert {tuple(row) for row in found} <= pairs
    assert 0.4 < len(listed) / len(tables["bookings"]) < 0.95


def test_events_name_the_order_they_deliver(tables):
    orders = tables["orders"].set_index("order_id")
    ordered = tables["events"]["order_id"].map(orders["product_id"])
    assert (tables["events"]["product_id"] == ordered).all()
    delivered = tables["events"].groupby("order_id").size()
    assert (delivered == orders["sessions"]).all()


def test_residents_ask_for_what_they_came_to_and_old_requests_are_mostly_answered(world, tables):
    asked = tables["requests"]
    assert len(asked) > 10
    assert set(asked["target_kind"]) == {"category", "tag"}
    assert (asked["answer"].notna() == (asked["status"] != "open")).all()
    age = pd.Timestamp(world.settings.until) - asked["asked_at"]
    assert (asked.loc[age < pd.Timedelta("30D"), "status"] == "open").all()
    assert (asked.loc[age > pd.Timedelta("90D"), "status"] != "open").mean() > 0.5


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path):
    tiny = {"residents": 600, "products": 60, "events": 80, "years": 1}
    for folder, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_world(create_world(settings_for("demo", seed, **tiny)), tmp_path / folder)
    first = digest(tmp_path / "a")
    assert first == digest(tmp_path / "b")
    other = digest(tmp_path / "c")
    assert first.keys() == other.keys()
    # The calendar library knows the holidays: the file holds the heading alone.
    same = {name for name in first if first[name] == other[name]}
    assert same == {"holidays.csv"}
    assert read_settings(tmp_path / "a") == settings_for("demo", 3, **tiny)


def test_truth_covers_every_listed_product_of_every_quarter(world, tmp_path):
    write_world(world, tmp_path)
    truth = pd.read_parquet(tmp_path / "truth" / "demand.parquet")
    products = pd.read_csv(tmp_path / "products.csv", parse_dates=["listed_from", "listed_until"])
    coming = truth[truth["period"] == "2026Q4"]
    listed = products[
        (products["listed_from"] <= "2026-10-01") & (products["listed_until"] > "2026-10-01")
    ]
    assert set(coming["product_id"]) == set(listed["product_id"])
    assert len(coming) == 10 * len(listed)
    assert np.isclose(coming.groupby("street_code")["new"].mean(), 0.85, atol=0.02).all()
    assert (truth["expected"] > 0).all()
    assert (truth["expected_2"] < truth["expected"]).all()


def test_the_command_writes_either_format(tmp_path):
    call = ["simulate", "--residents", "300", "--products", "60", "--events", "60", "--years", "1"]
    for kind in ("csv", "parquet"):
        out = tmp_path / kind
        done = CliRunner().invoke(app, [*call, "--out", str(out), "--format", kind])
        assert done.exit_code == 0, done.output
        assert {path.stem for path in out.glob(f"*.{kind}")} == set(TABLES)
        assert (out / "truth" / "demand.parquet").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "where to"),
        (["--out", "x", "--until", "tomorrow"], "is not a time"),
        (["--out", "x", "--until", "2026-10-02T00:00+08:00"], "quarter"),
        (["--out", "x", "--format", "json"], "cannot be written"),
        (["--out", "x", "--residents", "-5"], "residents"),
        (["--replay", "plan.csv"], "in which world"),
    ],
)
def test_a_wrong_call_says_what_to_do(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["simulate", *words])
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)
    assert not list(tmp_path.iterdir())
