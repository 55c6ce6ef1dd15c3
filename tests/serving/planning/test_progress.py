"""How far a request is, as the database holds it; a cancelled one ends whoever notes it."""

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from data.store.store import Store
from serving.planning.progress import (
    CANCELLED,
    DONE,
    PAUSE_S,
    SOLVING,
    CancelledError,
    Progress,
    cancel_request,
    end_request,
    is_cancelled,
)
from serving.store_tables import plan_requests

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.connect(database_url)
    row = {"request_id": "ask-1", "asked_at": NOW, "asked_by": "o1", "asked": {}, "detail": ""}
    with store.engine.begin() as connection:
        connection.execute(plan_requests.insert().values(row | {"status": SOLVING}))
    yield store
    store.close()


def noted(store: Store) -> dict[str, object]:
    with store.engine.connect() as connection:
        return dict(connection.execute(sa.select(plan_requests.c.progress)).scalar_one())


def test_the_best_plan_and_its_gap_are_noted_not_more_often_than_needed(store: Store) -> None:
    now = 0.0
    progress = Progress(store.engine, "ask-1", clock=lambda: now)
    progress.begin("solving")
    assert noted(store) == {"stage": "solving"}
    progress.hear(-math.inf, math.inf)
    assert noted(store) == {"stage": "solving"}
    now = PAUSE_S
    progress.hear(-math.inf, 200.0)
    assert noted(store) == {"stage": "solving", "value": None, "gap": None}
    now = 2 * PAUSE_S
    progress.hear(150.0, 200.0)
    assert noted(store) == {"stage": "solving", "value": 150.0, "gap": 0.25}
    progress.hear(190.0, 200.0)
    assert noted(store)["value"] == 150.0
    progress.begin("writing")
    assert noted(store) == {"stage": "writing", "value": 190.0, "gap": 0.05}


def test_what_was_cancelled_stays_cancelled(store: Store) -> None:
    progress = Progress(store.engine, "ask-1", clock=itertools.count().__next__)
    assert not is_cancelled(store.engine, "ask-1")
    with store.engine.begin() as connection:
        assert cancel_request(connection, "ask-1", by="o1", now=NOW)
    assert is_cancelled(store.engine, "ask-1")
    with pytest.raises(CancelledError):
        progress.begin("solving")
    with pytest.raises(CancelledError):
        progress.hear(1.0, 2.0)
    with store.engine.begin() as connection:
        assert not end_request(connection, "ask-1", DONE, detail="", plan_id="PLAN-1")
        row = connection.execute(sa.select(plan_requests)).one()
    assert (row.status, row.plan_id, row.progress) == (CANCELLED, None, None)
