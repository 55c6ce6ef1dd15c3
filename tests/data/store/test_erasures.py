"""Digests of erased residents: keyed, recognised, moved from releases without a key."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.store.erasures import JOURNAL_FILE, KEY_FILE, Erasures
from data.store.store import Store
from recommender.errors import GongxuError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    store = Store.connect(database_url)
    yield store
    store.close()


def test_a_digest_tells_nothing_without_the_key(tmp_path: Path) -> None:
    here, there = Erasures(tmp_path / "here"), Erasures(tmp_path / "there")
    assert here.digest("r1") == Erasures(tmp_path / "here").digest("r1") != here.digest("r2")
    assert here.digest("r1") != there.digest("r1")
    assert here.digest("r1") != hashlib.sha256(b"r1").hexdigest()
    key = tmp_path / "here" / KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) == 64
    assert [path.name for path in key.parent.iterdir()] == [KEY_FILE]


def test_what_is_stored_is_read_again(store: Store, tmp_path: Path) -> None:
    erasures = Erasures(tmp_path)
    with store.engine.begin() as connection:
        assert erasures.read(connection) == frozenset()
        erasures.store(connection, [erasures.digest("r1")], now=NOW)
        erasures.store(connection, [erasures.digest("r1")], now=NOW)
        assert erasures.read(connection) == {erasures.digest("r1")} == erasures.journal()
    assert (tmp_path / JOURNAL_FILE).stat().st_mode & 0o777 == 0o600
    assert "r1" not in (tmp_path / JOURNAL_FILE).read_text().split()


def test_another_key_is_refused_and_none_is_made(store: Store, tmp_path: Path) -> None:
    erasures = Erasures(tmp_path / "here")
    with store.engine.begin() as connection:
        erasures.store(connection, [erasures.digest("r1")], now=NOW)
    with store.engine.connect() as connection:
        with pytest.raises(GongxuError, match=KEY_FILE):
            Erasures(tmp_path / "there").read(connection)
        assert not (tmp_path / "there").exists()
        (tmp_path / "there").mkdir()
        (tmp_path / "there" / KEY_FILE).write_text("ab" * 32)
        with pytest.raises(GongxuError, match=KEY_FILE):
            Erasures(tmp_path / "there").read(connection)


def test_digests_of_releases_without_a_key_are_keyed(store: Store, tmp_path: Path) -> None:
    erasures, plain = Erasures(tmp_path), hashlib.sha256(b"r1").hexdigest()
    with store.engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO erasures (digest, at) VALUES (:digest, now())"), {"digest": plain}
        )
        assert erasures.read(connection) == {erasures.digest("r1")}
        erasures.rekey(connection)
        held = connection.execute(sa.text("SELECT digest, key_id FROM erasures")).all()
        assert held == [(erasures.digest("r1"), erasures.key_id)]
        assert erasures.read(connection) == {erasures.digest("r1")}
