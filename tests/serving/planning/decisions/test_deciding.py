"""Good lines land with one audit entry each, bad ones are told, the same file twice is nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from data.store.audit import read_audit, verify_audit
from data.store.decisions import Decision, advance_order, decide
from recommender.errors import UsageError
from serving.planning.decisions.deciding import decide_workbook, standing_decisions, tally
from serving.planning.decisions.filled_workbook import read_workbook
from serving.planning.kept_plans import plan_file

NOW = datetime(2026, 12, 3, tzinfo=UTC)
PLAN = "PLAN-2027Q1-0123456789ab"


def outcomes(verdicts) -> dict[str, tuple[str, str]]:
    return {each.line_id[-4:]: (each.outcome, each.code) for each in verdicts}


@pytest.fixture
def read(engine: sa.Engine):
    """Reads a workbook back in a transaction of its own."""

    def work(content: bytes, officer: str = "李红", **options: Any):
        with engine.begin() as connection:
            return decide_workbook(
                connection, read_workbook(content), officer=officer, now=NOW, **options
            )

    return work


def entries(engine: sa.Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        found = read_audit(connection, last=100)
        assert verify_audit(connection).broken is None
    return [(each.action, each.subject[-4:], each.actor) for each in found][1:]


def orders(engine: sa.Engine) -> dict[str, tuple[str, int, int]]:
    query = sa.text("SELECT line_id, status, sessions, amount_fen FROM orders ORDER BY line_id")
    with engine.connect() as connection:
        return {row[0][-4:]: tuple(row[1:]) for row in connection.execute(query)}


def test_good_lines_land_bad_ones_are_told(engine, workbook, fill, accepted, read) -> None:
    sent = fill(
        workbook,
        {
            "0001": accepted,
            "0002": {**accepted, "decision": "调整", "new_sessions": 3},
            "0003": {**accepted, "decision": "不采纳"},
            "0004": {**accepted, "reason": None},
        },
    )
    judged = read(sent, dry_run=True)
    assert orders(engine) == {}
    assert entries(engine) == []
    done = read(sent)
    assert outcomes(done) == outcomes(judged) == {
        "0001": ("taken", "accept"), "0002": ("taken", "change"), "0003": ("taken", "reject"),
        "0004": ("refused", "reason_missing"),
    }  # fmt: skip
    assert tally(done) == {"taken": 3, "unchanged": 0, "refused": 1}
    assert orders(engine) == {
        "0001": ("approved", 2, 200_000), "0002": ("approved", 3, 600_000),
        "0003": ("rejected", 2, 600_000),
    }  # fmt: skip
    assert entries(engine) == [
        ("decision.accept", "0001", "李红"), ("decision.change", "0002", "李红"),
        ("decision.reject", "0003", "李红"),
    ]  # fmt: skip

    again = read(sent, officer="陈明")
    assert tally(again) == {"taken": 0, "unchanged": 3, "refused": 1}
    assert len(entries(engine)) == 3


def test_a_fetched_workbook_holds_what_stands_and_changes_only_what_is_changed(
    engine, workbook, fill, accepted, read, fresh
) -> None:
    read(fill(workbook, {"0001": accepted, "0002": accepted}))
    anew = fresh()
    assert tally(read(anew)) == {"taken": 0, "unchanged": 2, "refused": 0}
    changed = fill(anew, {"0002": {"decision": "不采纳", "reason": "改期"}})
    assert outcomes(read(changed)) == {
        "0001": ("unchanged", "stands"), "0002": ("taken", "reject"),
    }  # fmt: skip
    # The earlier workbook would undo what was decided since: it is told, not taken.
    stale = fill(workbook, {"0001": accepted, "0002": {**accepted, "reason": "再议"}})
    assert outcomes(read(stale, officer="陈明")) == {
        "0001": ("unchanged", "stands"), "0002": ("refused", "changed_meanwhile"),
    }  # fmt: skip
    # A workbook whose officer did not touch a line says nothing of it.
    assert outcomes(read(anew, officer="陈明"))["0002"] == ("unchanged", "untouched")
    assert orders(engine)["0002"][0] == "rejected"


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_order_that_went_on_is_not_decided_anew(
    engine, workbook, fill, accepted, read, fresh, steps: int
) -> None:
    read(fill(workbook, {"0001": accepted}))
    names = ("ordered", "delivered", "accepted")[:steps]
    with engine.begin() as connection:
        for status in names:
            advance_order(connection, f"{PLAN}-0001", status, actor="li", now=NOW)
    sent = fill(fresh(), {"0001": {**accepted, "reason": "另"}})
    assert outcomes(read(sent)) == {"0001": ("refused", f"is_{names[-1]}")}


def test_a_recused_officer_is_refused_whatever_the_spelling(
    engine, workbook, fill, accepted, read
) -> None:
    sent = fill(workbook, {"0001": accepted})
    assert outcomes(read(sent, officer=" 王 敏")) == {"0001": ("refused", "recused")}
    assert orders(engine) == {}
    with pytest.raises(UsageError, match="nobody is named"):
        read(sent, officer=" ")


def test_workbooks_of_other_plans_and_versions_are_refused(
    engine, content, workbook, fill, accepted, read
) -> None:
    with pytest.raises(UsageError, match=r"not of PLAN-other.*gongxu plans save PLAN-other"):
        read(workbook, plan_id="PLAN-other")
    unknown = {**content, "plan_id": "PLAN-2027Q1-ffffffffffff"}
    unknown["lines"] = [
        {
            **line,
            "plan_id": unknown["plan_id"],
            "line_id": unknown["plan_id"] + line["line_id"][-5:],
        }
        for line in content["lines"]
    ]
    with pytest.raises(UsageError, match="is not kept here"):
        read(plan_file(unknown, ".xlsx"))
    dearer = {**content, "lines": [{**line, "amount_fen": 1} for line in content["lines"]]}
    with pytest.raises(UsageError, match=r"another version.*anew"):
        read(plan_file(dearer, ".xlsx"))


def test_what_stands_is_read_with_officer_and_status(engine, content) -> None:
    with engine.begin() as connection:
        made = Decision(f"{PLAN}-0002", "change", "li", "场地小", True, 1)
        decide(connection, made, now=NOW)
        found = standing_decisions(connection, content)
    (stood,) = found.values()
    assert (stood.decision, stood.sessions, stood.officer, stood.status) == (
        "change", 1, "li", "approved",
    )  # fmt: skip
