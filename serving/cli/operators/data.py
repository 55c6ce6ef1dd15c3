"""`init`, `import`: the database and what goes in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.output import Format, FormatOption, emit, log, progress

if TYPE_CHECKING:
    from rich.progress import TaskID

    from data.store.store import Store
    from serving.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command("init")(init)
    app.command("import")(import_)


def init() -> None:
    """Create the database, or migrate it to this release; its data are kept.

    Without GONGXU_DATABASE_URL it is an embedded PostgreSQL under GONGXU_HOME (var/).

    Example: gongxu init
    """
    from serving.composition import apply_erasure_journal, open_store
    from serving.settings import Settings

    settings = Settings()
    store = open_store(settings)
    done = store.migrate()
    apply_erasure_journal(settings, store)
    rows = sum(store.counts().values())
    where = "the database at GONGXU_DATABASE_URL"
    if settings.database_url is None:
        where = f"the embedded database under {settings.home}"
    state = "is ready" if done else "is up to date"
    log.print(f"{where} {state}; it holds {rows:,} rows.", soft_wrap=True)
    store.close()


def import_(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="DIR_OR_FILE",
            help="A folder of NAME.csv, NAME.parquet or workbooks, or one such file.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Validate and count the rows without storing them.")
    ] = False,
    quarantine: Annotated[
        Path | None,
        typer.Option(
            "--quarantine",
            metavar="DIR",
            help="Folder for quarantine.csv; by default GONGXU_HOME/quarantine.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Store nothing, and exit with status 3, if any row is invalid."
        ),
    ] = False,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            metavar="NAME",
            help="Encoding of the CSV files, such as gb18030 or cp949; found out by default.",
        ),
    ] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Import contract tables: valid rows are stored, invalid ones quarantined with the reason.

    Importing the same file again changes nothing. Exit status 3 when no row is valid.

    Example: gongxu import my-district/ --dry-run
    """
    from datetime import UTC, datetime

    from data.files.quarantine import write_quarantine
    from data.files.readers import find_tables
    from recommender.errors import InputRejectedError
    from serving.outcomes.importing import import_files
    from serving.settings import Settings

    settings = Settings()
    found = find_tables(path, encoding)  # a wrong call should not start a database
    store = _store_to_try(settings) if dry_run else _store_to_fill(settings)
    try:
        with progress() as bars:
            tasks: dict[str, TaskID] = {}

            def show(table: str, rows: int, _size: int) -> None:
                if table not in tasks:
                    tasks[table] = bars.add_task(table, total=None)
                bars.update(tasks[table], completed=rows)

            report = import_files(
                store,
                *found,
                home=settings.home,
                now=datetime.now(UTC),
                dry_run=dry_run,
                strict=strict,
                progress=show,
            )
    finally:
        if store is not None:
            store.close()
    emit(report.to_frame(), format, title="import" if report.kept else "nothing was stored")
    for note in report.notes:
        log.print(f"note: {note}", markup=False, soft_wrap=True)
    file = write_quarantine(report.quarantine, quarantine or settings.home / "quarantine")
    bad = f"{report.quarantined:,} of {report.read:,} rows are invalid"
    if file is not None:
        log.print(f"{bad}; see {file}", markup=False, soft_wrap=True)
    if report.quarantined and (strict or report.quarantined == report.read):
        raise InputRejectedError(f"{bad}.", "Nothing was imported.")


def _store_to_fill(settings: Settings) -> Store:
    from serving.composition import apply_erasure_journal, open_store

    store = open_store(settings)
    store.migrate()
    apply_erasure_journal(settings, store)
    return store


def _store_to_try(settings: Settings) -> Store | None:
    """The store as it is, for a dry run; ``None`` while there is none."""
    from serving.composition import open_store, require_tables

    if settings.database_url is None and not (settings.home / "pg").exists():
        return None
    store = open_store(settings)
    if not store.is_initialised():
        store.close()
        return None
    require_tables(store)
    return store
