"""`backup`, `restore`: the whole installation in one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import log


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new backup, a tar file.")],
) -> None:
    """Write database, models and settings without secrets to one file.

    Passwords, keys and GONGXU_HOME/erasures.key are not in it: keep a copy of that key apart.

    Example: gongxu backup /srv/backup/gongxu.tar
    """
    from serving.composition import open_store, require_tables
    from serving.operations.backup import write_backup
    from serving.settings import Settings

    settings = Settings()
    store = open_store(settings)
    try:
        require_tables(store)
        kept = settings.model_dump(mode="json", exclude={"database_url", "home"})
        done = write_backup(
            store, settings.home, file.absolute(), settings=kept, now=datetime.now(UTC)
        )
    finally:
        store.close()
    log.print(f"wrote {file}: {len(done['files']):,} files, {file.stat().st_size / 1e6:,.1f} MB")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of `gongxu backup`.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite a database that is not empty.")
    ] = False,
) -> None:
    """Put the database and models of a backup in place; a failure leaves the database as it was.

    Residents whom this installation erased after the backup was made are erased again.

    Example: gongxu restore /srv/backup/gongxu.tar
    """
    from serving.composition import open_store
    from serving.operations.backup import restore_backup
    from serving.settings import Settings

    settings = Settings()
    store = open_store(settings)
    try:
        done = restore_backup(
            store, settings.home, file.absolute(), replace=replace, now=datetime.now(UTC)
        )
        rows = sum(store.counts().values())
    finally:
        store.close()
    log.print(
        f"restored the backup of {done['created_at'][:19]} UTC: {rows:,} rows; "
        f"{done['erased_again']:,} residents erased again"
    )
