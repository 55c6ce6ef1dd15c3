"""Building snapshots beside the workers: a thread that decides, and a process that builds.

``python -m serving.api.online.builder FOLDER AT`` builds one snapshot and writes it to the folder.
It is a process of its own, so that the arithmetic takes nothing from the workers and its memory is
free again afterwards.
"""

import logging
import logging.config
import os
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from data.district_time import set_district_zone
from recommender.errors import GongxuError
from serving.api.http.database import Database
from serving.api.online.snapshot_folder import SnapshotFolder
from serving.api.settings import ServiceSettings
from serving.composition import open_store
from serving.logs import LOGGING, error_fields
from serving.outcomes.changes import ChangeCounter
from serving.settings import Settings
from serving.suggestions.serving_snapshot import (
    BuildSchedule,
    build,
    last_bulk_change,
    load_model,
    rows_written,
)
from training.registry.served import read_served

_log = logging.getLogger("gongxu.snapshots")
_LOOK_S = 1.0
_POLL_S = 0.1
_RETRY_S = 5.0


class SnapshotBuilder:
    """Builds snapshots for a run's workers as long as it runs, in a thread.

    Parameters
    ----------
    settings, options
        Where the database and models are; how often to build, and the clock.
    folder
        Where snapshots are written.
    """

    def __init__(
        self, settings: Settings, options: ServiceSettings, folder: SnapshotFolder
    ) -> None:
        self._database = Database(settings, options)
        self._folder = folder
        self._schedule = BuildSchedule(options.refresh_s)
        self._now = options.clock()
        self._changes = ChangeCounter(settings.home)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="builder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a snapshot that is being built is given up."""
        self._stopping.set()
        self._thread.join(timeout=5)
        self._database.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            counted = self._changes.count()
            try:
                self._build_if_due()
            except Exception as error:  # nothing may end this thread
                _log.warning("no snapshot", extra={"fields": error_fields(error)})
                self._stopping.wait(_RETRY_S)
            until = time.monotonic() + _LOOK_S
            while time.monotonic() < until and self._changes.count() == counted:
                if self._stopping.wait(_POLL_S):
                    return

    def _build_if_due(self) -> None:
        engine, now = self._database.engine(), self._now()
        served, written, bulk = read_served(engine), rows_written(engine), last_bulk_change(engine)
        if served is None or not self._schedule.is_due(served.version, written, now, bulk=bulk):
            return
        started = time.monotonic()
        build_in_process(self._folder.root, now, stopping=self._stopping)
        cost_s = time.monotonic() - started
        self._schedule.note(served.version, now, written, cost_s, bulk=bulk)


def build_in_process(root: Path, at: datetime, *, stopping: threading.Event | None = None) -> None:
    """Have a process build a snapshot.

    Parameters
    ----------
    root
        Folder that it is written to; see :class:`SnapshotFolder`.
    at
        The moment.
    stopping
        Ends the process early when set.

    Raises
    ------
    GongxuError
        If it failed; the log says why.
    """
    command = [sys.executable, "-m", "serving.api.online.builder", str(root), at.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None:
            if stopping is not None and stopping.wait(_POLL_S):
                process.terminate()
            elif stopping is None:
                process.wait()
    if process.returncode:
        raise GongxuError("the snapshot could not be built.", "See the log.")


def main(root: Path, at: datetime) -> int:
    """Build a snapshot by the environment's settings.

    Parameters
    ----------
    root, at
        Folder to write to, and the moment.

    Returns
    -------
    The exit code.
    """
    logging.config.dictConfig(LOGGING)
    settings = Settings()
    set_district_zone(settings.timezone, settings.country or "")
    try:
        store = open_store(settings)
        try:
            loaded = load_model(settings, store)
            snapshot = build(store, loaded, settings.home, at=at)
        finally:
            store.close()
        SnapshotFolder(root).write(snapshot, loaded)
    except (GongxuError, sa.exc.SQLAlchemyError, OSError) as error:
        _log.warning("snapshot not built", extra={"fields": error_fields(error)})
        return 1
    built = {"model": snapshot.version, "seconds": round(snapshot.cost_s, 2)}
    _log.info("snapshot built", extra={"fields": built})
    return 0


if __name__ == "__main__":
    os.nice(5)  # requests go first
    sys.exit(main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
