"""Runs on record: good, refused, failed, killed."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from data.store.store import Store
from recommender.errors import GateRefusedError, GongxuError
from training.registry import runs
from training.registry.runs import failed_in_a_row, read_runs, record_run, retrain_runs

NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)


@pytest.fixture
def engine(database_url):
    store = Store.connect(database_url)
    yield store.engine
    store.close()


def night(engine, day, status="promoted"):
    with record_run(engine, now=NOW + timedelta(days=day)) as record:
        record.fill(status, f"v{day}", NOW, "")


def read(engine):
    with engine.connect() as connection:
        return read_runs(connection)


def test_a_good_night_is_on_record(engine):
    night(engine, 1)
    (run,) = read(engine)
    assert (run.started_at, run.status, run.version) == (NOW + timedelta(days=1), "promoted", "v1")
    assert run.as_of == NOW
    assert run.seconds is not None
    assert run.is_good


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (GateRefusedError("half of the bookings are gone.", "Look."), "refused"),
        (GongxuError("the disk is full.", "Make room."), "failed"),
        (KeyboardInterrupt(), "failed"),
    ],
)
def test_a_bad_one_with_its_reason_and_the_error_goes_on(engine, error, status):
    with pytest.raises(type(error)), record_run(engine, now=NOW):
        raise error
    (run,) = read(engine)
    assert run.status == status
    assert run.reason == (str(error) or "KeyboardInterrupt")
    assert not run.is_good


def test_a_killed_one_is_noticed_by_the_next(engine):
    with engine.begin() as connection:
        connection.execute(
            retrain_runs.insert().values(started_at=NOW, status="running", version="", reason="")
        )
    night(engine, 1)
    newest, killed = read(engine)
    assert (newest.status, killed.status, killed.seconds) == ("promoted", "killed", None)


def test_bad_nights_are_counted_from_the_last_good_one(engine):
    for day, status in enumerate(["refused", "promoted", "failed", "refused"]):
        night(engine, day, status)
    assert failed_in_a_row(read(engine)) == 2
    with record_run(engine, now=NOW) as record:
        assert failed_in_a_row(read(engine)) == 2  # the one under way is not counted
        record.status = "unchanged"
    assert failed_in_a_row(read(engine)) == 0
    assert failed_in_a_row([]) == 0


def test_an_end_that_cannot_be_written_hides_nothing(engine):
    def break_down():
        with record_run(engine, now=NOW):
            with engine.begin() as connection:
                connection.execute(sa.text("ALTER TABLE retrain_runs RENAME TO elsewhere"))
            raise GongxuError("the disk is full.", "Make room.")

    with pytest.raises(GongxuError, match="the disk is full"):
        break_down()


def test_old_runs_go(engine, monkeypatch):
    monkeypatch.setattr(runs, "KEPT", 3)
    for day in range(5):
        night(engine, day)
    assert [run.version for run in read(engine)] == ["v4", "v3", "v2"]
