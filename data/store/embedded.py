"""The embedded PostgreSQL: one server a ``GONGXU_HOME``, shared by every process that uses it.

Each process holds a shared lock on ``pg.users`` while it uses the server. The system frees that
lock however the process ends, so the last one out, and nobody else, stops the server; a server
whose last user was killed is found running by the next one.
"""

import atexit
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from data.store.cluster import Cluster
from recommender.errors import GongxuError

DATABASE = "gongxu"
"""The database that the embedded server keeps the tables in."""

LOCK_WAIT_S = 330.0
"""How long another process that starts or stops the server is waited for: a recovery after a crash
may take its five minutes."""

_holds: dict[tuple[int, Path], IO[bytes]] = {}
"""The users' locks of this process, by process (forks inherit the dictionary) and home."""


def embedded_url(home: Path) -> str:
    """Connection string of the embedded server under ``home``, started or healed if need be.

    The server stays up until the last process that asked for it ends.

    Parameters
    ----------
    home
        ``GONGXU_HOME``; made when missing. The cluster lives in ``home/pg``.

    Returns
    -------
    ``postgresql://…`` for the database :data:`DATABASE`.

    Raises
    ------
    GongxuError
        If the folder cannot be written or the server does not come up.
    """
    home = home.expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        home = home.resolve()
        cluster = Cluster(home / "pg")
        with _exclusive(home):
            _hold(home)
            if not cluster.answers():
                cluster.create()
                cluster.start()
            _ensure_database(cluster)
    except OSError as error:
        raise GongxuError(
            f"the embedded database under {home} cannot be used: {error}.",
            "Set GONGXU_HOME to a folder that can be written.",
        ) from error
    return cluster.url(DATABASE)


def release(home: Path) -> None:
    """Give the server up; stops it when no other process uses it. Called at exit by itself."""
    home = home.expanduser().resolve()
    users = _holds.pop((os.getpid(), home), None)
    if users is None:
        return
    try:
        with _exclusive(home):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            Cluster(home / "pg").stop()
    except FileNotFoundError:
        return  # the folder was removed meanwhile; the server notices by itself
    finally:
        users.close()


def _at_exit(home: Path) -> None:
    try:
        release(home)
    except (OSError, GongxuError, psycopg.Error) as error:
        # Nobody is left who could act on it: one line instead of a traceback.
        sys.stderr.write(f"gongxu: the embedded database was left as it is: {error}\n")


def _drop_inherited() -> None:
    """A fork's copies of its parent's locks: a lock lives until its last copy is closed."""
    for key in [key for key in _holds if key[0] != os.getpid()]:
        _holds.pop(key).close()


os.register_at_fork(after_in_child=_drop_inherited)


def _hold(home: Path) -> None:
    key = (os.getpid(), home)
    if key not in _holds:
        users = os.fdopen(os.open(home / "pg.users", os.O_WRONLY | os.O_CREAT, 0o600), "ab")
        fcntl.flock(users, fcntl.LOCK_SH)
        _holds[key] = users
        atexit.register(_at_exit, home)


@contextmanager
def _exclusive(home: Path) -> Iterator[None]:
    """One process at a time starts, heals or stops the server."""
    path = home / "pg.lock"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as lock:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = path.read_text("utf-8").strip() or "another process"
                    raise GongxuError(
                        f"the embedded database under {home} is being started or stopped by "
                        f"{holder}, for more than {LOCK_WAIT_S:.0f} seconds.",
                        "Wait for it, or end it, then try again.",
                    ) from None
                time.sleep(0.05)
        lock.truncate(0)
        lock.write(f"process {os.getpid()} ({' '.join(sys.argv)[:200]})")
        lock.flush()
        yield


def _ensure_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
