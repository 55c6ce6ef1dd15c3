import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from data.store.store import Store
from recommender.errors import GongxuError, LockHeldError, NotTrainedError
from training.lock import LockLostError, hold_lock
from training.registry.served import read_served, switch, switch_back

NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    store = Store.connect(database_url)
    yield store
    store.close()


def always(_version):
    return True


def test_nothing_is_served_at_first(store):
    assert read_served(store.engine) is None
    with pytest.raises(NotTrainedError):
        switch_back(store.engine, usable=always, now=NOW)


def test_a_switch_remembers_what_was_before(store):
    switch(store.engine, "v1", now=NOW)
    later = NOW + timedelta(days=1)
    switch(store.engine, "v2", now=later, reason="better")
    served = read_served(store.engine)
    assert (served.version, served.path, served.since) == ("v2", "models/v2", later)
    assert served.previous == ("v1",)


def test_serving_the_served_version_again_changes_nothing(store):
    switch(store.engine, "v1", now=NOW)
    switch(store.engine, "v1", now=NOW + timedelta(days=1))
    assert read_served(store.engine).since == NOW
    assert read_served(store.engine).previous == ()


def test_rolling_back_goes_ever_further_back_and_stops(store):
    for version in ("v1", "v2", "v3"):
        switch(store.engine, version, now=NOW)
    assert switch_back(store.engine, usable=always, now=NOW).version == "v2"
    assert switch_back(store.engine, usable=always, now=NOW).version == "v1"
    with pytest.raises(GongxuError, match="no earlier model"):
        switch_back(store.engine, usable=always, now=NOW)
    assert read_served(store.engine).version == "v1"


def test_rolling_back_passes_over_what_is_gone(store):
    for version in ("v1", "v2", "v3"):
        switch(store.engine, version, now=NOW)
    back = switch_back(store.engine, usable=lambda version: version != "v2", now=NOW)
    assert back.version == "v1"


def test_every_switch_is_logged(store):
    switch(store.engine, "v1", now=NOW, reason="first")
    switch(store.engine, "v2", now=NOW, reason="better")
    switch_back(store.engine, usable=always, now=NOW, reason="complaints")
    with store.engine.connect() as connection:
        log = connection.execute(
            sa.text("SELECT action, version, reason FROM served_model_log ORDER BY entry")
        ).all()
    assert [tuple(row) for row in log] == [
        ("promote", "v1", "first"),
        ("promote", "v2", "better"),
        ("rollback", "v1", "complaints"),
    ]


def test_concurrent_first_switches_leave_one_row_and_lose_none(store):
    barrier = threading.Barrier(4)
    failures = []

    def go(version):
        barrier.wait()
        try:
            switch(store.engine, version, now=NOW)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=go, args=(f"v{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    served = read_served(store.engine)
    assert {served.version, *served.previous} == {"v0", "v1", "v2", "v3"}


def test_one_run_at_a_time(store, database_url):
    other = Store.connect(database_url)
    with hold_lock(store.engine) as lock:
        lock.verify()
        with (
            pytest.raises(LockHeldError, match="another run holds the lock"),
            hold_lock(other.engine),
        ):
            pass
    with hold_lock(other.engine):
        pass
    other.close()


def test_another_database_of_the_server_has_its_own_lock(store, template_url):
    other = Store.connect(template_url)
    with hold_lock(store.engine), hold_lock(other.engine) as lock:
        lock.verify()
    other.close()


def test_a_lost_connection_is_noticed_before_anything_is_switched(store):
    with hold_lock(store.engine) as lock:
        pid = lock.connection.scalar(sa.text("SELECT pg_backend_pid()"))
        with store.engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(LockLostError):
            lock.verify()
