"""The database as the service sees it: it may be away, and come back."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from serving.api.settings import ServiceSettings
from serving.settings import Settings

if TYPE_CHECKING:
    from data.store.store import Store


class Database:
    """Opens the database when it is first needed, with waits that are short.

    Parameters
    ----------
    settings
        Where it is; the embedded server is started, or healed, when it is meant.
    service
        How long may be waited.
    watch
        Called with the engine when it is made.
    """

    def __init__(
        self,
        settings: Settings,
        service: ServiceSettings,
        watch: Callable[[sa.Engine], None] | None = None,
    ) -> None:
        self._settings = settings
        self._watch = watch
        self._service = service
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._engine: sa.Engine | None = None

    def store(self) -> "Store":
        """For bulk work on contract tables.

        Raises
        ------
        GongxuError
            If it does not answer.
        """
        from serving.composition import open_store

        with self._lock:
            if self._store is None:
                self._store = open_store(self._settings)
            return self._store

    def engine(self) -> sa.Engine:
        """For row-wise work: at most two seconds for a connection, ten for a statement.

        Raises
        ------
        GongxuError
            If it does not answer.
        """
        if self._engine is None:
            url = sa.make_url(self.store().url).set(drivername="postgresql+psycopg")
            with self._lock:
                if self._engine is None:
                    engine = sa.create_engine(
                        url,
                        pool_size=5,
                        max_overflow=5,
                        pool_timeout=2,
                        pool_pre_ping=True,
                        hide_parameters=True,
                        connect_args={
                            "connect_timeout": 2,
                            "options": "-c statement_timeout=10000 -c lock_timeout=5000",
                        },
                    )
                    if self._watch is not None:
                        self._watch(engine)
                    self._engine = engine
        return self._engine

    def answers(self) -> bool:
        """Whether it answers just now."""
        try:
            with self.engine().connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except Exception:
            return False
        return True

    def heal(self) -> None:
        """Start the embedded server again if it is meant and gone; else nothing.

        Raises
        ------
        GongxuError
            If it does not come up.
        """
        if self._settings.database_url is None:
            from data.store.embedded import embedded_url

            embedded_url(self._settings.home)

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            if self._store is not None:
                self._store.close()
            self._engine = self._store = None
