"""The server: uvicorn's supervisor with its workers, and the builder of their snapshots."""

import contextlib
import fcntl
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvicorn._subprocess
from uvicorn.supervisors import Multiprocess

from serving.api.http.protocol import BoundedProtocol
from serving.api.online.builder import SnapshotBuilder
from serving.api.online.snapshot_folder import SnapshotFolder
from serving.api.settings import ServiceSettings
from serving.composition import apply_erasure_journal, open_store, require_tables
from serving.logs import LOGGING
from serving.settings import Settings

RUN_FOLDER = "GONGXU_RUN_FOLDER"
"""Names the run's folder to its workers."""

STOPPING_S = 20
"""Seconds that requests under way may take to end."""


def run(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    settings
        Where the database and models are.
    host, port
        Address to listen at.
    workers
        Number of processes that answer.

    Raises
    ------
    GongxuError
        If the database was never initialised. A database that goes away later is survived.
    """
    store = open_store(settings)
    try:
        require_tables(store)
        apply_erasure_journal(settings, store)
    finally:
        store.close()
    config = uvicorn.Config(
        "serving.api.worker:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=STOPPING_S,
        timeout_keep_alive=15,
        timeout_worker_healthcheck=30,
        limit_concurrency=2000,
        http=BoundedProtocol,
    )
    with run_folder(settings.home) as folder:
        os.environ[RUN_FOLDER] = str(folder)
        # Counters of all workers are added up from files (prometheus_client.multiprocess).
        (folder / "metrics").mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        builder = SnapshotBuilder(settings, ServiceSettings(), SnapshotFolder(folder))
        builder.start()
        try:
            _fork_from_loaded_program()
            Multiprocess(config, [config.bind_socket()]).run()
        finally:
            builder.stop()


def _fork_from_loaded_program() -> None:
    """Let uvicorn start its workers from a fork server that has imported the program.

    With uvicorn's own choice, ``spawn``, each worker imports the program for itself: 185 MB a
    worker that nobody shares (docs/decisions/0603).
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["serving.api.worker"])
    uvicorn._subprocess.spawn = context  # type: ignore[assignment]


@contextlib.contextmanager
def run_folder(home: Path) -> Iterator[Path]:
    """The folder of a run; removed when it ends, or by the next run.

    Parameters
    ----------
    home
        ``GONGXU_HOME``.

    Yields
    ------
    The folder, ``HOME/runs/NAME``.
    """
    runs = home / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for old in runs.iterdir():
        with contextlib.suppress(OSError), (old / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while that run lasts
            shutil.rmtree(old, ignore_errors=True)
    folder = runs / f"{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o700)
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder.absolute()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
