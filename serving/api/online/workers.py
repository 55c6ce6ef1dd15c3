"""Workers on one socket, forked from a parent that has loaded the program.

What the parent has imported all workers share until one of them writes to it; what they answer
from they map from the shelf. The parent itself opens nothing and runs no thread, so that a fork
takes along nothing that could be half done.
"""

import gc
import importlib
import logging
import os
import signal
import socket
import sys
import threading
import time

import uvicorn

from data.store.embedded import leave

_log = logging.getLogger("gongxu.workers")
_LOOK_S = 0.2
_REST_S = 1.0
_GRACE_S = 10
_TURN_S = 0.0005
"""After which a thread at work lets an answer go first (Python's default, 5 ms, is ten answers)."""

SHARED = (
    "serving.api.app",
    "serving.api.online.building",
    "serving.api.online.packing",
    "data.snapshot",
    "data.store.store",
    "training.registry.loading",
    "training.registry.registry",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
)
"""Imported before the workers are forked, with all that they import themselves."""


class Workers:
    """Starts workers, starts those anew that end, and stops them all.

    Parameters
    ----------
    config
        What each runs.
    number
        How many.
    """

    def __init__(self, config: uvicorn.Config, number: int) -> None:
        self._config = config
        self._number = number
        self._started: dict[int, float] = {}
        self._stopping = False

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; requests under way are finished.

        SIGTTIN adds a worker, SIGTTOU takes one away.
        """
        for module in SHARED:
            importlib.import_module(module)
        listening = self._config.bind_socket()
        gc.collect()
        # What is here now lives as long as the process: looking through it again would only
        # make every worker a copy of its own.
        gc.freeze()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        signal.signal(signal.SIGTTIN, lambda *_: self._change(1))
        signal.signal(signal.SIGTTOU, lambda *_: self._change(-1))
        while not self._stopping:
            while len(self._started) < self._number and not self._stopping:
                self._start(listening)
            for worker in list(self._started)[self._number :]:
                _send(worker, signal.SIGTERM)
            time.sleep(_LOOK_S)
            self._bury()
        for worker in self._started:
            _send(worker, signal.SIGTERM)
        until = time.monotonic() + (self._config.timeout_graceful_shutdown or 0) + _GRACE_S
        while self._started and time.monotonic() < until:
            time.sleep(_LOOK_S)
            self._bury()
        for worker in self._started:
            _send(worker, signal.SIGKILL)
        listening.close()

    def _stop(self) -> None:
        self._stopping = True

    def _change(self, by: int) -> None:
        self._number = max(1, self._number + by)

    def _start(self, listening: socket.socket) -> None:
        parent = os.getpid()
        worker = os.fork()
        if worker == 0:
            self._work(listening, parent)
        self._started[worker] = time.monotonic()
        _log.info("worker started", extra={"fields": {"pid": worker}})

    def _work(self, listening: socket.socket, parent: int) -> None:
        """The child's whole life."""
        code = 1
        try:
            sys.setswitchinterval(_TURN_S)
            for number in (signal.SIGTTIN, signal.SIGTTOU):
                signal.signal(number, signal.SIG_DFL)
            for number in (signal.SIGTERM, signal.SIGINT):
                # uvicorn sets its own, and raises what it caught again when it is done.
                signal.signal(number, lambda *_: None)
            threading.Thread(target=_watch, args=[parent], daemon=True).start()
            uvicorn.Server(self._config).run(sockets=[listening])
            leave()
            code = 0
        except BaseException:
            _log.exception("worker failed")
        finally:
            os._exit(code)

    def _bury(self) -> None:
        for worker, started in list(self._started.items()):
            found, status = os.waitpid(worker, os.WNOHANG)
            if found == 0:
                continue
            del self._started[worker]
            if not self._stopping:
                told = {"pid": worker, "status": os.waitstatus_to_exitcode(status)}
                _log.warning("worker ended", extra={"fields": told})
                # One that cannot live must not be born a hundred times a second.
                if time.monotonic() - started < _REST_S:
                    time.sleep(_REST_S)


def _watch(parent: int) -> None:
    """Stop when nobody is left who would start this worker anew, or stop it."""
    while os.getppid() == parent:
        time.sleep(_REST_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _send(worker: int, number: int) -> None:
    try:
        os.kill(worker, number)
    except ProcessLookupError:
        return
