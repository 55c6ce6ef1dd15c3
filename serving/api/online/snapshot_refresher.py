"""Keeps a worker's state current: one thread a worker."""

import logging
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psycopg

from data.store.erasures import Erasures
from recommender.errors import GongxuError, NotTrainedError
from serving.api.http.database import Database
from serving.api.http.metrics import Metrics
from serving.api.online.builder import build_in_process
from serving.api.online.snapshot_folder import SnapshotFolder
from serving.api.online.state import OnlineState
from serving.logs import error_fields
from serving.outcomes.changes import CHANNEL, ChangeCounter
from serving.settings import Settings
from serving.suggestions.serving_snapshot import (
    BuildSchedule,
    Loaded,
    ServingSnapshot,
    build,
    last_bulk_change,
    load_model,
    rows_written,
)
from training.registry.served import Served, read_served

_log = logging.getLogger("gongxu.snapshots")
_LOOK_S = 1.0
_POLL_S = 0.05
_SWITCH_S = 600.0
_MOMENTS = 3


class SnapshotRefresher:
    """Takes up the newest snapshot of the served model, and applies later changes to it.

    Parameters
    ----------
    settings, database, change_counter, metrics
        The service's parts.
    now
        The clock.
    refresh_s
        Seconds between two snapshots of one model, at least.
    folder
        Where a :class:`serving.api.online.builder.SnapshotBuilder` writes snapshots; without one,
        this process builds its own.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        change_counter: ChangeCounter,
        metrics: Metrics,
        *,
        now: Callable[[], datetime],
        refresh_s: float,
        folder: SnapshotFolder | None = None,
    ) -> None:
        self._settings = settings
        self._erasures = Erasures(settings.home)
        self._database = database
        self._change_counter = change_counter
        self._metrics = metrics
        self._now = now
        self._schedule = BuildSchedule(refresh_s)
        self._folder = folder
        self._number = 0
        self._state: OnlineState | None = None
        self._loaded: Loaded | None = None
        self._applied = -1
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._looking = threading.Lock()
        self._rebuilding = threading.Lock()
        self._moments: OrderedDict[str, OnlineState] = OrderedDict()
        self._thread: threading.Thread | None = None
        self.degraded = False

    @property
    def state(self) -> OnlineState | None:
        """What lists are made from now; ``None`` before the first model."""
        return self._state

    @property
    def loaded(self) -> Loaded | None:
        """The served model."""
        return self._loaded

    def is_current(self) -> bool:
        """Whether every change that was announced is applied; never waits."""
        return self._change_counter.count() == self._applied

    def start(self) -> None:
        """Begin; a process that builds its own snapshots builds the first one here, if it can."""
        try:
            self.look()
        except Exception as error:  # the thread goes on trying
            self._degrade(error)
        self._thread = threading.Thread(target=self._run, name="refresher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def apply_changes(self) -> None:
        """Apply the changes that were logged since the last call.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError, GongxuError
            If the database does not answer.
        """
        counted = self._change_counter.count()
        with self._changing:
            state = self._state
            if state is not None:
                with self._database.engine().connect() as connection:
                    state.apply_changes(connection)
            self._applied = counted

    def at_moment(self, at: datetime) -> OnlineState:
        """The state of another moment.

        Parameters
        ----------
        at
            The moment.

        Returns
        -------
        The state; the last few are cached until something is written.

        Raises
        ------
        NotTrainedError
            Before the first model.
        GongxuError
            If the database does not answer, or another moment is being built.
        """
        loaded = self._loaded
        if loaded is None:
            raise NotTrainedError("no model is served yet.")
        written = rows_written(self._database.engine())
        name = f"{at.isoformat()} {loaded.version} {written} {self._change_counter.count()}"
        if name in self._moments:
            return self._moments[name]
        if not self._rebuilding.acquire(timeout=5):
            raise GongxuError("another moment is being built.", "Try again.")
        try:
            self._moments[name] = OnlineState.of(self._built_for(at, loaded), self._erasures)
            while len(self._moments) > _MOMENTS:
                self._moments.popitem(last=False)
            return self._moments[name]
        finally:
            self._rebuilding.release()

    def _built_for(self, at: datetime, loaded: Loaded) -> ServingSnapshot:
        if self._folder is None:
            return build(self._database.store(), loaded, self._settings.home, at=at)
        root = Path(tempfile.mkdtemp(prefix="moment-", dir=self._folder.root))
        try:
            build_in_process(root, at)
            return SnapshotFolder(root).read(1, loaded)
        except OSError:
            raise GongxuError("another model was served meanwhile.", "Try again.") from None
        finally:
            shutil.rmtree(root, ignore_errors=True)  # what is mapped stays readable

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:  # nothing may end this thread
                self._degrade(error)
                self._stopping.wait(_LOOK_S)
                try:
                    self._database.heal()
                except Exception as still:
                    fields = {"error": type(still).__name__}
                    _log.warning("the database does not start", extra={"fields": fields})

    def _listen(self) -> None:
        url = self._database.store().url
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._stopping.is_set():
                self.look()
                until = time.monotonic() + _LOOK_S
                # Waiting in short turns ends a stopped server at once.
                while not self._stopping.is_set() and time.monotonic() < until:
                    if list(connection.notifies(timeout=_POLL_S, stop_after=1)):
                        break

    def look(self, *, wait: bool = False) -> None:
        """Follow the served model and apply changes.

        Parameters
        ----------
        wait
            Do not return before the served model answers.

        Raises
        ------
        GongxuError
            If the database does not answer, or the served model cannot be opened.
        """
        until = time.monotonic() + _SWITCH_S
        with self._looking:
            while not self._follow() and wait:
                if time.monotonic() > until:
                    raise GongxuError("the new model does not answer yet.", "See the log.")
                time.sleep(_POLL_S)
        if self._state is not None:
            self.apply_changes()
        self._recover()

    def _follow(self) -> bool:
        """Take up a newer snapshot, if there is one; whether the served model answers."""
        served = read_served(self._database.engine())
        if served is None:
            self._state, self._loaded = None, None
            return True
        if self._folder is None:
            self._build_if_due(served)
        else:
            self._adopt(self._folder, served)
        return self._state is not None and self._state.version == served.version

    def _build_if_due(self, served: Served) -> None:
        engine, now = self._database.engine(), self._now()
        written, bulk = rows_written(engine), last_bulk_change(engine)
        if self._state is None or self._schedule.is_due(served.version, written, now, bulk=bulk):
            store, loaded = self._database.store(), self._loaded_as(served)
            snapshot = build(store, loaded, self._settings.home, at=now)
            self._schedule.note(loaded.version, now, snapshot.written, snapshot.cost_s, bulk=bulk)
            self._answer_from(snapshot, loaded)

    def _adopt(self, folder: SnapshotFolder, served: Served) -> None:
        newest = folder.newest()
        if newest is None or newest[0] <= self._number or newest[1] != served.version:
            return
        loaded = self._loaded_as(served)
        try:
            snapshot = folder.read(newest[0], loaded)
        except OSError:
            return  # removed again: a newer one is there at the next look
        self._number = newest[0]
        self._answer_from(snapshot, loaded)

    def _loaded_as(self, served: Served) -> Loaded:
        if self._loaded is None or self._loaded.version != served.version:
            return load_model(self._settings, self._database.store())
        return self._loaded

    def _answer_from(self, snapshot: ServingSnapshot, loaded: Loaded) -> None:
        with self._changing:
            self._state, self._loaded = OnlineState.of(snapshot, self._erasures), loaded
            self._applied = -1  # changes since its tables were read are still to be applied
        since = loaded.served.served.since.timestamp()
        self._metrics.model_since.labels(loaded.version).set(since)
        fields = {"model": snapshot.version, "seconds": round(snapshot.cost_s, 2)}
        _log.info("snapshot taken up", extra={"fields": fields})

    def _degrade(self, error: Exception) -> None:
        if not self.degraded:
            _log.warning("degraded", extra={"fields": error_fields(error)})
        self.degraded = True
        self._metrics.degraded.set(1)

    def _recover(self) -> None:
        if self.degraded:
            _log.info("recovered")
        self.degraded = False
        self._metrics.degraded.set(0)
