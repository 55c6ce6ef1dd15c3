"""The batch job as a whole, on a small simulated district and a real PostgreSQL."""

import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from data.store.audit import read_audit
from recommender.demand.model import DemandModel
from recommender.errors import GateRefusedError
from recommender.ranking.model.suggestion_model import SuggestionModel
from training.evaluation.gate import GateRules
from training.registry.bundle import BundleError, load_bundle
from training.registry.registry import Registry
from training.retrain import Request, retrain

LENIENT = GateRules(tolerance=1.0)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def registry(filled_home):
    return Registry(filled_home.store.engine, filled_home.path)


def run(home, registry, minute=0, **options):
    request = Request(**({"rules": LENIENT} | options))
    return retrain(home.store, registry, request, now=NOW + timedelta(minutes=minute))


def execute(home, statement):
    with home.store.engine.begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.slow
def test_what_runs_leave_behind(filled_home, registry):
    first = run(filled_home, registry)
    assert (first.status, first.is_first) == ("promoted", True)
    assert registry.served().version == first.version
    bundle = registry.load(first.version)
    assert bundle.parts.keys() == {"suggestions", "suggestions_tried", "demand"}
    assert SuggestionModel.from_arrays(bundle.parts["suggestions"]).products
    assert DemandModel.from_arrays(bundle.parts["demand"]).products

    # Nothing changed: nothing to do; done all the same, it comes out the same.
    assert run(filled_home, registry, if_needed=True, minute=1).status == "unchanged"
    again = run(filled_home, registry, minute=2)
    assert registry.entry(again.version).manifest.files == bundle.manifest.files
    assert registry.served().version == again.version

    # An earlier moment is not held against what was known later.
    as_of = first.as_of - timedelta(days=120)
    earlier = run(filled_home, registry, minute=3, as_of=as_of)
    assert earlier.as_of == as_of
    names = {check.name for check in earlier.verdict.checks}
    assert not names & {"bookings did not shrink", "not worse than the served model"}
    registry.promote(again.version, now=NOW)

    # Degraded data is refused, and the old model goes on serving.
    execute(filled_home, "DELETE FROM bookings WHERE hashtext(booking_id) % 2 = 0")
    execute(filled_home, "UPDATE residents SET area_code = NULL")
    bad = run(filled_home, registry, minute=4)
    assert bad.status == "refused"
    assert "bookings: " in bad.verdict.reason
    assert "residents.area_code (100% to 0%)" in bad.verdict.reason
    assert registry.served().version == again.version
    assert registry.entry(bad.version).roles == ("challenger",)
    with pytest.raises(GateRefusedError, match=f"since the gate refused {bad.version}"):
        run(filled_home, registry, if_needed=True, minute=5)
    # Accepted, it serves, and the audit trail says who, why, and what the gate had found.
    why = {"accept": "half the residents moved out", "actor": "account li"}
    taken = run(filled_home, registry, if_needed=True, minute=6, **why)
    assert (taken.status, taken.version) == ("accepted", bad.version)
    with filled_home.store.engine.connect() as connection:
        (entry,) = read_audit(connection, subject=bad.version)
    assert (entry.actor, entry.action) == ("account li", "gate overruled")
    assert "half the residents moved out" in entry.payload
    assert "residents.area_code (100% to 0%)" in entry.payload
    assert run(filled_home, registry, if_needed=True, minute=7).status == "unchanged"
    registry.promote(again.version, now=NOW)
    execute(filled_home, "DELETE FROM bookings")
    with pytest.raises(GateRefusedError, match="no rows in bookings"):
        run(filled_home, registry, minute=8)
    assert registry.served().version == again.version


def test_a_home_that_cannot_be_written_says_so(filled_home, registry):
    filled_home.path.mkdir(parents=True)
    registry.folder.write_text("a file where the folder should be")
    with pytest.raises(BundleError, match="make the folder writable"):
        run(filled_home, registry)
    assert registry.served() is None


KILLED = textwrap.dedent("""
    import sys
    from datetime import datetime
    from serving.composition import open_registry, open_store
    from serving.settings import Settings
    from training.evaluation.gate import GateRules
    from training.retrain import Request, retrain

    def progress(text):
        if text == sys.argv[1]:
            print("there", flush=True)
            sys.stdin.read()

    settings = Settings()
    store = open_store(settings)
    request = Request(seed=int(sys.argv[2]), rules=GateRules(tolerance=1.0))
    registry = open_registry(settings, store)
    now = datetime.fromisoformat(sys.argv[3])
    retrain(store, registry, request, now=now, progress=progress)
""")


def kill_at(home, step, seed):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, step, str(seed), str(NOW + timedelta(hours=seed))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=home.environment,
    )
    try:
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_step_the_old_model_or_the_new_one_serves_and_the_next_run_works(
    filled_home, registry
):
    served = run(filled_home, registry).version
    for seed, step in enumerate(["saving", "switching"], 1):
        kill_at(filled_home, step, seed)
        assert registry.served().version == served, step
        load_bundle(registry.served().folder(filled_home.path))
    kill_at(filled_home, "removing old models", 5)
    assert registry.served().version != served
    load_bundle(registry.served().folder(filled_home.path))
    last = run(filled_home, registry, minute=600, seed=6)
    assert registry.served().version == last.version
    with filled_home.store.engine.connect() as connection:
        aliases = connection.execute(
            sa.text(
                "SELECT a.alias, t.value FROM mlflow.registered_model_aliases a"
                " JOIN mlflow.model_version_tags t ON t.name = a.name AND t.version = a.version"
                " WHERE t.key = 'version'"
            )
        ).all()
        recorded = connection.scalar(sa.text("SELECT count(*) FROM mlflow.model_versions"))
    assert ("champion", last.version) in [tuple(row) for row in aliases]
    # Killed before saving leaves nothing; whatever was saved is logged in the end: the first, the
    # one that was never switched on, the one that was, and the last.
    assert recorded == len(registry.entries()) == 4
    assert not list(registry.folder.glob(".tmp-*"))


@pytest.mark.slow
def test_mlflow_fails_and_switching_is_interrupted(filled_home, registry, monkeypatch):
    # A log that fails decides nothing: the model serves, and the outcome says what is missing.
    def broken(*_, **__):
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.MlflowClient", broken)
        first = run(filled_home, registry)
    assert (first.status, registry.served().version) == ("promoted", first.version)
    assert "no space left" in first.mlflow_error

    # Killed between saving and switching: the next run does not call that "unchanged".
    kill_at(filled_home, "switching", 1)
    assert registry.served().version == first.version
    completed = run(filled_home, registry, minute=120, seed=1, if_needed=True)
    assert (completed.status, completed.verdict) == ("promoted", None)
    assert registry.served().version == completed.version != first.version
    assert completed.mlflow_error == ""

    # What an operator rolled back stays rolled back.
    registry.roll_back(now=NOW)
    assert run(filled_home, registry, seed=1, if_needed=True).status == "unchanged"
    assert registry.served().version == first.version
