"""How the installation stands: last nights, failures, disk."""

import csv
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from serving.store_tables import plan_requests, sign_in_failures
from training.registry.runs import failed_in_a_row, read_runs
from training.registry.served import served_model_log

_SIZES = sa.text(
    "SELECT relname AS name, pg_total_relation_size(relid) AS bytes, n_live_tup AS rows"
    " FROM pg_stat_user_tables ORDER BY bytes DESC LIMIT 8"
)
FAILURES = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk under ``GONGXU_HOME``; bytes."""

    total: int
    free: int
    models: int


def read_status(connection: sa.Connection, *, now: datetime) -> dict[str, Any]:
    """What changed and what failed lately.

    Parameters
    ----------
    connection
        The database.
    now
        The clock.

    Returns
    -------
    ``nights``, the latest retraining runs, ``switches`` of the served model, ``failed`` plans of
    the last days, ``refused`` sign-ins of the last quarter of an hour, ``tables`` by size.
    """
    switches = connection.execute(
        sa.select(served_model_log).order_by(served_model_log.c.entry.desc()).limit(10)
    )
    failed = connection.execute(
        sa.select(plan_requests)
        .where(plan_requests.c.status == "failed", plan_requests.c.asked_at > now - FAILURES)
        .order_by(plan_requests.c.asked_at.desc())
        .limit(20)
    )
    refused = connection.execute(sa.select(sa.func.count()).select_from(sign_in_failures))
    return {
        "nights": read_runs(connection, limit=14),
        "switches": [dict(row) for row in switches.mappings()],
        "failed": [dict(row) for row in failed.mappings()],
        "refused": int(refused.scalar_one()),
        "tables": [dict(row) for row in connection.execute(_SIZES).mappings()],
    }


def read_disk(home: Path) -> Disk:
    """How full the disk is, and what the models take of it."""
    usage = shutil.disk_usage(home)
    models = sum(file.stat().st_size for file in (home / "models").rglob("*") if file.is_file())
    return Disk(usage.total, usage.free, models)


@dataclass(frozen=True, slots=True)
class Health:
    """What an operator's alarms watch; moments as seconds since 1970, ``None`` before the first.

    Attributes
    ----------
    data_until_s
        The moment up to which the newest run that got so far has learnt.
    last_run_s, last_run_status, last_run_took_s
        Start, outcome and seconds of the newest retraining run that has ended.
    bad_nights
        Runs that were refused, failed or were killed since the last good one.
    quarantined_rows
        Rows of the newest import that were set aside.
    disk
        The disk under ``GONGXU_HOME``.
    """

    data_until_s: float | None
    last_run_s: float | None
    last_run_status: str | None
    last_run_took_s: float | None
    bad_nights: int
    quarantined_rows: int
    disk: Disk


def read_health(connection: sa.Connection, home: Path) -> Health:
    """What alarms watch, as it is now.

    Parameters
    ----------
    connection
        The database.
    home
        ``GONGXU_HOME``.

    Returns
    -------
    The figures.
    """
    runs = read_runs(connection, limit=100)
    ended = [run for run in runs if run.status != "running"]
    learnt = next((run.as_of for run in runs if run.as_of is not None), None)
    last = ended[0] if ended else None
    return Health(
        data_until_s=None if learnt is None else learnt.timestamp(),
        last_run_s=None if last is None else last.started_at.timestamp(),
        last_run_status=None if last is None else last.status,
        last_run_took_s=None if last is None else last.seconds,
        bad_nights=failed_in_a_row(runs),
        quarantined_rows=_quarantined(home / "quarantine" / "quarantine.csv"),
        disk=read_disk(home),
    )


def _quarantined(file: Path) -> int:
    if not file.exists():
        return 0
    return _rows_of(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _rows_of(file: Path, changed_ns: int) -> int:
    """Rows of a CSV file; counted again only when it changed, since figures are asked for often."""
    del changed_ns
    with file.open(encoding="utf-8-sig", newline="") as text:
        return max(0, sum(1 for _ in csv.reader(text)) - 1)
