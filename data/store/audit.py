"""The audit trail: append-only, each entry sealed over the one before (15 years, law 42).

``digest = sha256(previous, entry, at, actor, action, subject, payload)`` as canonical JSON.
Changing or removing an entry breaks its own seal or the next one's; cutting entries off the end
shows when the last digest was written down elsewhere (``gongxu audit verify`` prints it).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

GENESIS = "0" * 64
_LOCK = 0x6F6E6778  # one appender at a time, in all processes

_AUDIT = sa.table(
    "audit",
    *(
        sa.column(name)
        for name in ("entry", "at", "actor", "action", "subject", "payload", "previous", "digest")
    ),
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done.

    Attributes
    ----------
    entry
        Counted from 1 without gaps.
    at
        ISO 8601 in UTC.
    actor, action, subject
        Who did what to what.
    payload
        The rest, as canonical JSON.
    previous, digest
        The seals.
    """

    entry: int
    at: str
    actor: str
    action: str
    subject: str
    payload: str
    previous: str
    digest: str

    def sealed(self) -> str:
        """The digest that this entry must have."""
        content = [
            self.previous, self.entry, self.at, self.actor, self.action, self.subject, self.payload,
        ]  # fmt: skip
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the trail is whole.

    Attributes
    ----------
    entries
        How many were read.
    head
        Digest of the last one; write it down to notice a shortened trail later.
    broken
        Number of the first entry that does not fit, and why; ``None`` when all fit.
    """

    entries: int
    head: str
    broken: tuple[int, str] | None


def append_audit(
    connection: sa.Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    payload: Mapping[str, Any],
    now: datetime,
) -> AuditEntry:
    """Add an entry, in the caller's transaction: it stands if and only if the act does.

    Parameters
    ----------
    connection
        Open, in a transaction of the caller.
    actor, action, subject
        Who did what, and to which plan, line or order.
    payload
        Further values, written as JSON.
    now
        The clock.

    Returns
    -------
    The entry, with its seal.
    """
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = connection.execute(
        sa.select(_AUDIT.c.entry, _AUDIT.c.digest).order_by(_AUDIT.c.entry.desc()).limit(1)
    ).one_or_none()
    entry = AuditEntry(
        entry=1 if last is None else int(last.entry) + 1,
        at=now.astimezone(UTC).isoformat(),
        actor=actor,
        action=action,
        subject=subject,
        payload=json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        previous=GENESIS if last is None else str(last.digest),
        digest="",
    )
    row = {name: getattr(entry, name) for name in AuditEntry.__dataclass_fields__}
    row["digest"] = entry.sealed()
    connection.execute(_AUDIT.insert().values(**row))
    return AuditEntry(**row)


def read_audit(
    connection: sa.Connection, *, subject: str | None = None, last: int | None = None
) -> list[AuditEntry]:
    """Entries in order; those of one subject, or only the last ones.

    Parameters
    ----------
    connection
        Open, in a transaction of the caller.
    subject
        Only entries about this plan, line or order.
    last
        Only so many of the latest entries.

    Returns
    -------
    The entries, oldest first.
    """
    query = sa.select(_AUDIT).order_by(_AUDIT.c.entry.desc())
    if subject is not None:
        query = query.where(_AUDIT.c.subject == subject)
    if last is not None:
        query = query.limit(last)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)][::-1]


def read_audit_of(connection: sa.Connection, subjects: Sequence[str]) -> list[AuditEntry]:
    """Entries about any of some subjects, oldest first.

    Parameters
    ----------
    connection
        Open, in a transaction of the caller.
    subjects
        Plans, lines or orders.

    Returns
    -------
    The entries.
    """
    query = sa.select(_AUDIT).where(_AUDIT.c.subject.in_(list(subjects))).order_by(_AUDIT.c.entry)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def verify_audit(connection: sa.Connection, *, head: str | None = None) -> Verdict:
    """Check every seal, and that the trail still ends in (or holds) a digest noted earlier.

    Parameters
    ----------
    connection
        Open, in a transaction of the caller.
    head
        A digest noted earlier, which must occur in the trail.

    Returns
    -------
    The number of intact entries, the last digest and the first fault, if any.
    """
    previous, number, seen = GENESIS, 0, head is None
    query = sa.select(_AUDIT).order_by(_AUDIT.c.entry)
    with connection.execute(query.execution_options(yield_per=10_000)) as rows:
        for row in rows:
            entry = AuditEntry(**row._mapping)
            number += 1
            if entry.entry != number:
                return Verdict(number - 1, previous, (number, "an entry is missing"))
            if entry.previous != previous:
                return Verdict(number - 1, previous, (number, "it does not follow the one before"))
            if entry.digest != entry.sealed():
                return Verdict(number - 1, previous, (number, "its content was changed"))
            previous = entry.digest
            seen = seen or previous == head
    if not seen:
        return Verdict(number, previous, (number + 1, "the digest noted earlier is gone"))
    return Verdict(number, previous, None)
