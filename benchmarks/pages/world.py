"""A simulated district with users, ready residents and a running service."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson

from benchmarks.serving.drill import free_port, serving
from benchmarks.serving.world import SEED, put_model, settle
from benchmarks.suggestions.speed import read, simulate
from data.snapshot import as_of
from data.store.embedded import embedded_url, release
from data.store.store import Store
from serving.cli.operators.demo_users import DemoUser, make_users, ready_residents
from training.registry.served import switch


@dataclass(frozen=True, slots=True)
class Site:
    """A running service.

    Attributes
    ----------
    url
        Its address.
    home
        Its ``GONGXU_HOME``.
    users
        Console users by role.
    residents
        Whom anybody may sign in as.
    now
        Where its clock started.
    """

    url: str
    home: Path
    users: dict[str, DemoUser]
    residents: Sequence[str]
    now: datetime


@contextmanager
def site(home: Path, preset: str, residents: int | None, *, workers: int = 1) -> Iterator[Site]:
    """Simulate a district, fill a database, fit a model, and serve it until the block ends.

    Parameters
    ----------
    home
        The new ``GONGXU_HOME``.
    preset, residents
        As of ``gongxu simulate``.
    workers
        Processes that answer.

    Yields
    ------
    The site.
    """
    tables = read(simulate(preset, residents, SEED), leave_out=("impressions",))
    now = tables["bookings"]["booked_at"].max().to_pydatetime().astimezone(UTC)
    store = Store.connect(embedded_url(home))
    try:
        store.migrate()
        store.merge_all(tables)
        put_model(home, "m1", as_of(tables, now), now, np.random.default_rng(SEED))
        switch(store.engine, "m1", now=now)
        users = {user.role: user for user in make_users(store.engine, now=datetime.now(UTC))}
        ready = ready_residents(store.engine)
        settle(store)
    finally:
        store.close()
    port = free_port()
    settings = {
        "demo_clock": now.isoformat(),
        "demo_residents": orjson.dumps(ready).decode(),
    }
    try:
        with serving(home, port, workers, **settings):
            yield Site(f"http://127.0.0.1:{port}", home, users, ready, now)
    finally:
        release(home)
