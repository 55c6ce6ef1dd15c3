"""Plans that were made, what officers decided, and the orders that follow.

Officers decide, line by line, with a reason; every act is an entry of the audit trail in the same
transaction. An approved line is an order, which then moves on: ordered, delivered, accepted (验收)
with satisfaction (满意度).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from data.store.audit import append_audit
from recommender.errors import UnknownIdError, UsageError

DECISIONS = ("accept", "change", "reject")
_NEXT = {"ordered": "approved", "delivered": "ordered", "accepted": "delivered"}

_PLANS = sa.table(
    "plans",
    *(
        sa.column(name)
        for name in ("plan_id", "period", "model_version", "data_date", "made_at", "made_by")
    ),
    sa.column("document", JSONB()),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer decides about one line.

    Attributes
    ----------
    decision
        ``accept``, ``change`` or ``reject``.
    officer, reason
        Who, and why; both are required.
    no_conflict
        The officer's declaration that no interest of their own is touched (利益冲突声明).
    sessions
        The new number of sessions, for ``change``.
    """

    line_id: str
    decision: str
    officer: str
    reason: str
    no_conflict: bool
    sessions: int | None = None


def keep_plan(
    connection: sa.Connection, document: Mapping[str, Any], *, made_by: str, now: datetime
) -> None:
    """Keep a plan's document (see ``plan_json``); the same plan again changes nothing.

    Parameters
    ----------
    connection
        An open transaction.
    document
        The content, see ``plan_json``.
    made_by
        Who made it.
    now
        The clock.
    """
    statement = insert(_PLANS).values(
        plan_id=document["plan_id"],
        period=document["period"],
        model_version=document["model_version"],
        data_date=datetime.fromisoformat(document["data_date"]),
        made_at=now,
        made_by=made_by,
        document=document,
    )
    kept = connection.execute(statement.on_conflict_do_nothing().returning(_PLANS.c.plan_id))
    if kept.one_or_none() is not None:
        append_audit(
            connection,
            actor=made_by,
            action="plan",
            subject=document["plan_id"],
            payload={
                "model_version": document["model_version"],
                "data_date": document["data_date"],
                "rules": document["rules"],
                "lines": len(document["lines"]),
            },
            now=now,
        )


def read_plan_document(connection: sa.Connection, plan_id: str) -> dict[str, Any]:
    """A kept plan's document.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan's identifier.

    Returns
    -------
    The document.

    Raises
    ------
    UnknownIdError
        If no such plan was kept.
    """
    found = connection.execute(
        sa.select(_PLANS.c.document).where(_PLANS.c.plan_id == plan_id)
    ).scalar_one_or_none()
    if found is None:
        raise UnknownIdError(f"no plan {plan_id!r}.", "Make one: gongxu plan --period P")
    return dict(found)


def _first_day(line: Mapping[str, Any]) -> date | None:
    """The first of the days that a line was planned on."""
    first = str(line.get("dates") or "")[:10]
    return date.fromisoformat(first) if first else None


