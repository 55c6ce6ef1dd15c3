"""The trail cannot be changed unseen; decisions and orders leave their entries, in PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from data.dataset import canonical
from data.schema import TABLES
from data.store.audit import GENESIS, append_audit, read_audit, verify_audit
from data.store.decisions import (
    Decision,
    advance_order,
    decide,
    keep_plan,
    read_plan_document,
)
from data.store.stages import pass_stage, read_stages
from data.store.store import Store
from recommender.errors import UnknownIdError, UsageError

NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store.connect(database_url)
    rows: dict[str, dict[str, Any]] = {
        "areas": {"area_code": "S1", "name": "街道", "level": "street"},
        "suppliers": {"supplier_id": "A", "name": "甲"},
        "products": {
            "product_id": "P1", "supplier_id": "A", "title": "演出", "category": "performance"
        },
    }  # fmt: skip
    for name, row in rows.items():
        opened.merge(name, canonical(pd.DataFrame([row]), TABLES[name]))
    yield opened
    opened.close()


DOCUMENT: dict[str, Any] = {
    "plan_id": "PLAN-x",
    "period": "2027Q1",
    "model_version": "m1",
    "data_date": "2026-11-30T00:00:00+00:00",
    "rules": [{"rule": "recuse", "value": "wang A 亲属", "where": "file"}],
    "stages": ["需求征集", "验收"],
    "lines": [
        {"line_id": f"PLAN-x-{n:04d}", "buyer_code": "S1", "product_id": "P1", "supplier_id": "A",
         "venue_id": None, "sessions": 2, "amount_fen": 1_000_000}
        for n in (1, 2, 3)
    ],
}  # fmt: skip


def made(line: int = 1, decision: str = "accept", **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "line_id": f"PLAN-x-{line:04d}", "decision": decision, "officer": "li", "reason": "合适",
        "no_conflict": True,
    }  # fmt: skip
    return Decision(**{**values, **changes})


def add(store: Store, n: int) -> None:
    with store.engine.begin() as connection:
        for i in range(n):
            append_audit(
                connection, actor="li", action="test", subject=f"s{i}", payload={"理由": i}, now=NOW
            )


def tamper(store: Store, statement: str) -> None:
    """What someone with the database's own rights could do: switch the trigger off first."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        connection.execute(sa.text(statement))
        connection.execute(sa.text("ALTER TABLE audit ENABLE TRIGGER audit_append_only"))


def test_an_untouched_trail_is_whole(store: Store) -> None:
    with store.engine.connect() as connection:
        assert verify_audit(connection).head == GENESIS
    add(store, 3)
    add(store, 2)
    with store.engine.connect() as connection:
        verdict = verify_audit(connection)
        entries = read_audit(connection, last=2)
    assert (verdict.entries, verdict.broken) == (5, None)
    assert [entry.entry for entry in entries] == [4, 5]
    assert verdict.head == entries[-1].digest


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_changes(store: Store, statement: str) -> None:
    add(store, 1)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.engine.begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("statement", "entry", "reason"),
    [
        ("UPDATE audit SET payload = '{}' WHERE entry = 3", 3, "content was changed"),
        ("UPDATE audit SET actor = 'wang' WHERE entry = 1", 1, "content was changed"),
        ("UPDATE audit SET at = '2027-01-01' WHERE entry = 5", 5, "content was changed"),
        ("DELETE FROM audit WHERE entry = 2", 2, "an entry is missing"),
        ("UPDATE audit SET previous = digest WHERE entry = 4", 4, "does not follow"),
    ],
)
def test_tampering_is_found(store: Store, statement: str, entry: int, reason: str) -> None:
    add(store, 5)
    tamper(store, statement)
    with store.engine.connect() as connection:
        verdict = verify_audit(connection)
    assert verdict.broken is not None
    assert verdict.broken[0] == entry
    assert reason in verdict.broken[1]


def test_a_shortened_trail_shows_against_a_noted_digest(store: Store) -> None:
    add(store, 3)
    with store.engine.connect() as connection:
        head = verify_audit(connection).head
    add(store, 1)
    with store.engine.connect() as connection:
        assert verify_audit(connection, head=head).broken is None
    tamper(store, "DELETE FROM audit WHERE entry >= 3")
    with store.engine.connect() as connection:
        assert verify_audit(connection).broken is None
        shortened = verify_audit(connection, head=head).broken
    assert shortened == (3, "the digest noted earlier is gone")


