"""How the installation stands: last nights, failures, disk."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from serving.store_tables import plan_requests, sign_in_failures
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
    ``switches`` of the served model, ``failed`` plans of the last days, ``refused`` sign-ins of
    the last quarter of an hour, ``tables`` by size.
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
