"""`gongxu suggest` as a process, on a folder."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from serving.suggestions.frames import COLUMNS


def gongxu(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from serving.cli.app import main; main()", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    size = ("--residents", 400, "--products", 60, "--events", 150, "--years", 1)
    made = gongxu("simulate", "--preset", "demo", "--seed", 3, *size, "--out", folder)
    assert made.returncode == 0, made.stderr
    return folder


def test_a_list_as_json(world: Path) -> None:
    resident = pd.read_csv(world / "bookings.csv")["resident_id"].mode()[0]
    at = "2026-10-01T00:00+08:00"
    done = gongxu("suggest", resident, "-n", 4, "--at", at, "--data", world, "--format", "json")
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)
    assert [tuple(line) for line in lines] == [COLUMNS] * len(lines)
    assert [line["rank"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(line["starts_at"] > at for line in lines)
    events = pd.read_csv(world / "events.csv").set_index("event_id")
    assert {events.loc[line["event_id"], "status"] for line in lines} == {"open"}


def test_wrong_calls_say_what_to_do(world: Path) -> None:
    for words, told in (
        ((), "RESIDENT"),
        (("R1", "--all", "--out", "x.csv"), "one of"),
        (("--all",), "--out"),
        (("nobody", "--data", world), "nobody"),
        (("R1", "--data", world, "--at", "soon"), "is not a time"),
        (("R1", "--data", world / "nowhere"), "nowhere"),
    ):
        done = gongxu("suggest", *words)
        assert done.returncode == 2, done.stderr
        assert told in done.stderr
        assert done.stdout == ""


def test_reports_on_suppliers_and_seats(world: Path, tmp_path: Path) -> None:
    at = "2026-10-01T00:00+08:00"
    lists = tmp_path / "lists.csv"
    assert gongxu("suggest", "--all", "--data", world, "--at", at, "--out", lists).returncode == 0
    call = ("exposure", "--data", world, "--at", at, "--format", "json")
    done = gongxu(*call, "--lists", lists)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert sum(row["exposure_share"] for row in rows) == pytest.approx(1)
    assert sum(row["supply_share"] for row in rows) == pytest.approx(1)
    assert "lists; concentration" in done.stderr
    wrong = gongxu(*call, "--lists", world / "events.csv")
    assert wrong.returncode == 2
    assert "suggest --all" in wrong.stderr

    done = gongxu("overbooking", "--data", world, "--at", at, "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    products = pd.read_csv(world / "products.csv").set_index("product_id")
    events = pd.read_csv(world / "events.csv").set_index("event_id")
    assert {row["event_id"] for row in rows} <= set(events.index[events["status"] == "open"])
    assert any(row["take_up_to"] > row["seats"] for row in rows)
    for row in rows:
        groups = products.loc[events.loc[row["event_id"], "product_id"], "audience_groups"]
        protected = bool({"children", "family", "disabled"} & set(str(groups).split(";")))
        assert row["protected"] == protected
        assert row["take_up_to"] >= row["seats"]
        if protected:
            assert row["take_up_to"] == row["seats"]
