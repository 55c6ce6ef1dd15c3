"""Keeps the memory fresh: one thread a worker."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy as sa

from data.schema import TABLES
from recommender.errors import GongxuError, NotTrainedError
from serving.api.changes import CHANNEL, Bell
from serving.api.database import Database
from serving.api.memory import Loaded, Memory, build
from serving.api.metrics import Metrics
from serving.settings import Settings

if TYPE_CHECKING:
    from data.store import Store

_log = logging.getLogger("gongxu.memory")
_LOOK_S = 1.0
_MOMENTS = 3


class Keeper:
    """Opens the served model, builds the memory, and builds it again when it is time.

    Parameters
    ----------
    settings, database, bell, metrics
        The service's parts.
    now
        The clock.
    refresh_s
        How often new arrays may be built because of bookings alone.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        bell: Bell,
        metrics: Metrics,
        *,
        now: Callable[[], datetime],
        refresh_s: float,
    ) -> None:
        self._settings = settings
        self._database = database
        self._bell = bell
        self._metrics = metrics
        self._now = now
        self._refresh_s = refresh_s
        self._memory: Memory | None = None
        self._loaded: Loaded | None = None
        self._rang = -1
        self._written = -1
        self._built = float("-inf")
        self._cost = 0.0
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._looking = threading.Lock()
        self._rebuilding = threading.Lock()
        self._moments: OrderedDict[str, Memory] = OrderedDict()
        self._thread: threading.Thread | None = None
        self.degraded = False

    @property
    def memory(self) -> Memory | None:
        """What answers now; ``None`` before the first model."""
        return self._memory

    @property
    def loaded(self) -> Loaded | None:
        """The served model."""
        return self._loaded

    def is_current(self) -> bool:
        """Whether nothing rang since changes were last taken in; never waits."""
        return self._bell.count() == self._rang

    def start(self) -> None:
        """Begin; the first memory is built before this returns, if it can be."""
        try:
            self.look()
        except Exception as error:  # the thread goes on trying
            self._fell(error)
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def take_in(self) -> None:
        """Lay changes over the memory now.

        Raises
        ------
        sqlalchemy.exc.SQLAlchemyError, GongxuError
            If the database does not answer.
        """
        rang = self._bell.count()
        with self._changing:
            memory = self._memory
            if memory is not None:
                with self._database.engine().connect() as connection:
                    memory.take_in(connection)
            self._rang = rang

    def at_moment(self, at: datetime) -> Memory:
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
        name = f"{at.isoformat()} {loaded.served.version} {self._written} {self._bell.count()}"
        if name in self._moments:
            return self._moments[name]
        if not self._rebuilding.acquire(timeout=5):
            raise GongxuError("another moment is being looked at.", "Try again.")
        try:
            store = self._database.store()
            self._moments[name] = build(
                store, loaded, self._settings.home, at=at, entry=_last_entry(store.engine)
            )
            while len(self._moments) > _MOMENTS:
                self._moments.popitem(last=False)
            return self._moments[name]
        finally:
            self._rebuilding.release()

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

    def look(self) -> None:
        """See what is served and what changed, and take it in."""
        with self._looking:
            try:
                self._reload(self._database.store())
            except NotTrainedError:
                self._memory, self._loaded = None, None
        if self._memory is not None:
            self.take_in()
        self._rose()

    def _reload(self, store: "Store") -> None:
        from training.served import read_served

        engine = self._database.engine()
        served = read_served(engine)
        if served is None:
            raise NotTrainedError("no model is served yet.")
        written = _written(engine)
        memory = self._memory
        new_model = self._loaded is None or self._loaded.served.version != served.version
        # Building must not eat what answering needs: at most a tenth of the time.
        old = time.monotonic() - self._built > max(self._refresh_s, 10 * self._cost)
        stale = memory is not None and memory.stale
        aged = memory is not None and self._now() - memory.at > timedelta(minutes=10)
        if new_model or memory is None or (old and (stale or aged or written != self._written)):
            loaded = self._load(store) if new_model or self._loaded is None else self._loaded
            entry = _last_entry(engine)
            rang = self._bell.count()
            started = time.monotonic()
            fresh = build(store, loaded, self._settings.home, at=self._now(), entry=entry)
            with self._changing:
                self._memory, self._loaded = fresh, loaded
                self._rang = rang
            self._written, self._built = written, time.monotonic()
            self._metrics.model_since.labels(loaded.served.version).set(
                loaded.served.served.since.timestamp()
            )
            self._cost = time.monotonic() - started
            told = {"model": fresh.version, "seconds": round(self._cost, 2)}
            _log.info("built", extra={"fields": told})

    def _load(self, store: "Store") -> Loaded:
        from serving.composition import served_model
        from training.bundle import BundleError
        from training.fitted import DEMAND, open_demand, open_suggestions

        served = served_model(self._settings, store)
        parts = served.bundle.parts
        demand = None
        if DEMAND in parts:
            try:
                demand = open_demand(parts)
            except BundleError as error:
                # Lists need no demand: a part that an older program wrote must not stop them.
                _log.warning("demand cannot be opened", extra={"fields": {"error": str(error)}})
        return Loaded(served, open_suggestions(parts), demand)

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


def _last_entry(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT coalesce(max(entry), 0) FROM live_changes"))
        return int(found.scalar_one())


def _written(engine: sa.Engine) -> int:
    """A number that grows with everything written to the contract's tables, by whomever."""
    with engine.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) "
                "FROM pg_stat_user_tables WHERE relname = ANY(:names)"
            ),
            {"names": list(TABLES)},
        )
        return int(found.scalar_one())
