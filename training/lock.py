"""One run at a time for one database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from recommender.errors import GongxuError, LockHeldError

RETRAIN = 0x72657472
"""The advisory lock that `retrain` holds."""


class LockLostError(GongxuError):
    """The database ended the session that held the lock."""


@dataclass(frozen=True, slots=True)
class RunLock:
    """A lock that is held; the database frees it when this process or its connection dies."""

    connection: sa.Connection
    key: int

    def verify(self) -> None:
        """Make sure, before something irrevocable, that the lock is still ours.

        Raises
        ------
        LockLostError
            If the session ended meanwhile, so that another run may have started.
        """
        try:
            held = self.connection.scalar(_HELD_BY_US, {"key": self.key})
        except sa.exc.DBAPIError:
            held = False
        if not held:
            raise LockLostError(
                "the database closed the connection that held the lock.", "Run it again."
            )


@contextmanager
def hold_lock(engine: sa.Engine, key: int = RETRAIN) -> Iterator[RunLock]:
    """Hold a lock of the database while a run lasts.

    A PostgreSQL advisory lock of a session of its own: nothing stays locked after kill -9.

    Parameters
    ----------
    engine
        Of the database whose lock is taken.
    key
        Number of the advisory lock.

    Returns
    -------
    The lock; it ends with the context.

    Raises
    ------
    LockHeldError
        If another session holds it.
    """
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        # Not given back to the pool: the lock would live on in a pooled session.
        connection.detach()
        if not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            holder = connection.execute(_HOLDER, {"key": key}).first()
            since = f" since {holder.since:%Y-%m-%d %H:%M} UTC" if holder and holder.since else ""
            raise LockHeldError(
                f"another run holds the lock of this database{since}.",
                "Wait until it ends, or stop it; a killed run frees the lock by itself.",
            )
        yield RunLock(connection, key)
    finally:
        connection.close()


_HELD_BY_US = sa.text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND pid = pg_backend_pid() AND classid = 0 AND objid = :key AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_HOLDER = sa.text(
    "SELECT a.backend_start AT TIME ZONE 'UTC' AS since FROM pg_locks l"
    " JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = :key"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
