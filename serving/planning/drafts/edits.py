"""Changes of a plan's draft: appended with who and when, never altered, one version each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from recommender.errors import GongxuError
from serving.store_tables import plan_edits

SESSIONS, PLACE, REMOVE, RESTORE, LOCK, UNLOCK, ADD, RESET = KINDS = (
    "sessions", "place", "remove", "restore", "lock", "unlock", "add", "reset",
)  # fmt: skip
"""What an edit does to a line; ``reset`` drops every change of it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change.

    Attributes
    ----------
    version
        1, 2, ... within the plan's draft.
    at, officer
        When, and who.
    line_id
        The line; of an added one ``PLAN-added-VERSION``.
    kind
        One of :data:`KINDS`.
    change
        ``sessions``; ``venue_id`` and ``when``; or ``street``, ``product``, ``sessions`` of an
        added line.
    """

    version: int
    at: datetime
    officer: str
    line_id: str
    kind: str
    change: Mapping[str, Any]


class DraftChangedError(GongxuError):
    """Another officer changed the draft since the page was made.

    Attributes
    ----------
    edits
        What was changed, oldest first.
    """

    def __init__(self, edits: Sequence[Edit]) -> None:
        super().__init__("the draft was changed meanwhile.")
        self.edits = tuple(edits)


def read_edits(connection: sa.Connection, plan_id: str) -> list[Edit]:
    """All changes of a plan's draft.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan.

    Returns
    -------
    Oldest first.
    """
    columns = plan_edits.c
    query = (
        sa.select(
            columns.version, columns.at, columns.officer, columns.line_id, columns.kind,
            columns.change,
        )
        .where(columns.plan_id == plan_id)
        .order_by(columns.version)
    )  # fmt: skip
    return [Edit(*row) for row in connection.execute(query)]


def append_edit(
    connection: sa.Connection,
    plan_id: str,
    line_id: str,
    kind: str,
    change: Mapping[str, Any],
    *,
    seen: int,
    officer: str,
    now: datetime,
) -> int:
    """Append a change to a draft that others may be changing too.

    Parameters
    ----------
    connection
        An open transaction; drafts of one plan wait for each other.
    plan_id, line_id
        The plan and its line; of an added line nothing.
    kind, change
        See :class:`Edit`.
    seen
        The version that the officer looked at.
    officer, now
        Who and when.

    Returns
    -------
    The draft's new version.

    Raises
    ------
    DraftChangedError
        If another officer changed it since ``seen``; nothing is written then.
    """
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(:plan, 1803))"
    connection.execute(sa.text(lock), {"plan": plan_id})
    edits = read_edits(connection, plan_id)
    others = [each for each in edits if each.version > seen and each.officer != officer]
    if others:
        raise DraftChangedError(others)
    version = edits[-1].version + 1 if edits else 1
    connection.execute(
        plan_edits.insert().values(
            plan_id=plan_id,
            version=version,
            at=now,
            officer=officer,
            line_id=line_id or f"{plan_id}-added-{version}",
            kind=kind,
            change=dict(change),
        )
    )
    return version
