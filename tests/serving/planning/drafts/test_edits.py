"""Edits are appended one version each; a second officer is told and loses nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from data.store.store import Store
from serving.planning.drafts.edits import DraftChangedError, append_edit, read_edits

NOW = datetime(2026, 12, 2, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.connect(database_url)
    yield store
    store.close()


def append(store: Store, officer: str, seen: int, line: str = "L-1", kind: str = "lock") -> int:
    with store.engine.begin() as connection:
        return append_edit(
            connection, "PLAN-1", line, kind, {}, seen=seen, officer=officer, now=NOW
        )


def test_versions_follow_each_other_and_name_added_lines(store: Store) -> None:
    assert append(store, "o1", 0) == 1
    assert append(store, "o1", 1, line="", kind="add") == 2
    with store.engine.connect() as connection:
        edits = read_edits(connection, "PLAN-1")
        assert read_edits(connection, "PLAN-2") == []
    told = [(each.version, each.officer, each.line_id, each.kind) for each in edits]
    assert told == [(1, "o1", "L-1", "lock"), (2, "o1", "PLAN-1-added-2", "add")]


def test_a_second_officer_is_told_what_changed_and_nothing_is_written(store: Store) -> None:
    append(store, "o1", 0)
    append(store, "o1", 0, kind="remove")  # an own change in another window is no surprise
    with pytest.raises(DraftChangedError) as error:
        append(store, "o2", 0)
    assert [(each.officer, each.kind) for each in error.value.edits] == [
        ("o1", "lock"), ("o1", "remove"),
    ]  # fmt: skip
    assert append(store, "o2", 2) == 3


def test_officers_at_the_same_moment_get_versions_of_their_own(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: append(store, "o1", 0), range(8)))
    assert sorted(versions) == list(range(1, 9))
