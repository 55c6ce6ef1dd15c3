"""Switching models over HTTP: what cannot be served is refused, and the served one stays."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from serving.api.service import Service
from serving.auth.roles import Role
from training.registry.bundle import load_bundle, save_bundle
from training.registry.served import read_served, switch

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def old_bundle(world, api_home: Path) -> Iterator[str]:
    """A bundle as an older release wrote it: the taste's settings were not kept then."""
    held = load_bundle(api_home / "models" / "m1")
    parts = {name: dict(arrays) for name, arrays in held.parts.items()}
    del parts["suggestions"]["latent_factors.als.settings"]
    name = f"old-{datetime.now(tz=UTC).timestamp()}"
    save_bundle(api_home / "models" / name, parts, held.manifest)
    yield name
    for file in (api_home / "models" / name).iterdir():
        file.unlink()
    (api_home / "models" / name).rmdir()


def test_a_bundle_of_an_older_format_is_refused(
    client: httpx.Client, service: Service, token, old_bundle: str
) -> None:
    operator, mine = token(Role.OPERATOR), token(Role.RESIDENT, "r1")
    before = client.get("/v1/residents/r1/suggestions", headers=mine).json()
    answer = client.post(f"/v1/models/{old_bundle}/promote", headers=operator)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert "another format" in answer.json()["detail"]
    assert "retrain" in answer.json()["detail"]
    after = client.get("/v1/residents/r1/suggestions", headers=mine).json()
    assert after["suggestions"] == before["suggestions"]
    assert read_served(service.database.engine()).version == "m1"


def test_a_roll_back_passes_over_what_cannot_be_served(
    client: httpx.Client, service: Service, token, old_bundle: str
) -> None:
    operator, engine = token(Role.OPERATOR), service.database.engine()
    now = datetime.now(tz=UTC)
    switch(engine, old_bundle, now=now)  # as if it had been served before this release
    switch(engine, "m2", now=now)
    answer = client.post("/v1/models/rollback", headers=operator)
    assert answer.status_code == 200
    assert answer.json()["version"] == "m1"
    switch(engine, old_bundle, now=now)
    # Nothing whole was served before the one that is refused now.
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE served_model SET version='m2', previous=ARRAY[%s]", (old_bundle,)
        )
    answer = client.post("/v1/models/rollback", headers=operator)
    assert answer.status_code == 409, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert read_served(engine).version == "m2"


def test_a_served_bundle_that_cannot_be_opened_leaves_the_old_lists(
    client: httpx.Client, service: Service, token, old_bundle: str
) -> None:
    """Switched past the registry, as by an older release's command."""
    mine = token(Role.RESIDENT, "r1")
    before = client.get("/v1/residents/r1/suggestions", headers=mine).json()
    switch(service.database.engine(), old_bundle, now=datetime.now(tz=UTC))
    service.change_counter.increment()
    for _ in range(3):
        answer = client.get("/v1/residents/r1/suggestions", headers=mine)
        assert answer.status_code == 200
        assert answer.json()["model_version"] == before["model_version"]
