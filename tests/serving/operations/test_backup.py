"""A backup restores elsewhere, serves there, and brings no erased resident back."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa

from data.dataset import Dataset, canonical
from data.schema import TABLES
from data.store.erasures import Erasures
from data.store.store import Store
from recommender.errors import GongxuError
from serving.composition import served_model
from serving.operations.backup import restore_backup, write_backup
from serving.outcomes.erasure import erase_resident
from serving.settings import Settings
from training.registry.bundle import Manifest, save_bundle
from training.registry.served import switch

NOW = datetime(2026, 10, 1, tzinfo=UTC)
MOMENT = pd.Timestamp("2026-09-01", tz="UTC")


@pytest.fixture
def installation(database_url, tmp_path):
    """A home with a served bundle, and its database with two residents."""
    store = Store.connect(database_url)
    areas = pd.DataFrame({"area_code": ["310105001"], "name": ["a"], "level": ["street"]})
    residents = pd.DataFrame(
        {"resident_id": ["r1", "r2"], "area_code": "310105001", "joined_at": MOMENT}
    )
    store.merge_all(
        Dataset(
            {
                "areas": canonical(areas, TABLES["areas"]),
                "residents": canonical(residents, TABLES["residents"]),
            }
        )
    )
    home = tmp_path / "home"
    manifest = Manifest(
        data_hash="", as_of=NOW, created_at=NOW, seed=0, config={}, metrics={}, versions={}
    )
    save_bundle(home / "models" / "v1", {"suggestions": {"x": np.arange(5)}}, manifest)
    switch(store.engine, "v1", now=NOW)
    yield store, home
    store.close()


@pytest.fixture
def elsewhere(database_url):
    """Another, empty database of the same server."""
    name = "elsewhere_" + database_url.partition("/test_")[2].partition("?")[0]
    maintenance = database_url.replace("/test_" + name.removeprefix("elsewhere_"), "/postgres")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    store = Store.connect(maintenance.replace("/postgres?", f"/{name}?"))
    yield store
    store.close()
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def residents(store):
    with store.engine.connect() as connection:
        query = sa.text("SELECT resident_id FROM residents ORDER BY 1")
        return list(connection.execute(query).scalars())


def backed_up(installation, tmp_path):
    store, home = installation
    path = tmp_path / "b.tar"
    contents = write_backup(store, home, path, settings={"models_kept": 10}, now=NOW)
    assert contents["settings"] == {"models_kept": 10}
    assert path.stat().st_mode & 0o777 == 0o600
    return path


def test_a_backup_restores_elsewhere_and_serves(installation, elsewhere, tmp_path):
    path = backed_up(installation, tmp_path)
    away = tmp_path / "away"
    done = restore_backup(elsewhere, away, path, now=NOW)
    assert done["erased_again"] == 0
    assert residents(elsewhere) == ["r1", "r2"]
    model = served_model(Settings(home=away), elsewhere)
    assert (model.version, list(model.bundle.parts["suggestions"]["x"])) == ("v1", [0, 1, 2, 3, 4])


def test_an_erasure_made_after_the_backup_holds_after_the_restore(installation, tmp_path):
    store, home = installation
    path = backed_up(installation, tmp_path)
    with store.engine.begin() as connection:
        erase_resident(connection, "r1", erasures=Erasures(home), now=NOW)
    with pytest.raises(GongxuError, match="not empty"):
        restore_backup(store, home, path, now=NOW)
    assert restore_backup(store, home, path, replace=True, now=NOW)["erased_again"] == 1
    assert residents(store) == ["r2"]


def test_a_damaged_backup_changes_nothing(installation, elsewhere, tmp_path):
    path = backed_up(installation, tmp_path)
    content = bytearray(path.read_bytes())
    place = content.index(b"PGDMP") + 400
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(GongxuError, match="is damaged or no backup"):
        restore_backup(elsewhere, tmp_path / "away", path, now=NOW)
    path.write_bytes(bytes(content)[:700])
    with pytest.raises(GongxuError, match="is damaged or no backup"):
        restore_backup(elsewhere, tmp_path / "away", path, now=NOW)
    with pytest.raises(GongxuError, match="there is no file"):
        restore_backup(elsewhere, tmp_path / "away", tmp_path / "none", now=NOW)
    assert not elsewhere.is_initialised()
    assert not (tmp_path / "away" / "models").exists()
