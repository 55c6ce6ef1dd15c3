"""The served model: one row that says which bundle answers, switched in one transaction.

Serving reads this row and the bundle's files, and nothing else of the registry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from recommender.errors import GongxuError, NotTrainedError

_metadata = sa.MetaData()
served_model = sa.Table(
    "served_model",
    _metadata,
    sa.Column("only", sa.Boolean, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("previous", sa.ARRAY(sa.Text), nullable=False),
)
served_model_log = sa.Table(
    "served_model_log",
    _metadata,
    sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
MODELS = "models"
"""Folder of all bundles, inside GONGXU_HOME."""
_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Served:
    """What is served.

    Attributes
    ----------
    version
        The bundle's name.
    path
        Its folder, relative to GONGXU_HOME.
    since
        When it was switched on.
    previous
        Versions served before it, newest first: where a roll back goes.
    """

    version: str
    path: str
    since: datetime
    previous: tuple[str, ...] = ()

    def folder(self, home: Path) -> Path:
        """Where its files are."""
        return home / self.path


def read_served(engine: sa.Engine) -> Served | None:
    """The served model; ``None`` before the first one."""
    with engine.connect() as connection:
        return _read(connection)


def was_served(engine: sa.Engine, version: str) -> bool:
    """Whether a version is served, or ever was.

    Parameters
    ----------
    engine
        The database.
    version
        The bundle's name.

    Returns
    -------
    False for a bundle that was saved and never switched on.
    """
    query = sa.select(served_model_log.c.entry).where(served_model_log.c.version == version)
    with engine.connect() as connection:
        return connection.execute(query.limit(1)).first() is not None


def switch(
    engine: sa.Engine,
    version: str,
    *,
    now: datetime,
    reason: str = "",
    beside: Callable[[sa.Connection], object] | None = None,
) -> Served:
    """Serve a version from now on, in one transaction.

    Serving the version that is served already changes nothing.

    Parameters
    ----------
    engine
        The database.
    version
        The bundle's name.
    now
        The moment of the switch, with zone.
    reason
        Kept in the log of switches.
    beside
        Called in the same transaction, also when the version is served already.

    Returns
    -------
    What is served now.
    """
    with engine.begin() as connection:
        current = _read(connection, lock=True)
        if beside is not None:
            beside(connection)
        if current is not None and current.version == version:
            return current
        previous = () if current is None else (current.version, *current.previous)
        return _write(connection, "promote", version, previous, now=now, reason=reason)


def switch_back(
    engine: sa.Engine, *, usable: Callable[[str], bool], now: datetime, reason: str = ""
) -> Served:
    """Serve again what was served before, in one transaction.

    Parameters
    ----------
    engine
        The database.
    usable
        Whether a version can still be served; others are passed over.
    now
        The moment of the switch, with zone.
    reason
        Kept in the log of switches.

    Returns
    -------
    What is served now.

    Raises
    ------
    NotTrainedError
        If nothing is served.
    GongxuError
        If nothing usable was served before.
    """
    with engine.begin() as connection:
        current = _read(connection, lock=True)
        if current is None:
            raise NotTrainedError("no model is served yet.", "Run `gongxu retrain`.")
        for place, version in enumerate(current.previous):
            if version != current.version and usable(version):
                rest = current.previous[place + 1 :]
                return _write(connection, "rollback", version, rest, now=now, reason=reason)
    raise GongxuError(
        "there is no earlier model to go back to.",
        "See `gongxu models list` and promote one of those.",
    )


def _read(connection: sa.Connection, *, lock: bool = False) -> Served | None:
    if lock:
        # The row may not be there yet, so that it is the table that makes switches take turns.
        connection.execute(sa.text("LOCK TABLE served_model IN SHARE ROW EXCLUSIVE MODE"))
    row = connection.execute(sa.select(served_model)).first()
    if row is None:
        return None
    return Served(row.version, row.path, row.since, tuple(row.previous))


def _write(
    connection: sa.Connection,
    action: str,
    version: str,
    previous: tuple[str, ...],
    *,
    now: datetime,
    reason: str,
) -> Served:
    served = Served(version, f"{MODELS}/{version}", now, previous[:_REMEMBERED])
    values = {
        "version": served.version,
        "path": served.path,
        "since": served.since,
        "previous": list(served.previous),
    }
    changed = connection.execute(served_model.update().values(values))
    if not changed.rowcount:
        connection.execute(served_model.insert().values(only=True, **values))
    connection.execute(
        served_model_log.insert().values(at=now, action=action, version=version, reason=reason)
    )
    return served
