"""What residents ask for that is not on offer, and what came of it."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.schema import CATEGORIES, REQUEST_STATUSES, TABLES
from data.store.audit import append_audit
from data.store.erasures import Erasures
from recommender.demand.disclosure import disclosed_count
from recommender.errors import UnknownIdError, UsageError
from serving.outcomes.ingest import BAD, merge_rows

OPEN_MAX = 20
"""Open requests of one resident: more of them would weigh more than the next person's."""


class TooManyRequestsError(UsageError):
    """A resident has as many open requests as one may have."""


_OWN = sa.text(
    "SELECT request_id, target_kind, target, asked_at, status, answer FROM requests"
    " WHERE resident_id = :who ORDER BY asked_at DESC, request_id"
)
NEW_MAX = 10
"""So many accounts that never booked anything count beyond the residents who did: a campaign that
brings in accounts to ask for one thing weighs no more than twice those who use the offer."""
# One a resident and subject: whoever asks often, or in several names of one subject, counts once.
_COUNTED = sa.text(
    "SELECT q.area_code, coalesce(a.name, q.area_code) AS area, q.target_kind,"
    " lower(btrim(q.target)) AS target, count(DISTINCT q.resident_id) AS residents,"
    " count(DISTINCT q.resident_id) FILTER"
    " (WHERE EXISTS (SELECT FROM bookings b WHERE b.resident_id = q.resident_id)) AS known,"
    " max(q.asked_at) AS latest, max(q.answer) AS answer,"
    " CASE WHEN bool_or(q.status = 'open') THEN 'open' ELSE max(q.status) END AS status"
    " FROM requests q LEFT JOIN areas a USING (area_code) WHERE q.area_code = ANY(:areas)"
    " GROUP BY q.area_code, area, q.target_kind, lower(btrim(q.target))"
)


def ask_for(
    connection: sa.Connection,
    resident_id: str,
    target_kind: str,
    target: str,
    *,
    now: datetime,
    erasures: Erasures,
) -> str:
    """Note a resident's request; the same subject again is the same request. The caller commits.

    Parameters
    ----------
    connection, resident_id
        In a transaction, and who asks.
    target_kind, target
        ``category`` and one of them, or ``text`` and the resident's own words.
    now
        The clock.
    erasures
        Recognises erased residents.

    Returns
    -------
    The request's identifier.

    Raises
    ------
    UsageError
        If the subject is empty or unknown.
    TooManyRequestsError
        If the resident has :data:`OPEN_MAX` open ones.
    """
    subject = " ".join(target.split())
    if not subject or (target_kind == "category" and subject not in CATEGORIES):
        raise UsageError("Say what is missing.")
    person = connection.execute(
        sa.text("SELECT area_code FROM residents WHERE resident_id = :who FOR UPDATE"),
        {"who": resident_id},
    ).first()
    if person is None:
        raise UnknownIdError("There is no such resident.")
    own = read_requests(connection, resident_id)
    for row in own:
        if row["target_kind"] == target_kind and row["target"].lower() == subject.lower():
            return str(row["request_id"])
    if sum(row["status"] == "open" for row in own) >= OPEN_MAX:
        raise TooManyRequestsError(f"There are {OPEN_MAX} open requests of yours already.")
    request_id = f"ask-{secrets.token_hex(10)}"
    row = {
        "request_id": request_id,
        "resident_id": resident_id,
        "area_code": person.area_code,
        "target_kind": target_kind,
        "target": subject,
        "asked_at": now.isoformat(),
        "status": "open",
    }
    verdicts = merge_rows(connection, TABLES["requests"], [row], now=now, erasures=erasures)
    if verdicts.words == [BAD]:
        column, reason = verdicts.problems[0]
        raise UsageError(f"{column} {reason}.")
    return request_id


def read_requests(connection: sa.Connection, resident_id: str) -> list[dict[str, Any]]:
    """A resident's requests, newest first.

    Parameters
    ----------
    connection, resident_id
        The database, and the resident.

    Returns
    -------
    Rows of ``requests``.
    """
    return [dict(row) for row in connection.execute(_OWN, {"who": resident_id}).mappings()]


def count_requests(connection: sa.Connection, areas: Sequence[str]) -> list[dict[str, Any]]:
    """How many residents of each area ask for what, most asked for first.

    Parameters
    ----------
    connection
        The database.
    areas
        Codes of the areas that are asked about.

    Returns
    -------
    One row an area and subject. ``residents`` is a multiple of five, ``None`` below ten; those
    subjects come last, the latest first. ``canvassed`` says whether accounts that never booked
    anything were left out of the count (:data:`NEW_MAX`).
    """
    found = connection.execute(_COUNTED, {"areas": list(areas)})
    rows = [dict(row) for row in found.mappings()]
    for row in rows:
        known, asking = row.pop("known"), row["residents"]
        counted = known + min(asking - known, known + NEW_MAX)
        row["canvassed"] = counted < asking
        row["residents"] = disclosed_count(counted, counted)
    rows.sort(key=lambda row: row["latest"], reverse=True)
    return sorted(rows, key=lambda row: -(row["residents"] or 0))


def answer_requests(
    connection: sa.Connection,
    subject: Mapping[str, str],
    *,
    status: str,
    answer: str,
    officer: str,
    now: datetime,
) -> int:
    """Answer all requests of one subject in one area; residents see it. The caller commits.

    Parameters
    ----------
    connection
        In a transaction.
    subject
        ``area_code``, ``target_kind`` and ``target``.
    status, answer
        What becomes of them, and the officer's words.
    officer
        Who answers; kept in the audit trail.
    now
        The clock.

    Returns
    -------
    How many requests were answered.

    Raises
    ------
    UsageError
        If there is no such status.
    UnknownIdError
        If nobody asked for that.
    """
    if status not in REQUEST_STATUSES:
        raise UsageError(f"{status!r} is no status of a request.")
    done = connection.execute(
        sa.text(
            "UPDATE requests SET status = :status, answer = :answer WHERE area_code = :area_code"
            " AND target_kind = :target_kind AND lower(btrim(target)) = lower(btrim(:target))"
        ),
        {**subject, "status": status, "answer": answer},
    ).rowcount
    if not done:
        raise UnknownIdError("Nobody asked for that.")
    append_audit(
        connection,
        actor=officer,
        action="request.answer",
        subject=f"{subject['area_code']} {subject['target_kind']}",
        payload={"target": subject["target"], "status": status, "answer": answer},
        now=now,
    )
    return done
