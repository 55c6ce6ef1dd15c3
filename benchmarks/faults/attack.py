"""A district behind every door several times, each with other residents behind one cell.

The copies stand in databases of their own on one server and answer the same questions, each from
a process of its own. An answer that is not the same everywhere depends on the cell.
"""

import io
import json
import multiprocessing
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import numpy as np
import psycopg
import sqlalchemy as sa
from psycopg import sql

from benchmarks.faults.counted_work import work_counted
from benchmarks.faults.doors import Target
from benchmarks.faults.questions import PASSWORD, USER, ask_commands, ask_routes, commands_at
from benchmarks.serving.in_thread import served_here
from data.dataset import Dataset
from data.store.store import Store
from recommender.demand.model import DemandModel
from recommender.errors import GongxuError, UnknownIdError
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.roles import Role
from serving.auth.users import add_user
from serving.planning import planner
from serving.settings import Settings
from training.registry.bundle import Manifest, save_bundle
from training.registry.served import switch
from training.suggestions.fit import fit_suggestions

VERSION = "m1"


@dataclass(frozen=True)
class District:
    """What is served.

    Attributes
    ----------
    home, url
        ``GONGXU_HOME`` and the database.
    now
        The service's clock; it stands, so that pages do not differ by it.
    """

    home: Path
    url: str
    now: datetime


def put_district(district: District, dataset: Dataset, model: DemandModel) -> Mapping[str, Any]:
    """Fill an empty, migrated database and serve a model of it.

    Parameters
    ----------
    district
        Where.
    dataset, model
        The tables, and their demand.

    Returns
    -------
    Arrays of what suggests, for twins.
    """
    store = Store.connect(district.url)
    try:
        store.merge_all(dataset)
        rng = np.random.default_rng(1)
        suggestions = fit_suggestions(dataset, as_of=district.now, rng=rng).to_arrays()
        put_model(district, suggestions, model)
        switch(store.engine, VERSION, now=district.now)
        add_user(store.engine, USER, PASSWORD, role=Role.DISTRICT, now=district.now)
    finally:
        store.close()
    return suggestions


def put_model(district: District, suggestions: Mapping[str, Any], model: DemandModel) -> None:
    """Write the bundle that a district serves.

    Parameters
    ----------
    district
        Where.
    suggestions, model
        Its parts.
    """
    manifest = Manifest(data_hash="x", created_at=district.now, as_of=district.now, seed=1)
    parts = {"suggestions": suggestions, "demand": model.to_arrays()}
    save_bundle(district.home / "models" / VERSION, parts, manifest)


def twin(
    district: District, home: Path, suggestions: Mapping[str, Any], model: DemandModel
) -> District:
    """The same district with other demand: a copy of its database, and a home of its own.

    Parameters
    ----------
    district
        Nobody may be connected to its database.
    home
        The twin's.
    suggestions, model
        What the twin serves.

    Returns
    -------
    The twin.
    """
    address = sa.make_url(district.url)
    name = f"twin_{re.sub('[^a-z0-9]', '_', home.name)}"
    copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
        sql.Identifier(name), sql.Identifier(str(address.database))
    )
    maintenance = address.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(copied)
    url = address.set(database=name).render_as_string(hide_password=False)
    made = District(home, url, district.now)
    put_model(made, suggestions, model)
    return made


def drop_twin(district: District) -> None:
    """Remove a twin's database."""
    address = sa.make_url(district.url)
    maintenance = address.set(database="postgres").render_as_string(hide_password=False)
    dropped = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(address.database)))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(dropped)


@contextmanager
def open_service(district: District) -> Iterator[tuple[httpx.Client, Service]]:
    """The service of a district over HTTP, and a browser at it.

    Parameters
    ----------
    district
        With a model.

    Yields
    ------
    Both.
    """
    settings = Settings(home=district.home, database_url=district.url)
    service = Service(settings, ServiceSettings(rate_per_minute=0), now=lambda: district.now)
    with (
        served_here(create_app(service=service)) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        yield client, service


def ask_everything(
    district: District, target: Target, *, routes: Sequence[str] | None = None
) -> dict[str, str]:
    """Every question at every door, answered by solvers that stop by work and not by time.

    Parameters
    ----------
    district, target
        Who is asked, and about what.
    routes
        Only these routes and no command; all when left out.

    Returns
    -------
    Answers by question.
    """
    settings = {"GONGXU_HOME": str(district.home), "GONGXU_DATABASE_URL": district.url}
    with work_counted():
        with planner_here(), open_service(district) as (client, _):
            found = dict(ask_routes(client, target, names=routes))
        if routes is not None:
            return found
        with tempfile.TemporaryDirectory(prefix="gongxu-asked-") as folder, commands_at(settings):
            return found | dict(ask_commands(target, Path(folder)))


def ask_twins(
    districts: Sequence[District],
    target: Target,
    *,
    routes: Sequence[str] | None = None,
) -> list[dict[str, str]]:
    """The answers of several districts, two at a time, each from a fresh process.

    Parameters
    ----------
    districts, target, routes
        See :func:`ask_everything`.

    Returns
    -------
    Answers by question, one entry a district.
    """
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawned, max_tasks_per_child=1) as pool:
        asked = [pool.submit(ask_everything, each, target, routes=routes) for each in districts]
        return [each.result() for each in asked]


class _Answered:
    """The planner's process, as ``serving.planning.planner`` sees it, without a process."""

    returncode = 0

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.stdin = mock.Mock(wraps=io.BytesIO())
        self.stdin.__enter__ = lambda stdin: stdin
        self.stdin.__exit__ = lambda *_: None

    def wait(self, timeout: float | None = None) -> int:
        del timeout
        (sent,) = self.stdin.write.call_args.args
        self.communicate(sent)
        return 0

    def communicate(self, sent: bytes, timeout: float = 0.0) -> tuple[bytes, None]:
        del timeout
        question = json.loads(sent)
        try:
            answer = planner.work(question, self._settings, now=datetime.now().astimezone())
        except UnknownIdError as error:
            answer = {"unknown": error.message}
        except GongxuError as error:
            answer = {"refused": str(error)}
        return json.dumps(answer, default=float).encode(), None


@contextmanager
def planner_here() -> Iterator[None]:
    """Questions to the planner are worked at in this process, without starting another."""

    def start(_said: int, settings: Settings) -> "subprocess.Popen[bytes]":
        return _Answered(settings)  # type: ignore[return-value]

    with mock.patch.object(planner, "_process", start):
        yield
