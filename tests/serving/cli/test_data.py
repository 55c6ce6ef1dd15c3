"""`init` and `import` as real processes, over the embedded server and over an address."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from data.store.store import Store

COMMAND = "from serving.cli.app import main; main()"


def gongxu(*words, home, url=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GONGXU_")}
    environment["GONGXU_HOME"] = str(home)
    if url is not None:
        environment["GONGXU_DATABASE_URL"] = url
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def home():
    folder = Path(tempfile.mkdtemp(prefix="gongxu 供需 "))
    yield folder / "var"
    shutil.rmtree(folder)


@pytest.fixture
def district(tmp_path):
    folder = tmp_path / "district"
    folder.mkdir()
    (folder / "areas.csv").write_text("area_code,name,level\n01,甲,street\n02,乙,stret\n", "utf-8")
    (folder / "residents.csv").write_text("resident_id,area_code\nr1,01\n13800138000,01\n", "utf-8")
    return folder


def test_a_fresh_home_is_filled_by_import_alone(home, district):
    done = gongxu("import", district, "--format", "json", home=home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0] == {
        "table": "areas",
        "read": 2,
        "new": 1,
        "changed": 0,
        "same": 0,
        "quarantined": 1,
    }
    quarantine = pd.read_csv(home / "quarantine" / "quarantine.csv", dtype=str)
    assert list(quarantine.columns) == ["table", "line", "column", "value", "reason"]
    assert quarantine["value"].tolist() == ["stret", "13*******00"]
    told = gongxu("init", home=home)
    assert (told.returncode, "up to date; it holds 2 rows" in told.stderr) == (0, True)


def test_a_server_by_its_address_needs_nothing_embedded(home, district, database_url, tmp_path):
    done = gongxu("init", home=home, url=database_url)
    assert done.returncode == 0, done.stderr
    done = gongxu("import", district, "--quarantine", tmp_path / "q", home=home, url=database_url)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "q" / "quarantine.csv").exists()
    # No cluster; at most what tells servers of changes, and the key of erasures.
    kept = {path.name for path in home.iterdir()} if home.exists() else set()
    assert kept <= {"changes.counter", "erasures.key", "erasures.journal"}
    store = Store.connect(database_url)
    assert store.counts()["residents"] == 1
    store.close()


def test_strictness_ends_with_3_and_keeps_nothing(home, district, database_url):
    done = gongxu("import", district, "--strict", home=home, url=database_url)
    assert done.returncode == 3
    assert "2 of 4 rows are invalid" in done.stderr
    store = Store.connect(database_url)
    assert sum(store.counts().values()) == 0
    store.close()


def test_all_rows_bad_ends_with_3(home, tmp_path, database_url):
    file = tmp_path / "residents.csv"
    file.write_text("resident_id\n13800138000\n", "utf-8")
    done = gongxu("import", file, home=home, url=database_url)
    assert done.returncode == 3
    assert "13800138000" not in done.stdout + done.stderr


def test_a_dry_run_makes_no_database(home, district):
    done = gongxu("import", district, "--dry-run", "--format", "csv", home=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "areas,2,1,0,0,1"
    assert not (home / "pg").exists()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("nowhere", 2, "is not there"), ("empty", 2, "no table"), ("headless", 3, "lacks")],
)
def test_wrong_input_is_told_in_one_line(tmp_path, home, database_url, path, status, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "headless").mkdir()
    (tmp_path / "headless" / "events.csv").write_text("title\nx\n", "utf-8")
    done = gongxu("import", tmp_path / path, home=home, url=database_url)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unreachable_server_is_told_in_one_line(home):
    done = gongxu("init", home=home, url="postgresql://x@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "GONGXU_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
