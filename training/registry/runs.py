"""The record of retraining runs: one row a run, with how it ended, also when it was killed."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from recommender.errors import GateRefusedError

RUNNING, FAILED, REFUSED, KILLED = "running", "failed", "refused", "killed"
GOOD = ("promoted", "accepted", "unchanged")
"""How a night ends after which nobody has to look."""
KEPT = 400
"""Runs that stay on record: a year of nights, and some by hand."""

retrain_runs = sa.Table(
    "retrain_runs",
    sa.MetaData(),
    sa.Column("run", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seconds", sa.Float),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("as_of", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text, nullable=False),
)
_log = logging.getLogger("gongxu.runs")


@dataclass(frozen=True, slots=True)
class Run:
    """A run on record.

    Attributes
    ----------
    started_at
        When it began.
    seconds
        How long it took; ``None`` while it runs, and for one that was killed.
    status
        ``promoted``, ``accepted``, ``unchanged``, ``refused``, ``failed``, ``killed``, ``running``.
    version
        The model it made; empty when it made none.
    as_of
        The moment up to which it learnt; ``None`` when it did not get that far.
    reason
        Why it was refused or failed; empty otherwise.
    """

    started_at: datetime
    seconds: float | None
    status: str
    version: str = ""
    as_of: datetime | None = None
    reason: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the night ended as it should."""
        return self.status in GOOD


@dataclass(slots=True)
class RunRecord:
    """What is known of a run while it lasts; the fields of :class:`Run`."""

    status: str = FAILED
    version: str = ""
    as_of: datetime | None = None
    reason: str = ""

    def fill(self, status: str, version: str, as_of: datetime, reason: str) -> None:
        """Say how the run ended.

        Parameters
        ----------
        status, version, as_of, reason
            As of :class:`Run`.
        """
        self.status, self.version, self.as_of, self.reason = status, version, as_of, reason


@contextmanager
def record_run(engine: sa.Engine, *, now: datetime) -> Iterator[RunRecord]:
    """Keep a run on record, however it ends. To be called by whoever holds the run's lock.

    Runs that are still on record as running were killed, since only one can hold the lock.

    Parameters
    ----------
    engine
        The database.
    now
        When the run begins, with time zone.

    Yields
    ------
    The record, to be filled before the context ends. When it ends by an exception, the status is
    ``refused`` for a :class:`~recommender.errors.GateRefusedError`, else ``failed``.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError
        If the beginning cannot be written. What happens to the end is logged only: it must not
        hide how the run ended.
    """
    with engine.begin() as connection:
        connection.execute(
            retrain_runs.update().where(retrain_runs.c.status == RUNNING).values(status=KILLED)
        )
        run = connection.scalar(
            retrain_runs.insert()
            .values(started_at=now, status=RUNNING, version="", reason="")
            .returning(retrain_runs.c.run)
        )
    record, begun = RunRecord(), time.monotonic()
    try:
        yield record
    except BaseException as error:
        record.status = REFUSED if isinstance(error, GateRefusedError) else FAILED
        record.reason = str(error) or type(error).__name__
        raise
    finally:
        try:
            _end(engine, int(run or 0), record, time.monotonic() - begun)
        except Exception as error:
            _log.warning("the run's end is not on record: %s", type(error).__name__)


def _end(engine: sa.Engine, run: int, record: RunRecord, seconds: float) -> None:
    with engine.begin() as connection:
        connection.execute(
            retrain_runs.update()
            .where(retrain_runs.c.run == run)
            .values(
                seconds=round(seconds, 1),
                status=record.status,
                version=record.version,
                as_of=record.as_of,
                reason=record.reason,
            )
        )
        connection.execute(retrain_runs.delete().where(retrain_runs.c.run <= run - KEPT))


def read_runs(connection: sa.Connection, limit: int = 30) -> list[Run]:
    """The latest runs, newest first.

    Parameters
    ----------
    connection
        The database.
    limit
        How many at most.

    Returns
    -------
    The runs.
    """
    columns = [c for c in retrain_runs.c if c.name != "run"]
    rows = connection.execute(
        sa.select(*columns).order_by(retrain_runs.c.run.desc()).limit(limit)
    ).mappings()
    return [Run(**row) for row in rows]


def failed_in_a_row(runs: list[Run]) -> int:
    """How many of the newest runs ended badly since the last good one; newest first.

    A run that is under way counts for neither.
    """
    count = 0
    for run in runs:
        if run.is_good:
            break
        count += run.status != RUNNING
    return count