def test_from_plan_to_acceptance_everything_is_kept(store: Store) -> None:
    with store.engine.begin() as connection:
        keep_plan(connection, DOCUMENT, made_by="li", now=NOW)
        keep_plan(connection, DOCUMENT, made_by="li", now=NOW)
        assert read_plan_document(connection, "PLAN-x") == DOCUMENT
        decide(connection, made(1), now=NOW)
        decide(connection, made(2, "change", sessions=1, reason="场地小"), now=NOW)
        decide(connection, made(3, "reject", reason="重复"), now=NOW)
        for step in ("ordered", "delivered"):
            advance_order(connection, "PLAN-x-0001", step, actor="li", now=NOW)
        advance_order(connection, "PLAN-x-0001", "accepted", actor="li", now=NOW, satisfaction=5)
    orders = store.load(["orders"])["orders"].set_index("order_id")
    assert orders["status"].tolist() == ["accepted", "approved", "rejected"]
    assert orders["sessions"].tolist() == [2, 1, 2]
    assert orders["amount_fen"].tolist() == [1_000_000, 500_000, 1_000_000]
    assert orders.loc["PLAN-x-0001", "satisfaction"] == 5
    with store.engine.connect() as connection:
        actions = [entry.action for entry in read_audit(connection)]
        assert verify_audit(connection).broken is None
        own = read_audit(connection, subject="PLAN-x-0002")
    assert actions == [
        "plan", "decision.accept", "decision.change", "decision.reject", "order.ordered",
        "order.delivered", "order.accepted",
    ]  # fmt: skip
    assert '"model_version":"m1"' in own[0].payload


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (made(reason=" "), "needs an officer and a reason"),
        (made(no_conflict=False), "declaration"),
        (made(officer="wang"), "wang is recused from A"),
        (made(decision="maybe"), "is no decision"),
        (made(decision="change"), "says how many sessions"),
        (made(decision="change", sessions=0), "0 sessions are no order"),
    ],
)
def test_improper_decisions_are_refused(store: Store, decision: Decision, reason: str) -> None:
    with store.engine.begin() as connection:
        keep_plan(connection, DOCUMENT, made_by="li", now=NOW)
        with pytest.raises(UsageError, match=reason):
            decide(connection, decision, now=NOW)
        with pytest.raises(UnknownIdError):
            decide(connection, made(line=9), now=NOW)


def test_steps_are_not_skipped_and_orders_not_re_decided(store: Store) -> None:
    with store.engine.begin() as connection:
        keep_plan(connection, DOCUMENT, made_by="li", now=NOW)
        decide(connection, made(1, "reject", reason="不合适"), now=NOW)
        decide(connection, made(1), now=NOW)  # a decision can be taken back until it is ordered
        with pytest.raises(UsageError, match="cannot become accepted"):
            advance_order(connection, "PLAN-x-0001", "accepted", actor="li", now=NOW)
        advance_order(connection, "PLAN-x-0001", "ordered", actor="li", now=NOW)
        with pytest.raises(UsageError, match="is ordered already"):
            decide(connection, made(1, "reject"), now=NOW)


def test_stages_are_passed_in_order_and_kept(store: Store) -> None:
    with store.engine.begin() as connection:
        keep_plan(connection, DOCUMENT, made_by="li", now=NOW)
        with pytest.raises(UsageError, match="the next stage is '需求征集'"):
            pass_stage(connection, "PLAN-x", "验收", actor="li", note="", now=NOW)
        pass_stage(connection, "PLAN-x", "需求征集", actor="li", note="问卷", now=NOW)
        with pytest.raises(UsageError, match="has no stage '开会'"):
            pass_stage(connection, "PLAN-x", "开会", actor="li", note="", now=NOW)
        (first, passed), (second, open_) = read_stages(connection, "PLAN-x")
        assert (first, second, open_) == ("需求征集", "验收", None)
        assert passed == {"at": NOW.isoformat(), "actor": "li", "note": "问卷"}
        assert verify_audit(connection).broken is None
