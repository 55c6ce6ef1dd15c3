"""`suggest --all` killed for good in the middle, and begun again: real processes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

COMMAND = [sys.executable, "-c", "from serving.cli.app import main; main()"]
RESIDENTS, BLOCK = 400, 2
LIMIT_S = 120


def gongxu(*words: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    size = ("--residents", RESIDENTS, "--products", 60, "--events", 150, "--years", 1)
    gongxu("simulate", "--preset", "demo", "--seed", 4, *size, "--out", folder)
    return folder


@pytest.mark.slow
def test_a_killed_run_finishes_the_rest_and_gives_what_an_undisturbed_one_gives(
    world: Path, tmp_path: Path
) -> None:
    at = "2026-10-01T00:00+08:00"
    call = ["suggest", "--all", "--data", world, "-n", "5", "--at", at, "--block", BLOCK, "--out"]
    undisturbed, killed = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    gongxu(*call, undisturbed)
    side = tmp_path / "killed.parquet.parts"
    running = subprocess.Popen([*COMMAND, *map(str, [*call, killed])], stderr=subprocess.DEVNULL)
    until = time.monotonic() + LIMIT_S
    while len(list(side.glob("*.parquet"))) < 3:
        assert running.poll() is None, "it was done before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert running.wait(timeout=LIMIT_S) == -signal.SIGKILL
    assert not killed.exists()
    done = {part.name: part.stat().st_mtime_ns for part in side.glob("*.parquet")}
    assert 3 <= len(done) < RESIDENTS // BLOCK
    again = gongxu(*call, killed)
    assert f"{BLOCK * len(done)} of " in again.stderr
    assert "residents were completed earlier" in " ".join(again.stderr.split())
    assert not side.exists()
    pd.testing.assert_frame_equal(pd.read_parquet(killed), pd.read_parquet(undisturbed))
