"""Dump and restore of the database by PostgreSQL's own tools."""

import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from data.store.cluster import programs
from recommender.errors import GongxuError


def dump_database(url: str, path: Path) -> None:
    """Write the whole database, as of one moment, to a file in pg_dump's custom format.

    Parameters
    ----------
    url
        ``postgresql://…``, as of :class:`data.store.store.Store`.
    path
        The new file.

    Raises
    ------
    GongxuError
        If the tool is missing or fails, as with a server newer than it.
    """
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={path}")


def restore_database(url: str, path: Path) -> None:
    """Replace the contents of a database by those of a dump, in one transaction.

    Parameters
    ----------
    url
        ``postgresql://…``; the database is there.
    path
        A file of :func:`dump_database`.

    Raises
    ------
    GongxuError
        If the tool is missing or fails; the database is then as it was.
    """
    _run(
        "pg_restore", url, "--single-transaction", "--exit-on-error", "--clean", "--if-exists",
        "--no-owner", "--no-privileges", str(path),
    )  # fmt: skip


def _run(program: str, url: str, *arguments: str) -> None:
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    # In the list of processes everybody could read a password.
    secret = {"PGPASSWORD": parts.pop("password")} if "password" in parts else {}
    done = subprocess.run(  # noqa: S603  (PostgreSQL's own binary, our own words)
        [str(_program(program)), f"--dbname={make_conninfo(**parts)}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C", **secret},
        check=False,
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.strip().splitlines() if "error" in line][:2]
        raise GongxuError(
            f"{program} failed: {' '.join(said) or f'status {done.returncode}'}",
            "The tool must be as new as the server; put the server's own one on PATH.",
        )


def _program(name: str) -> Path:
    """The embedded server's tool, or one on PATH where that server is not installed."""
    try:
        return programs() / name
    except GongxuError:
        found = shutil.which(name)
        if found is None:
            raise GongxuError(
                f"{name} is not installed.", "Install PostgreSQL's client tools."
            ) from None
        return Path(found)
