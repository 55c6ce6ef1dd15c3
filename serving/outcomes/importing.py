"""Files into the store, and every server told of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from data.files.importing import import_tables
from data.files.readers import RawTable
from data.files.reading import ImportReport, Progress
from data.store.erasures import Erasures
from data.store.store import Store
from serving.outcomes.changes import ChangeCounter, note_changes


def import_files(
    store: Store | None,
    sources: Mapping[str, RawTable],
    ignored: Sequence[str] = (),
    *,
    home: Path,
    now: datetime,
    dry_run: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import tables that were found in files; servers show what is new within seconds.

    Parameters
    ----------
    store
        Migrated; ``None`` stands for an empty one, for a dry run.
    sources, ignored
        As :func:`data.files.readers.find_tables` returns them.
    home
        ``GONGXU_HOME``.
    now, dry_run, strict, progress
        As of :func:`data.files.importing.import_tables`.

    Returns
    -------
    What became of every row.
    """
    report = import_tables(
        store,
        sources,
        ignored,
        now=now,
        dry_run=dry_run,
        strict=strict,
        progress=progress,
        erasures=Erasures(home),
    )
    written = any(table.new or table.changed for table in report.tables.values())
    if report.kept and store is not None and written:
        with store.engine.begin() as connection:
            note_changes(connection, "import*", [{}], now=now)
        ChangeCounter(home).increment()
    return report
