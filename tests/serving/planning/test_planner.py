"""A planner that is killed leaves its request failed, with a reason; never unanswered for ever."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.store.store import Store
from serving.planning import planner
from serving.planning.planner import begin
from serving.planning.progress import CANCELLED, FAILED, SOLVING, cancel_request
from serving.settings import Settings
from serving.store_tables import plan_requests

KILLED = "import os, signal, sys; sys.stdin.read(); os.kill(os.getpid(), signal.SIGKILL)"
SLOW = "import sys, time; sys.stdin.read(); time.sleep(600)"
BROKEN = "import sys; sys.stdin.read(); sys.exit(1)"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.connect(database_url)
    with store.engine.begin() as connection:
        connection.execute(
            plan_requests.insert().values(
                request_id="ask-1",
                asked_at=datetime(2026, 1, 1, tzinfo=UTC),
                asked_by="o1",
                asked={},
                status=SOLVING,
                detail="",
            )
        )
    yield store
    store.close()


@pytest.mark.parametrize(
    ("program", "tries", "reason"),
    [(KILLED, 2, "was ended by signal 9, twice"), (BROKEN, 1, "failed; see the log")],
)
def test_a_planner_that_ends_badly(
    store: Store, database_url: str, tmp_path: Path, monkeypatch, program, tries, reason
) -> None:
    started: list[int] = []

    def process(said: int, settings: Settings) -> "subprocess.Popen[bytes]":
        started.append(said)
        command = [sys.executable, "-c", program]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said)

    monkeypatch.setattr(planner, "_process", process)
    ended = threading.Event()
    settings = Settings(home=tmp_path, database_url=database_url)
    begin({"kind": "plan", "request_id": "ask-1"}, settings, ended.set)
    assert ended.wait(60)
    with store.engine.connect() as connection:
        row = connection.execute(sa.select(plan_requests)).one()
    assert row.status == FAILED
    assert row.detail == f"the planner {reason}. Ask again."
    assert len(started) == tries


def test_a_planner_whose_request_is_cancelled_is_ended(
    store: Store, database_url: str, tmp_path: Path, monkeypatch
) -> None:
    processes: list[subprocess.Popen[bytes]] = []

    def process(said: int, settings: Settings) -> "subprocess.Popen[bytes]":
        processes.append(subprocess.Popen([sys.executable, "-c", SLOW], stdin=subprocess.PIPE))
        return processes[-1]

    monkeypatch.setattr(planner, "_process", process)
    ended = threading.Event()
    settings = Settings(home=tmp_path, database_url=database_url)
    begin({"kind": "plan", "request_id": "ask-1"}, settings, ended.set)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with store.engine.begin() as connection:
        assert cancel_request(connection, "ask-1", by="o1", now=moment)
        assert not cancel_request(connection, "ask-1", by="o2", now=moment)
    assert ended.wait(10)
    assert [each.returncode for each in processes] == [-9]
    with store.engine.connect() as connection:
        row = connection.execute(sa.select(plan_requests)).one()
    assert (row.status, row.detail, row.plan_id) == (CANCELLED, "o1", None)
