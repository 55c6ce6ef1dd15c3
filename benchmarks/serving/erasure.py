"""Residents erased, then looked for everywhere: answers, tables, a dump, files, a new bundle."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg

from benchmarks.report import Bar
from benchmarks.serving.world import Backtest, put_model, served
from data.snapshot import as_of
from data.store.embedded import embedded_url
from data.store.store import Store
from serving.auth.roles import Role


def forgotten(trial: Backtest, details: dict[str, Any]) -> list[Bar]:
    """Erase twenty residents and count what is left of them."""
    doomed = trial.residents[100:120]
    with served(trial, workers=1) as (url, _), httpx.Client(base_url=url, timeout=60) as client:
        traces = [trace for one in doomed for trace in erase(client, url, trial, one)]
    store = Store.connect(embedded_url(trial.home))
    try:
        now = datetime.now(UTC)
        known = as_of(store.load(), now)
        put_model(trial.home, "after", known, now, np.random.default_rng(1))
    finally:
        store.close()
    bundle = trial.home / "models" / "after"
    files = [path for path in bundle.rglob("*") if path.is_file()]
    files += list(trial.home.glob("*.log"))
    traces += in_dump(embedded_url(trial.home), doomed) + in_files(files, doomed)
    details["erased"] = {"residents": len(doomed), "files_searched": len(files)}
    details["traces"] = traces
    return [Bar("5.4", "traces_of_erased", len(traces))]


def erase(client: httpx.Client, url: str, trial: Backtest, resident: str) -> list[str]:
    """Leave traces of a resident on every route, erase them, and tell what routes still know."""
    own = trial.token(url, resident, Role.RESIDENT)
    path = f"/v1/residents/{resident}"
    wishes = {"personalised": True, "mutes": [{"kind": "tag", "target": "x"}]}
    client.get(f"{path}/suggestions?surface=bench", headers=own)
    client.put(f"{path}/preferences", json=wishes, headers=own)
    calendar = client.post(f"{path}/calendar-token", headers=own).json()["path"]
    assert client.delete(path, headers=own).status_code == 204
    left = [
        f"{resident}: {name}"
        for name in ("suggestions", "preferences", "export")
        if client.get(f"{path}/{name}", headers=own).status_code != 404
    ]
    return left if client.get(calendar).status_code == 401 else [*left, f"{resident}: calendar"]


def in_dump(url: str, names: Sequence[str]) -> list[str]:
    """What a dump of the database holds of them: every row of every table, as it is copied out."""
    found = []
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as rows:
                content = b"".join(bytes(block) for block in rows)
            found += [f"{table}: {name}" for name in names if name.encode() in content]
    return found


def in_files(files: Sequence[Path], names: Sequence[str]) -> list[str]:
    """Which files hold one of the names, in UTF-8 or as arrays keep text."""
    found = []
    for path in files:
        content = path.read_bytes()
        found += [
            f"{path.name}: {name}"
            for name in names
            if name.encode() in content or name.encode("utf-32-le") in content
        ]
    return found
