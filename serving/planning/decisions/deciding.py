"""The use case `decide`: one line, or a filled-in workbook of which the good lines land."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.store.decisions import Decision, decide, read_plan_document, recusal_reason
from recommender.errors import UnknownIdError, UsageError
from serving.exports.paper import say
from serving.planning.decisions.filled_workbook import (
    FilledLine,
    FilledWorkbook,
    Seen,
    WorkbookRefusedError,
)
from serving.planning.document import Decided

TAKEN, UNCHANGED, REFUSED = "taken", "unchanged", "refused"
"""What became of a line."""

_ORDERS = sa.text(
    "SELECT line_id, status, sessions, reason, decided_by FROM orders"
    " WHERE plan_id = :plan ORDER BY line_id"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one line of a workbook.

    Attributes
    ----------
    line_id, title, cell
        The line, and where it stands in the workbook.
    outcome
        ``taken``, ``unchanged`` or ``refused``.
    decision
        ``accept``, ``change``, ``reject``; empty where it could not be read.
    code, values
        Of the sentence ``decide.CODE`` that says why.
    """

    line_id: str
    title: str
    cell: str
    outcome: str
    decision: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


def standing_decisions(
    connection: sa.Connection, document: Mapping[str, Any], *, lock: bool = False
) -> dict[str, Decided]:
    """What stands decided about a plan's lines.

    Parameters
    ----------
    connection
        An open transaction.
    document
        The kept plan.
    lock
        Whether nobody else may decide until the transaction ends.

    Returns
    -------
    By line; undecided lines are left out.
    """
    query = sa.text(f"{_ORDERS.text} FOR UPDATE") if lock else _ORDERS
    proposed = {line["line_id"]: line["sessions"] for line in document["lines"]}
    found = {}
    for row in connection.execute(query, {"plan": document["plan_id"]}).mappings():
        rejected, line = row["status"] == "rejected", row["line_id"]
        if row["status"] == "proposed" or line not in proposed:
            continue
        same = row["sessions"] == proposed[line]
        found[line] = Decided(
            decision="reject" if rejected else "accept" if same else "change",
            sessions=0 if rejected else int(row["sessions"]),
            officer=row["decided_by"] or "",
            reason=row["reason"] or "",
            status=row["status"],
        )
    return found


def decide_workbook(
    connection: sa.Connection,
    filled: FilledWorkbook,
    *,
    officer: str,
    now: datetime,
    plan_id: str | None = None,
    dry_run: bool = False,
) -> list[Verdict]:
    """Record the decisions of a workbook: good lines land, each with one entry of the audit trail.

    A line that is decided so already changes nothing, and one that the officer left as the
    workbook came is not decided anew. A line that somebody else decided since the workbook was
    made is refused, and so is whatever :func:`data.store.decisions.decide` refuses.

    Parameters
    ----------
    connection
        An open transaction.
    filled
        The workbook.
    officer
        Who decides.
    now
        The clock.
    plan_id
        The plan that it must be of; ``None``: any that is kept.
    dry_run
        Judge only, record nothing.

    Returns
    -------
    One verdict a decided or unreadable line.

    Raises
    ------
    UsageError
        If nobody decides, or the workbook is of another plan or of another version of it.
    """
    if not officer.strip():
        raise UsageError(
            "nobody is named as deciding.", f"Give --by, or fill in {say('officer_name')}."
        )
    document = _kept(connection, filled, plan_id)
    titles = {line.line_id: line.title for line in filled.offered}
    verdicts = [
        Verdict(
            each.line_id, titles.get(each.line_id, ""), each.cell, REFUSED, "", each.code,
            each.values,
        )
        for each in filled.findings
    ]  # fmt: skip
    stands = standing_decisions(connection, document, lock=True)
    with connection.begin_nested() as attempt:
        for line in sorted(filled.lines, key=lambda each: each.line.line_id):
            outcome, code, values = _take(connection, document, line, stands, officer, now)
            verdicts.append(
                Verdict(
                    line.line.line_id, line.line.title, line.cell, outcome, line.decision, code,
                    values,
                )
            )  # fmt: skip
        if dry_run:
            attempt.rollback()
    return sorted(verdicts, key=lambda verdict: (verdict.line_id or "~", verdict.cell))


def tally(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many lines came to each outcome; a line with several findings counts once.

    Parameters
    ----------
    verdicts
        From :func:`decide_workbook`.

    Returns
    -------
    Counts by ``taken``, ``unchanged`` and ``refused``.
    """
    lines = {outcome: set[str]() for outcome in (TAKEN, UNCHANGED, REFUSED)}
    for each in verdicts:
        lines[each.outcome].add(each.line_id or each.cell)
    return {outcome: len(found) for outcome, found in lines.items()}


def _kept(
    connection: sa.Connection, filled: FilledWorkbook, plan_id: str | None
) -> Mapping[str, Any]:
    """The kept plan that the workbook was made of."""
    if plan_id is not None and filled.plan_id != plan_id:
        raise WorkbookRefusedError("other_plan", plan=filled.plan_id, own=plan_id)
    try:
        document = read_plan_document(connection, filled.plan_id)
    except UnknownIdError:
        raise WorkbookRefusedError("not_kept", plan=filled.plan_id) from None
    own = {line["line_id"]: line for line in document["lines"]}
    for line in filled.offered:
        kept = own.get(line.line_id)
        figures = (line.product_id, line.sessions, line.amount_fen)
        if kept is None or figures != tuple(
            kept[name] for name in ("product_id", "sessions", "amount_fen")
        ):
            raise WorkbookRefusedError("other_version", plan=filled.plan_id, line=line.line_id)
    return document


def _take(
    connection: sa.Connection,
    document: Mapping[str, Any],
    filled: FilledLine,
    stands: Mapping[str, Decided],
    officer: str,
    now: datetime,
) -> tuple[str, str, Mapping[str, Any]]:
    """Record one line; what became of it, and the sentence that says why."""
    line = filled.line
    wanted = 0 if filled.decision == "reject" else filled.sessions or line.sessions
    act = (wanted, filled.reason)
    current = stands.get(line.line_id)
    if current is not None and act == (current.sessions, current.reason):
        return UNCHANGED, "stands", {"officer": current.officer}
    seen: Seen = line.seen
    if seen.decision is not None and act == (seen.sessions, seen.reason):
        return UNCHANGED, "untouched", {}
    stood = None if current is None else (current.sessions, current.reason)
    if stood != (None if seen.decision is None else (seen.sessions, seen.reason)):
        by = "" if current is None else current.officer
        return REFUSED, "changed_meanwhile", {"officer": by}
    if current is not None and current.status in ("ordered", "delivered", "accepted"):
        return REFUSED, f"is_{current.status}", {}
    kept = next(each for each in document["lines"] if each["line_id"] == line.line_id)
    recused = recusal_reason(document, officer, kept["supplier_id"])
    if recused is not None:
        return REFUSED, "recused", {"officer": officer, "reason": recused}
    changes = filled.sessions if filled.decision == "change" else None
    made = Decision(line.line_id, filled.decision, officer, filled.reason, True, changes)
    try:
        with connection.begin_nested():
            decide(connection, made, now=now)
    except UsageError as error:
        return REFUSED, "not_taken", {"reason": error.message}
    return TAKEN, filled.decision, {"sessions": wanted}
