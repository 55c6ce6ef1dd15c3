"""Worlds that the service is measured in: a simulated folder, its database, a model, a key."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import sqlalchemy as sa

from benchmarks.serving.drill import ROOT, free_port, serving
from benchmarks.suggestions.speed import read, sample_of, simulate
from data.dataset import Dataset
from data.snapshot import as_of
from data.store.embedded import embedded_url
from data.store.store import Store
from serving.auth.keys import add_key
from serving.auth.local_issuer import issue_token
from serving.auth.roles import Role
from training.demand.fit import fit_demand
from training.registry.bundle import Manifest, save_bundle
from training.registry.served import switch
from training.suggestions.fit import fit_suggestions

SEED = 7
SAMPLE = 5_000
"""Residents that the model is fitted on: how well it suggests is measured elsewhere."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """A home with a database, a served model and a key.

    Attributes
    ----------
    home
        ``GONGXU_HOME``.
    key
        An API key that may ingest and read lists.
    now
        Where the service's clock stands: at the end of the data.
    residents
        Some of them.
    events
        Those that begin two days later or after.
    street
        One of the streets' codes.
    """

    home: Path
    key: str
    now: datetime
    residents: list[str]
    events: list[str]
    street: str

    @property
    def environment(self) -> dict[str, str]:
        """Of commands that work here."""
        return {**os.environ, "GONGXU_HOME": str(self.home), "PYTHONPATH": str(ROOT)}

    def gongxu(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command here."""
        command = [sys.executable, "-m", "serving.cli", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True
        )

    def token(self, url: str, subject: str, role: Role) -> dict[str, str]:
        """Headers with a token of the service's own issuer."""
        signed = issue_token(
            self.home,
            subject,
            role=role,
            issuer=url,
            audience="gongxu",
            now=datetime.now().astimezone(),
        )
        return {"Authorization": f"Bearer {signed}"}


def prepare(
    home: Path,
    preset: str,
    *,
    residents: int | None = None,
    world: Path | None = None,
    some: int = 2_000,
) -> Backtest:
    """Simulate (or find) a folder, fill a database from it, and serve a model of it.

    Parameters
    ----------
    home
        The new ``GONGXU_HOME``.
    preset, residents
        As of ``gongxu simulate``.
    world
        A folder that is there already, instead.
    some
        How many residents are named in the answer.
    """
    tables = read(world or simulate(preset, residents, SEED))
    sizes = f"{len(tables['residents']):,} residents, {len(tables['bookings']):,} bookings"
    print(sizes, flush=True)
    now = tables["bookings"]["booked_at"].max().to_pydatetime().astimezone(UTC)
    rng = np.random.default_rng(SEED)
    store = Store.connect(embedded_url(home))
    try:
        store.migrate()
        store.merge_all(tables)
        put_model(home, "m1", as_of(tables, now), now, rng)
        switch(store.engine, "m1", now=datetime.now(UTC))
        key = add_key(
            store.engine,
            "bench",
            role=Role.SERVICE,
            scopes=["ingest", "suggestions"],
            now=datetime.now(UTC),
        ).secret
        settle(store)
    finally:
        store.close()
    events = tables["events"]
    ahead = events[events["starts_at"] > pd.Timestamp(now + timedelta(days=2))]
    chosen = tables["residents"]["resident_id"].sample(some, random_state=SEED)
    areas = tables["areas"]
    street = str(areas.loc[areas["level"] == "street", "area_code"].min())
    return Backtest(home, key, now, chosen.tolist(), ahead["event_id"].tolist(), street)


def settle(store: Store) -> None:
    """Vacuum and checkpoint now, so that PostgreSQL does not do it during the measurements."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM (ANALYZE)"))
        connection.execute(sa.text("CHECKPOINT"))


def put_model(
    home: Path, version: str, tables: Dataset, now: datetime, rng: np.random.Generator
) -> None:
    """Fit a model as of a moment and keep it as a bundle."""
    few = sample_of(tables, SAMPLE, rng)
    parts = {
        "suggestions": fit_suggestions(
            few, as_of=now, rng=rng, audience=len(tables["residents"])
        ).to_arrays(),
        "demand": fit_demand(few, as_of=now, rng=rng).to_arrays(),
    }
    manifest = Manifest(data_hash=version, created_at=now, as_of=now, seed=SEED)
    save_bundle(home / "models" / version, parts, manifest)


@contextmanager
def served(
    trial: Backtest, *, workers: int, log: Path | None = None, **settings: str
) -> Iterator[tuple[str, psutil.Process]]:
    """The service on a free port, with its clock at the end of the data: address and process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    clock = trial.now.isoformat()
    with serving(
        trial.home, port, workers, log=log, demo_clock=clock, local_issuer=url, **settings
    ) as server:
        yield url, server