def decide(connection: sa.Connection, made: Decision, *, now: datetime) -> str:
    """Record a decision and its order; returns the order's identifier.

    Parameters
    ----------
    connection
        An open transaction.
    made
        The decision.
    now
        The clock.

    Returns
    -------
    The order's identifier.

    Raises
    ------
    UsageError
        Without a reason or declaration, for a recused officer, or when the order went on already.
    UnknownIdError
        If there is no such plan or line.
    """
    if made.decision not in DECISIONS:
        raise UsageError(f"{made.decision!r} is no decision.", f"Use {', '.join(DECISIONS)}.")
    if not made.reason.strip() or not made.officer.strip():
        raise UsageError("a decision needs an officer and a reason.")
    if not made.no_conflict:
        raise UsageError(
            "a decision needs the declaration that no own interest is touched.",
            "An officer with an interest leaves the line to another (回避).",
        )
    if (made.decision == "change") != (made.sessions is not None):
        raise UsageError("a change, and only a change, says how many sessions.")
    if made.sessions is not None and made.sessions < 1:
        raise UsageError(f"{made.sessions} sessions are no order.", "Reject the line instead.")
    plan_id = made.line_id.rpartition("-")[0]
    document = read_plan_document(connection, plan_id)
    line = next((each for each in document["lines"] if each["line_id"] == made.line_id), None)
    if line is None:
        raise UnknownIdError(f"plan {plan_id} has no line {made.line_id!r}.")
    reason = recusal_reason(document, made.officer, line["supplier_id"])
    if reason is not None:
        raise UsageError(f"{made.officer} is recused from {line['supplier_id']}: {reason}.")
    sessions = int(made.sessions or line["sessions"])
    order = {
        "order_id": made.line_id,
        "plan_id": plan_id,
        "line_id": made.line_id,
        "buyer_code": line["buyer_code"],
        "product_id": line["product_id"],
        "venue_id": line["venue_id"],
        "scheduled_on": _first_day(line),
        "sessions": sessions,
        "amount_fen": round(line["amount_fen"] * sessions / line["sessions"]),
        "status": "rejected" if made.decision == "reject" else "approved",
        "decided_by": made.officer,
        "decided_at": now,
        "reason": made.reason,
    }
    current = _order_status(connection, made.line_id)
    if current in ("ordered", "delivered", "accepted"):
        raise UsageError(f"order {made.line_id} is {current} already.", "It cannot be re-decided.")
    names = list(order)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "order_id")
    connection.execute(
        sa.text(
            f"INSERT INTO orders ({', '.join(names)}) VALUES ({', '.join(':' + n for n in names)})"
            f" ON CONFLICT (order_id) DO UPDATE SET {changes}"
        ),
        order,
    )
    append_audit(
        connection,
        actor=made.officer,
        action=f"decision.{made.decision}",
        subject=made.line_id,
        payload={
            "reason": made.reason,
            "no_conflict": made.no_conflict,
            "proposed_sessions": line["sessions"],
            "sessions": 0 if made.decision == "reject" else sessions,
            "amount_fen": 0 if made.decision == "reject" else order["amount_fen"],
            "before": current,
            "model_version": document["model_version"],
            "data_date": document["data_date"],
        },
        now=now,
    )
    return made.line_id


def advance_order(
    connection: sa.Connection,
    order_id: str,
    status: str,
    *,
    actor: str,
    now: datetime,
    satisfaction: int | None = None,
) -> None:
    """Move an order on by one step; acceptance carries the satisfaction, 1 to 5.

    Parameters
    ----------
    connection
        An open transaction.
    order_id
        The order's identifier.
    status
        ``ordered``, ``delivered`` or ``accepted``.
    actor
        Who does it.
    now
        The clock.
    satisfaction
        1 to 5, with acceptance only.

    Raises
    ------
    UsageError
        If the step does not follow from where the order stands.
    """
    current = _order_status(connection, order_id)
    if status not in _NEXT or current != _NEXT[status]:
        raise UsageError(f"order {order_id} is {current or 'unknown'}, it cannot become {status}.")
    if satisfaction is not None and (status != "accepted" or not 1 <= satisfaction <= 5):
        raise UsageError("satisfaction is 1 to 5, and comes with acceptance.")
    connection.execute(
        sa.text(
            "UPDATE orders SET status = :status, satisfaction = :satisfaction "
            "WHERE order_id = :order_id"
        ),
        {"status": status, "satisfaction": satisfaction, "order_id": order_id},
    )
    append_audit(
        connection,
        actor=actor,
        action=f"order.{status}",
        subject=order_id,
        payload={"satisfaction": satisfaction, "before": current},
        now=now,
    )


def _order_status(connection: sa.Connection, order_id: str) -> str | None:
    return connection.execute(
        sa.text("SELECT status FROM orders WHERE order_id = :id FOR UPDATE"), {"id": order_id}
    ).scalar_one_or_none()


def recusal_reason(document: Mapping[str, Any], officer: str, supplier: str | None) -> str | None:
    """Why an officer must not decide about a supplier (回避).

    Parameters
    ----------
    document
        A kept plan's document.
    officer
        Name; width, case and blanks make no difference.
    supplier
        The supplier's identifier.

    Returns
    -------
    The recorded reason; ``None``: no recusal is recorded.
    """
    name = _officer_key(officer)
    for recusal in document.get("recusals", ()):
        if recusal["supplier"] == supplier and _officer_key(recusal["officer"]) == name:
            return str(recusal["reason"])
    if "recusals" not in document:  # plans of earlier releases hold "officer supplier reason"
        for rule in document["rules"]:
            who, found, reason = str(rule["value"]).partition(f" {supplier} ")
            if rule["rule"] == "recuse" and found and _officer_key(who) == name:
                return reason
    return None


def _officer_key(name: str) -> str:
    """A name as it is compared: width, case and blanks make no other officer."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
