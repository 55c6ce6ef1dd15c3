"""`gongxu evaluate` on a folder, in a process of its own."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest


def run(*words, folder):
    code = "from serving.cli.app import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "evaluate", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=240,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two groups of residents with one taste each, a sitting a day for 200 days."""
    path = tmp_path_factory.mktemp("tables")
    start = pd.Timestamp("2025-01-01T10:00:00+00:00")
    events, bookings = [], []
    for i in range(200):
        starts = start + pd.Timedelta(days=i)
        events.append((f"e{i}", f"p{i % 10}", starts, starts - pd.Timedelta(days=12)))
        for r in range(24):
            if r % 2 == i % 2 and (i * 7 + r * 5) % 3 == 0:
                at = starts - pd.Timedelta(days=(i + r) % 10 + 1)
                bookings.append((f"b{i}.{r}", f"r{r}", f"e{i}", at, "attended"))
    tables = {
        "areas": (["area_code", "name", "level"], [("310105001", "街道", "street")]),
        "products": (
            ["product_id", "title", "category"],
            [(f"p{i}", f"讲座{i}", "lecture") for i in range(10)],
        ),
        "residents": (
            ["resident_id", "area_code", "age_band"],
            [(f"r{i}", "310105001", "35-59") for i in range(24)],
        ),
        "events": (["event_id", "product_id", "starts_at", "published_at"], events),
        "bookings": (["booking_id", "resident_id", "event_id", "booked_at", "status"], bookings),
    }
    for name, (columns, rows) in tables.items():
        pd.DataFrame(rows, columns=columns).to_csv(path / f"{name}.csv", index=False)
    return path


def test_json_on_a_folder_has_every_scorer_and_touches_nothing_else(folder, tmp_path):
    done = run("--data", str(folder), "--cutoff", "2025-06-01", "--format", "json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["windows"] == 1
    assert {"recent_popularity", "als", "engine"} <= set(document["scorers"])
    assert (
        document["scorers"]["engine"]["ndcg@10"]
        > document["scorers"]["recent_popularity"]["ndcg@10"]
    )
    assert list(tmp_path.iterdir()) == []


def test_wrong_moments_are_told_with_exit_code_two(folder, tmp_path):
    done = run("--data", str(folder), "--cutoff", "yesterday", folder=tmp_path)
    assert done.returncode == 2
    assert "yesterday" in done.stderr


def test_a_plot_and_a_table_file_are_written(folder, tmp_path):
    done = run(
        "--data", str(folder), "--plot", "plots/all.png", "--out", "table.csv", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plots" / "all.png").stat().st_size > 1000
    assert "engine" in set(pd.read_csv(tmp_path / "table.csv")["scorer"])
