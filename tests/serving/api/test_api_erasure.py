"""Nothing of an erased resident is in the next bundle, nor in the arrays that workers share."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from benchmarks.serving.erasure import in_dump, in_files
from data.store.embedded import embedded_url
from data.store.store import Store
from serving.api.online.snapshot_folder import SnapshotFolder
from serving.auth.roles import Role
from serving.settings import Settings
from serving.suggestions.serving_snapshot import build, load_model
from training.demand.fit import fit_demand
from training.registry.bundle import Manifest, save_bundle
from training.suggestions.fit import fit_suggestions

pytestmark = [pytest.mark.usefixtures("world"), pytest.mark.slow]


def test_the_next_bundle_knows_nothing_of_them(client, token, api_home: Path, tmp_path) -> None:
    name = "erase-me-8842"
    own, now = token(Role.RESIDENT, name), datetime.now(tz=UTC)
    store = Store.connect(embedded_url(api_home))
    try:
        with store.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO residents SELECT :name, r.area_code, r.age_band, r.sex,"
                    " r.joined_at, r.personalised, r.guardian_consent FROM residents r"
                    " WHERE r.resident_id = 'r1'"
                ),
                {"name": name},
            )
            connection.execute(
                sa.text("UPDATE bookings SET resident_id = :name WHERE resident_id = 'r1'"),
                {"name": name},
            )
    finally:
        store.close()
    assert client.get(f"/v1/residents/{name}/export", headers=own).json()["bookings"]
    assert client.delete(f"/v1/residents/{name}", headers=own).status_code == 204
    settings = Settings(home=api_home)
    store = Store.connect(embedded_url(api_home))
    try:
        tables = store.load()
        rng = np.random.default_rng(2)
        parts = {
            "suggestions": fit_suggestions(tables, as_of=now, rng=rng).to_arrays(),
            "demand": fit_demand(tables, as_of=now, rng=rng).to_arrays(),
        }
        manifest = Manifest(data_hash="y", created_at=now, as_of=now, seed=2)
        save_bundle(tmp_path / "next", parts, manifest)
        loaded = load_model(settings, store)
        SnapshotFolder(tmp_path).write(build(store, loaded, api_home, at=now), loaded)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".npz", ".json", ".npy", ".arrow"}
        # The search finds who is there, and nobody who is not.
        assert in_dump(embedded_url(api_home), ["r16"])
        assert in_files(files, ["r16"])
        assert in_dump(embedded_url(api_home), [name]) == []
        assert in_files(files, [name]) == []
    finally:
        store.close()
