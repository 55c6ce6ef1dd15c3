"""What a worker process runs; the fork server of all workers imports it first."""

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from pathlib import Path

import uvicorn.lifespan.on
import uvicorn.protocols.http.httptools_impl  # noqa: F401  # imported before the fork
from fastapi import FastAPI

import training.registry.loading
import training.registry.registry  # noqa: F401
from serving.api.app import create_app
from serving.api.server import RUN_FOLDER
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.settings import Settings

_SWITCH_INTERVAL_S = 0.0005
"""After which a busy thread lets a request go first (Python's default, 5 ms, is ten requests)."""


def application() -> FastAPI:
    """The application of a worker; settings come from the environment."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    folder = Path(os.environ[RUN_FOLDER])
    app = create_app(service=Service(Settings(), ServiceSettings(), run_folder=folder))
    gc.freeze()  # routes and schemas live as long: looking through them would delay requests
    return app


def _end_with_supervisor() -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        multiprocessing.connection.wait([supervisor.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


# Nothing imported so far is ever freed; the collector would only write to pages that are shared.
gc.freeze()
