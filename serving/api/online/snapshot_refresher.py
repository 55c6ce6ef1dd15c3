"""Keeps the memory fresh: one thread a worker."""

import logging
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg

from recommender.errors import GongxuError, NotTrainedError
from serving.api.http.database import Database
from serving.api.http.metrics import Metrics
from serving.api.online.building import Edition, Loaded, build, load_model, rows_written
from serving.api.online.changes import CHANNEL, ChangeCounter
from serving.api.online.shelf import Shelf
from serving.api.online.state import OnlineState
from serving.settings import Settings
from training.registry.served import Served, read_served

_log = logging.getLogger("gongxu.snapshots")
_LOOK_S = 1.0
_POLL_S = 0.05
_REST_S = 5.0
_BUILDING_S = 1800.0
_AGED = timedelta(minutes=10)
_MOMENTS = 3


class SnapshotRefresher:
    """Opens the served model, builds the state, and builds it again when it is time.

    Parameters
    ----------
    settings, database, change_counter, metrics
        The service's parts.
    now
        The clock.
    refresh_s
        How often new arrays may be built because of bookings alone.
    shelf
        Where the workers of a run share what one of them had built; without one, this process
        builds for itself.
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
        shelf: Shelf | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._change_counter = change_counter
        self._metrics = metrics
        self._now = now
        self._refresh_s = refresh_s
        self._shelf = shelf
        self._number = 0
        self._not_before = float("-inf")
        self._builder: subprocess.Popen[bytes] | None = None
        self._state: OnlineState | None = None
        self._loaded: Loaded | None = None
        self._applied = -1
        self._written = -1
        self._built = float("-inf")
        self._cost = 0.0
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._looking = threading.Lock()
        self._rebuilding = threading.Lock()
        self._moments: OrderedDict[str, OnlineState] = OrderedDict()
        self._thread: threading.Thread | None = None
        self.degraded = False

    @property
    def state(self) -> OnlineState | None:
        """What answers now; ``None`` before the first model."""
        return self._state

    @property
    def loaded(self) -> Loaded | None:
        """The served model."""
        return self._loaded

    def is_current(self) -> bool:
        """Whether nothing rang since changes were last taken in; never waits."""
        return self._change_counter.count() == self._applied

    def start(self) -> None:
        """Begin; without a shelf the first state is built before this returns, if it can be."""
        try:
            self.look()
        except Exception as error:  # the thread goes on trying
            self._fell(error)
        self._thread = threading.Thread(target=self._run, name="refresher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def apply_changes(self) -> None:
        """Lay changes over the memory now.

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
        """The memory of another moment, for who asks what would be said then.

        Raises
        ------
        NotTrainedError
            Before the first model.
        GongxuError
            If the database does not answer, or another one is being built.
        """
        loaded = self._loaded
        if loaded is None:
            raise NotTrainedError("no model is served yet.")
        name = f"{at.isoformat()} {loaded.version} {self._written} {self._change_counter.count()}"
        if name in self._moments:
            return self._moments[name]
        if not self._rebuilding.acquire(timeout=5):
            raise GongxuError("another moment is being looked at.", "Try again.")
        try:
            self._moments[name] = self._built_for(at, loaded).state()
            while len(self._moments) > _MOMENTS:
                self._moments.popitem(last=False)
            return self._moments[name]
        finally:
            self._rebuilding.release()

    def _built_for(self, at: datetime, loaded: Loaded) -> Edition:
        if self._shelf is None:
            return build(self._database.store(), loaded, self._settings.home, at=at)
        moments = self._shelf.of_moments()
        builder = moments.order(at)
        if builder is None:
            raise GongxuError("another moment is being looked at.", "Try again.")
        failed = builder.wait(timeout=_BUILDING_S) != 0
        newest = moments.newest()
        if failed or newest is None or newest[1] != loaded.version:
            raise GongxuError("that moment could not be looked at.", "Try again.")
        try:
            return moments.take(newest[0], loaded)
        finally:
            moments.remove(*newest)  # it stays mapped

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:  # nothing may end this thread
                self._fell(error)
                self._stopping.wait(_LOOK_S)
                try:
                    self._database.heal()
                except Exception as still:
                    _log.warning("healing", extra={"fields": {"error": type(still).__name__}})

    def _listen(self) -> None:
        url = self._database.store().url
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._stopping.is_set():
                self.look()
                for _ in connection.notifies(timeout=_LOOK_S, stop_after=1):
                    pass

    def look(self, *, wait: bool = False) -> None:
        """See what is served and what changed, and take it in.

        Parameters
        ----------
        wait
            Do not return before the served model answers.

        Raises
        ------
        GongxuError
            If the database does not answer, or the served model cannot be opened.
        """
        with self._looking:
            try:
                self._follow(wait=wait)
            except NotTrainedError:
                self._state, self._loaded = None, None
        if self._state is not None:
            self.apply_changes()
        self._rose()

    def _follow(self, *, wait: bool) -> None:
        engine = self._database.engine()
        served = read_served(engine)
        if served is None:
            raise NotTrainedError("no model is served yet.")
        if self._shelf is not None:
            self._adopt(self._shelf, served)
            self._hear_builder()
        if not (self._is_other(served) or self._is_due(rows_written(engine))):
            return
        if self._shelf is None:
            loaded = self._loaded_as(served)
            store, home = self._database.store(), self._settings.home
            self._answer_from(build(store, loaded, home, at=self._now()), loaded)
        else:
            self._order(self._shelf, served, wait=wait and self._is_other(served))

    def _is_other(self, served: Served) -> bool:
        return self._state is None or self._state.version != served.version

    def _is_due(self, written: int) -> bool:
        state = self._state
        # Building must not eat what answering needs: at most a tenth of the time.
        rested = time.monotonic() - self._built > max(self._refresh_s, 10 * self._cost)
        if state is None or not rested:
            return state is None
        # A clock that was set back makes arrays of the future, which are as useless as old ones.
        aged = abs(self._now() - state.at) > _AGED
        return state.stale or aged or written != self._written

    def _loaded_as(self, served: Served) -> Loaded:
        if self._loaded is None or self._loaded.version != served.version:
            return load_model(self._settings, self._database.store())
        return self._loaded

    def _adopt(self, shelf: Shelf, served: Served) -> None:
        """Answer from the newest edition on the shelf, if it is one of the served model."""
        newest = shelf.newest()
        if newest is None or newest[0] <= self._number or newest[1] != served.version:
            return
        loaded = self._loaded_as(served)
        try:
            edition = shelf.take(newest[0], loaded)
        except OSError:
            return  # gone again: a newer one is there at the next look
        self._number = newest[0]
        self._answer_from(edition, loaded)

    def _order(self, shelf: Shelf, served: Served, *, wait: bool) -> None:
        """Have a new edition built by somebody, and wait for it if told to."""
        until = time.monotonic() + _BUILDING_S
        while True:
            if self._builder is None and time.monotonic() > self._not_before:
                self._builder = shelf.order(self._now())
            if not wait or not self._is_other(served) or time.monotonic() > until:
                return
            time.sleep(_POLL_S)
            self._hear_builder()
            self._adopt(shelf, served)

    def _hear_builder(self) -> None:
        """See whether the builder that this worker started has ended, and how.

        Raises
        ------
        GongxuError
            If it failed.
        """
        if self._builder is None or self._builder.poll() is None:
            return
        failed, self._builder = self._builder.returncode != 0, None
        if failed:
            # The log has why; it is not tried again all the time.
            self._not_before = time.monotonic() + _REST_S
            raise GongxuError("new arrays could not be built.", "See the log.")

    def _answer_from(self, edition: Edition, loaded: Loaded) -> None:
        with self._changing:
            self._state, self._loaded = edition.state(), loaded
            self._applied = -1  # whatever rang since it was begun is still to be taken in
        self._written, self._built = edition.written, time.monotonic()
        self._cost = edition.cost_s
        since = loaded.served.served.since.timestamp()
        self._metrics.model_since.labels(loaded.version).set(since)
        told = {"model": edition.version, "seconds": round(edition.cost_s, 2)}
        _log.info("answering", extra={"fields": told})

    def _fell(self, error: Exception) -> None:
        if not self.degraded:
            told = {"error": type(error).__name__, "what": str(error)[:200]}
            _log.warning("degraded", extra={"fields": told})
        self.degraded = True
        self._metrics.degraded.set(1)

    def _rose(self) -> None:
        if self.degraded:
            _log.info("recovered")
        self.degraded = False
        self._metrics.degraded.set(0)
