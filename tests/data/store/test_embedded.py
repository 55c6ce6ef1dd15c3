"""The embedded server: shared, healed, stopped by the last one out. Real processes throughout."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from data.store import embedded
from data.store.cluster import Cluster
from data.store.embedded import embedded_url, release
from data.store.store import Store
from data.store.upgrading import upgrade
from recommender.errors import GongxuError

USE = """
import sys, psycopg
from pathlib import Path
from data.store.embedded import embedded_url
with psycopg.connect(embedded_url(Path(sys.argv[1]))) as connection:
    connection.execute("SELECT pg_advisory_xact_lock(1)")  # two may not create it at once
    connection.execute("CREATE TABLE IF NOT EXISTS seen (pid int)")
    connection.execute("INSERT INTO seen VALUES (pg_backend_pid())")
    connection.commit()
    print(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0], flush=True)
    sys.stdin.readline()
"""


_started: list[subprocess.Popen] = []


@pytest.fixture
def home():
    folder = Path(tempfile.mkdtemp(prefix="gongxu-"))
    yield folder
    while _started:
        process = _started.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()
    release(folder)
    shutil.rmtree(folder)


def start(home: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", USE, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _started.append(process)
    return process


def finish(process: subprocess.Popen) -> None:
    process.communicate("\n", timeout=120)
    assert process.returncode == 0


def server_pid(home: Path) -> int | None:
    try:
        return int((home / "pg" / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return None


def rows(home: Path) -> int:
    with psycopg.connect(embedded_url(home)) as connection:
        return connection.execute("SELECT count(*) FROM seen").fetchone()[0]


def test_processes_that_start_at_once_share_one_server_and_the_last_one_stops_it(home):
    users = [start(home) for _ in range(4)]
    began = {user.stdout.readline() for user in users}
    assert len(began) == 1
    for user in users[:-1]:
        finish(user)
    assert Cluster(home / "pg").answers()
    finish(users[-1])
    assert server_pid(home) is None
    assert rows(home) == 4


def test_a_killed_user_does_not_keep_the_server_up(home):
    killed, other = start(home), start(home)
    assert killed.stdout.readline() == other.stdout.readline()
    killed.kill()
    killed.communicate()
    finish(other)
    assert server_pid(home) is None


def test_a_server_left_running_by_killed_users_is_found_again(home):
    user = start(home)
    began = user.stdout.readline()
    user.kill()
    user.communicate()
    assert Cluster(home / "pg").answers()
    other = start(home)
    assert other.stdout.readline() == began
    finish(other)
    assert server_pid(home) is None


def test_a_killed_server_heals_at_the_next_start_and_keeps_what_was_committed(home):
    finish(start(home))
    embedded_url(home)
    pid = server_pid(home)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert (home / "pg" / "postmaster.pid").exists()
    assert rows(home) == 1
    assert server_pid(home) != pid


def test_a_stale_pid_that_now_belongs_to_another_program_is_no_obstacle(home):
    finish(start(home))
    stale = home / "pg" / "postmaster.pid"
    # This very process has the number; it is alive and no server of ours.
    stale.write_text(f"{os.getpid()}\n{home}/pg\n1\n5432\n{home}/pg\n\n1 1\nready\n")
    assert rows(home) == 1


@pytest.mark.parametrize("content", ["", "garbage\n", "999999999\n"])
def test_a_broken_lock_file_is_no_obstacle(home, content):
    finish(start(home))
    (home / "pg" / "postmaster.pid").write_text(content)
    assert rows(home) == 1


def test_a_half_made_cluster_is_made_again(home):
    (home / "pg.new").mkdir()
    (home / "pg.new" / "PG_VERSION").write_text("18\n")
    (home / "pg").mkdir()
    finish(start(home))
    assert rows(home) == 1


def test_a_path_too_long_for_a_socket_works_too(home):
    deep = home / ("x" * 60) / ("y" * 60)
    finish(start(deep))
    assert server_pid(deep) is None


def test_the_folder_lets_nobody_else_in(home):
    embedded_url(home)
    assert (home / "pg").stat().st_mode & 0o077 == 0


def test_locks_are_private_and_say_who_holds_them(home, monkeypatch):
    monkeypatch.setattr(embedded, "LOCK_WAIT_S", 0.4)
    home.mkdir(exist_ok=True)
    with embedded._exclusive(home), pytest.raises(GongxuError, match=f"process {os.getpid()} "):
        embedded_url(home)
    embedded_url(home)
    for name in ("pg.lock", "pg.users"):
        assert (home / name).stat().st_mode & 0o077 == 0


def test_a_link_in_a_public_folder_is_not_followed(home, monkeypatch, tmp_path):
    """Where anybody may write, somebody may have put a link of the socket folder's name."""
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o755)
    public = tmp_path / "public"
    public.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(public))
    deep = home / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    cluster = Cluster(deep / "pg")
    (name,) = [cluster._socket_folder()]
    name.rmdir()
    name.symlink_to(victim)
    before = victim.stat()
    with pytest.raises(GongxuError, match="belongs to somebody else"):
        cluster._socket_folder()
    assert (victim.stat().st_uid, victim.stat().st_mode) == (before.st_uid, before.st_mode)


def test_an_upgrade_keeps_the_data(home):
    """From every revision to the newest one, with a row in a table of the first."""
    store = Store.connect(embedded_url(home))
    upgrade(store.engine, "0001")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO areas VALUES ('01', '甲', 'street')")
    store.migrate()
    assert store.load(["areas"])["areas"]["name"].tolist() == ["甲"]
    store.close()
