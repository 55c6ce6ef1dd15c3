"""An installation of the first release, under the program of today.

``first_release/`` holds what that release left behind: its database, dumped at revision 0005, and
the manifest of its served bundle (format 1).
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from data.store.audit import verify_audit
from data.store.store import Store
from data.store.upgrading import current_revision, newest_revision
from serving.auth.keys import check_key
from serving.auth.users import sign_in

RELEASE = Path(__file__).parent / "first_release"
MODEL = "20261001T000000-old"
AUDIT_HEAD = "df1c408963a8088c85f71b7e50305d3abbc61f5e270ba8643caf72c0455a6541"
KEY = "gxk_vw0CDHCmSFWSSdG51USu-Z_8b4F4wAppMU0y7oE1b7g"
"""Of the dumped database alone."""
NOW = datetime(2026, 10, 2, tzinfo=UTC)


@pytest.fixture
def old_url(template_url: str) -> Iterator[str]:
    """A database of its own, as the first release left it."""
    name = f"test_{secrets.token_hex(6)}"
    maintenance = template_url.replace("@/gongxu?", "@/postgres?")
    url = template_url.replace("@/gongxu?", f"@/{name}?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
        )
    with psycopg.connect(url) as connection:
        connection.execute((RELEASE / "database.sql").read_bytes())
    yield url
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    """A ``GONGXU_HOME`` with the first release's served bundle."""
    bundle = tmp_path / "models" / MODEL
    bundle.mkdir(parents=True)
    (bundle / "manifest.json").write_bytes((RELEASE / "manifest.json").read_bytes())
    return tmp_path


def gongxu(*words: object, home: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serving.cli", *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, "GONGXU_HOME": str(home), "GONGXU_DATABASE_URL": url},
        timeout=240,
    )


def counts(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        return {
            table: connection.execute(
                sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))
            ).fetchone()[0]
            for (table,) in tables
            if table != "gongxu_version"
        }


def test_the_database_is_migrated_with_everything_in_it(old_url: str) -> None:
    before = counts(old_url)
    assert before["residents"] == 2
    assert before["plans"] == before["orders"] == before["erasures"] == 1
    store = Store.connect(old_url)
    try:
        store.migrate()
        assert current_revision(store.engine) == newest_revision()
        after = counts(old_url)
        assert {table: after.get(table) for table in before} == before
        bookings = store.load(["bookings"])["bookings"]
        assert bookings[["booking_id", "resident_id", "status"]].values.tolist() == [
            ["B1", "R1", "booked"]
        ]
        with store.engine.connect() as connection:
            verdict = verify_audit(connection, head=AUDIT_HEAD)
        assert (verdict.entries, verdict.broken) == (2, None)
        principal = check_key(store.engine, KEY, now=NOW)
        assert principal is not None
        assert principal.scopes == {"suggestions"}
        assert sign_in(store.engine, "li", "a long enough word", address="127.0.0.1", now=NOW)
    finally:
        store.close()


def test_the_bundle_is_refused_with_the_command_that_makes_a_new_one(
    old_url: str, old_home: Path
) -> None:
    refused = gongxu("suggest", "R1", home=old_home, url=old_url)
    assert refused.returncode == 1
    assert "gongxu init" in refused.stderr
    assert gongxu("init", home=old_home, url=old_url).returncode == 0
    for command in (["suggest", "R1"], ["demand", "--period", "2026Q4"], ["models", "list"]):
        answer = gongxu(*command, home=old_home, url=old_url)
        assert "gongxu retrain" in answer.stderr, (command, answer.stdout, answer.stderr)
        assert "Traceback" not in answer.stderr


def test_who_was_erased_by_the_first_release_stays_erased(
    old_url: str, old_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / "residents.csv").write_text(
        "resident_id,area_code,joined_at\n"
        "R3,310105101,2026-01-01T00:00:00+08:00\n"
        "R4,310105101,2026-01-01T00:00:00+08:00\n"
    )
    answer = gongxu("import", folder, home=old_home, url=old_url)
    assert answer.returncode in (0, 1), answer.stderr
    with psycopg.connect(old_url) as connection:
        found = connection.execute("SELECT resident_id FROM residents ORDER BY 1").fetchall()
    assert found == [("R1",), ("R2",), ("R4",)]
