"""The whole way, as a new user walks it: real processes, a real database, a small district."""

import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

SMALL = ["demo", "--residents", "1200", "--seed", "5"]


def gongxu(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GONGXU_HOME": str(home)}
    environment.pop("GONGXU_DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "serving.cli", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=800,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("home")
    done = gongxu(*SMALL, home=home)
    assert done.returncode == 0, done.stderr[-3000:]
    return home / "demo", done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_shows_every_step(demo: tuple[Path, str]) -> None:
    _, shown = demo
    for part in ("quarantined", "ndcg@10", "A regular", "switched personalisation off", "expected"):
        assert part in shown
    assert shown.count("$ gongxu suggest") == 3
    assert shown.count("$ gongxu demand") == 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_plan_opens_and_keeps_to_the_budgets(demo: tuple[Path, str]) -> None:
    home, _ = demo
    (plan,) = home.glob("plan-*.xlsx")
    book = openpyxl.load_workbook(plan)
    assert len(book.sheetnames) >= 2
    assert all(sheet.max_row > 1 for sheet in book.worksheets[:2])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_second_run_reuses_what_is_there(demo: tuple[Path, str]) -> None:
    home, _ = demo
    again = gongxu(*SMALL, home=home.parent)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "from an earlier run" in again.stdout
    assert "unchanged" in again.stdout + again.stderr
