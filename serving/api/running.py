"""Running the application under uvicorn."""

import os
import shutil
from typing import Any

import uvicorn
from fastapi import FastAPI

from serving.composition import open_store, require_tables
from serving.settings import Settings

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "serving.api.middleware.JsonLines"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stderr",
            "formatter": "lines",
        }
    },
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gongxu": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}

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
    if workers > 1:
        # Counters of all workers meet in files; a new start counts from zero.
        shared = settings.home / "metrics"
        shutil.rmtree(shared, ignore_errors=True)
        shared.mkdir(parents=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
    uvicorn.run(
        "serving.api.running:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=STOPPING_S,
        timeout_keep_alive=15,
        limit_concurrency=2000,
        h11_max_incomplete_event_size=64 * 1024,
    )


def application() -> FastAPI:
    """What each worker runs; settings come from the environment."""
    from serving.api.app import create_app

    return create_app()
