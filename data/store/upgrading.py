"""Bringing a database to the newest migration."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from recommender.errors import GongxuError

_LOCK = 0x676F6E67  # any number; the same for everyone who migrates


def alembic_config(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration, made here so that the installed package needs no ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """The last migration's number.

    Raises
    ------
    alembic.util.exc.CommandError
        If two migrations claim to be the last one (see docs/data.md).
    """
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return head


def current_revision(engine: sa.Engine) -> str | None:
    """The database's migration; ``None`` for a database that holds nothing of ours."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("gongxu_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM gongxu_version"))
        return found.scalar_one_or_none()


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Run the migrations that are missing, all or none; concurrent callers wait.

    Parameters
    ----------
    engine
        The database.
    revision
        Name of the target migration.

    Raises
    ------
    GongxuError
        If the database's migration is none of this program's, or it may not create tables.
    """
    try:
        with engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            command.upgrade(alembic_config(connection), revision)
    except CommandError as error:
        raise GongxuError(
            f"the database was made by another version: {error}.", "Update gongxu, then try again."
        ) from error
    except sa.exc.ProgrammingError as error:
        raise GongxuError(
            f"the tables cannot be created: {str(error.orig).strip().splitlines()[0]}.",
            "The database's user needs to own it, or the right to create in schema public.",
        ) from error
