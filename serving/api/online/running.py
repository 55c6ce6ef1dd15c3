"""Running the application under uvicorn: workers, forked from this process."""

import os
import shutil

import uvicorn
from fastapi import FastAPI

from serving.api.http.logs import LOGGING
from serving.api.online.shelf import VARIABLE, new_shelf
from serving.api.online.workers import Workers
from serving.composition import open_store, require_tables
from serving.settings import Settings

STOPPING_S = 20
"""How long requests under way may take to end."""


def run(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop.

    Raises
    ------
    GongxuError
        If the database was never initialised. A database that goes away later is survived.
    """
    store = open_store(settings)
    try:
        require_tables(store)
    finally:
        store.close()
    # Counters of all workers meet in files; a new start counts from zero.
    shared = settings.home / "metrics"
    shutil.rmtree(shared, ignore_errors=True)
    shared.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
    config = uvicorn.Config(
        "serving.api.online.running:application",
        factory=True,
        host=host,
        port=port,
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=STOPPING_S,
        timeout_keep_alive=15,
        limit_concurrency=2000,
        h11_max_incomplete_event_size=64 * 1024,
    )
    with new_shelf(settings.home) as shelf:
        os.environ[VARIABLE] = str(shelf)
        Workers(config, workers).run()


def application() -> FastAPI:
    """What each worker runs; settings come from the environment."""
    from serving.api.app import create_app
    from serving.api.service import Service
    from serving.api.settings import ServiceSettings

    return create_app(service=Service(Settings(), ServiceSettings(), shared=True))
