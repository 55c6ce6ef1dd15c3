import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from data.store.store import Store
from recommender.errors import GateRefusedError, GongxuError, UnknownIdError
from training.registry.bundle import BundleError, Manifest, save_bundle
from training.registry.registry import Registry

NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)
MANIFEST = Manifest(
    data_hash="cd" * 32,
    as_of=NOW,
    created_at=NOW,
    seed=1,
    metrics={"gate": {"passed": True, "ndcg@10": {"new": 0.4}}},
)


@pytest.fixture
def store(database_url):
    store = Store.connect(database_url)
    yield store
    store.close()


@pytest.fixture
def registry(store, tmp_path):
    return Registry(store.engine, tmp_path)


def add(registry, version, *, days=0, passed=True):
    manifest = replace(
        MANIFEST,
        created_at=NOW + timedelta(days=days),
        metrics={"gate": {"passed": passed, "ndcg@10": {"new": 0.4 + days / 100}}},
    )
    save_bundle(registry.folder / version, {"toy": {"x": np.arange(3.0) + days}}, manifest)


def roles(registry):
    return {entry.version: entry.roles for entry in registry.entries()}


def test_an_empty_registry(registry):
    assert registry.entries() == []
    assert registry.served() is None
    with pytest.raises(UnknownIdError, match="no model 'v1'"):
        registry.promote("v1", now=NOW)


def test_roles_follow_promotion_and_roll_back(registry):
    add(registry, "v1")
    registry.promote("v1", now=NOW)
    add(registry, "v2", days=1)
    assert roles(registry) == {"v2": ("challenger",), "v1": ("served",)}
    registry.promote("v2", now=NOW)
    assert roles(registry) == {"v2": ("served",), "v1": ("previous",)}
    registry.roll_back(now=NOW)
    assert registry.served().version == "v1"
    assert registry.load("v1").parts["toy"]["x"].tolist() == [0, 1, 2]


def test_what_the_gate_refused_needs_force(registry):
    add(registry, "v1", passed=False)
    with pytest.raises(GateRefusedError, match="--force"):
        registry.promote("v1", now=NOW)
    assert registry.served() is None
    assert registry.promote("v1", now=NOW, force=True).version == "v1"


def test_a_damaged_version_is_never_promoted_nor_rolled_back_to(registry):
    for days, version in enumerate(("v1", "v2", "v3")):
        add(registry, version, days=days)
        registry.promote(version, now=NOW)
    (registry.folder / "v2" / "toy.npz").write_bytes(b"garbage")
    with pytest.raises(BundleError, match="damaged"):
        registry.promote("v2", now=NOW)
    assert registry.roll_back(now=NOW).version == "v1"


def test_removing_old_models_keeps_the_newest_and_whatever_has_a_role(registry):
    for days in range(6):
        add(registry, f"v{days}", days=days)
    registry.promote("v0", now=NOW)
    registry.promote("v1", now=NOW)
    (registry.folder / ".tmp-left").mkdir()
    assert registry.remove_old(keep=2) == ["v3", "v2"]
    assert sorted(path.name for path in registry.folder.iterdir()) == ["v0", "v1", "v4", "v5"]


def aliases(store):
    """What MLflow's own tables say."""
    with store.engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT a.alias, t.value FROM mlflow.registered_model_aliases a"
                " JOIN mlflow.model_version_tags t ON t.name = a.name AND t.version = a.version"
                " WHERE t.key = 'version'"
            )
        ).all()
    return {row.alias: row.value for row in rows}


def test_mlflow_logs_versions_metrics_and_aliases(registry, store, capfd):
    add(registry, "v1")
    registry.promote("v1", now=NOW)
    add(registry, "v2", days=1)
    registry.log_to_mlflow()
    assert aliases(store) == {"champion": "v1", "challenger": "v2"}
    registry.promote("v2", now=NOW)
    registry.log_to_mlflow()
    registry.log_to_mlflow()
    assert aliases(store) == {"champion": "v2"}
    with store.engine.connect() as connection:
        versions = connection.scalar(sa.text("SELECT count(*) FROM mlflow.model_versions"))
        metrics = connection.execute(
            sa.text("SELECT key, value FROM mlflow.metrics ORDER BY value")
        ).all()
    assert versions == 2
    assert [tuple(row) for row in metrics] == [
        ("gate/ndcg_at_10/new", 0.4),
        ("gate/ndcg_at_10/new", pytest.approx(0.41)),
    ]
    assert capfd.readouterr() == ("", "")


def test_a_log_that_cannot_be_kept_says_where_to_look(registry, store):
    add(registry, "v1")
    registry.log_to_mlflow()
    with store.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE mlflow.model_versions CASCADE"))
    with pytest.raises(GongxuError, match=r"^MLflow cannot log .* schema 'mlflow'.*$"):
        registry.log_to_mlflow()


def test_reading_what_is_served_imports_no_mlflow(registry, database_url):
    add(registry, "v1")
    registry.promote("v1", now=NOW)
    code = (
        "import sys\n"
        "from serving.composition import open_store, served_model\n"
        "from serving.settings import Settings\n"
        "model = served_model(Settings())\n"
        "print(model.version, 'mlflow' in sys.modules)\n"
    )
    environment = {
        **os.environ,
        "GONGXU_HOME": str(registry.home),
        "GONGXU_DATABASE_URL": database_url,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.stdout == "v1 False\n", done.stderr
