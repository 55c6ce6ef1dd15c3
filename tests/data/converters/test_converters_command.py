"""`gongxu convert` as a real process."""

import subprocess
import sys
from pathlib import Path

import pandas as pd


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from serving.cli.app import main; main()",
            "convert",
            *map(str, args),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )


def films(folder: Path) -> Path:
    (folder / "movies.dat").write_text("1::A;B (2001)::Drama|War\n", encoding="utf-8")
    (folder / "ratings.dat").write_text("1::1::7::1365029107\n1::2::7::0\n", encoding="utf-8")
    return folder


def test_tables_and_account_are_written_and_printed(tmp_path: Path) -> None:
    done = run("movietweetings", films(tmp_path), "--out", tmp_path / "out", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert "ratings.dat,2,1,0,1" in done.stdout
    assert "this film is not in movies.dat" in done.stderr
    bookings = pd.read_csv(tmp_path / "out" / "bookings.csv", dtype=str)
    assert bookings["booked_at"].tolist() == ["2013-04-04T06:45:07+08:00"]
    assert pd.read_csv(tmp_path / "out" / "products.csv")["title"].tolist() == ["A;B (2001)"]
    unmapped = pd.read_csv(tmp_path / "out" / "unmapped.csv")
    assert unmapped[["file", "line", "column"]].values.tolist() == [["ratings.dat", 2, "film"]]


def test_exit_codes_and_one_line_of_help(tmp_path: Path) -> None:
    wrong = run("gtfs", tmp_path, "--out", tmp_path / "out")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
    films(tmp_path)
    (tmp_path / "ratings.dat").write_text("rubbish\n", encoding="utf-8")
    rejected = run("movietweetings", tmp_path, "--out", tmp_path / "out")
    assert rejected.returncode == 3
    assert not (tmp_path / "out").exists()
