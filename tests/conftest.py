"""Fixtures that every room's tests share."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

# `make test` gives the same verdict twice; `make fuzz` (--hypothesis-profile=random) searches on.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("deterministic")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data sets beside the repository; skips, saying so, where they are not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"public data sets are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def embedded_home() -> Iterator[Path]:
    """A ``GONGXU_HOME`` with a running embedded PostgreSQL, for the whole session."""
    from data.store.embedded import embedded_url, release

    # Not under pytest's own folder, which the server's account may not enter as root.
    home = Path(tempfile.mkdtemp(prefix="gongxu-"))
    # A power cut would cost nothing but a test run; waiting for the disk costs most of its time.
    with psycopg.connect(embedded_url(home), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield home
    release(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template_url(embedded_home: Path) -> str:
    """The embedded server's own database, migrated; read-only for tests."""
    from data.store.embedded import embedded_url
    from data.store.store import Store

    url = embedded_url(embedded_home)
    store = Store.connect(url)
    store.migrate()
    store.close()
    return url


@pytest.fixture
def database_url(template_url: str) -> Iterator[str]:
    """A fresh, migrated, empty database of a real PostgreSQL: ``Store.connect(database_url)``.

    Each test gets its own (a copy of a template, some 50 ms), gone afterwards. Close what you
    open: ``store.close()``.
    """
    name = f"test_{secrets.token_hex(6)}"
    maintenance = template_url.replace("@/gongxu?", "@/postgres?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE gongxu STRATEGY file_copy").format(
                sql.Identifier(name)
            )
        )
    yield template_url.replace("@/gongxu?", f"@/{name}?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
