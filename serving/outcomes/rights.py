"""A resident's rights: preferences, calendar, and everything that is held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from data.schema import CATEGORIES, TABLES, TARGET_TABLES
from data.store.tables import METADATA
from recommender.errors import UnknownIdError, UsageError
from serving.auth.secrets import CALENDAR_PREFIX, digest_of, new_secret
from serving.outcomes.changes import note_changes
from serving.store_tables import (
    OF_A_RESIDENT,
    calendar_tokens,
    consents,
)
from serving.store_tables import (
    mutes as _mutes,
)

PERSONALISATION = "personalisation"
"""The purpose that consent is given for."""

_residents = METADATA.tables["residents"]
_follows = METADATA.tables["follows"]
HELD = tuple(METADATA.tables[name] for name in TABLES if "resident_id" in TABLES[name].column_names)
"""Tables of the contract that name residents."""

Target = tuple[str, str]
"""Kind and name, such as ``("tag", "舞蹈")``."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """A resident's preferences.

    Attributes
    ----------
    personalised
        Whether the resident consented to lists that rest on what they did.
    follows, mutes
        What the resident wants more of, and what they do not want to see.
    consent
        The last decision on personalisation: ``given``, ``version`` of the text, ``at``.
    """

    personalised: bool
    follows: tuple[Target, ...]
    mutes: tuple[Target, ...]
    consent: Mapping[str, Any] | None = None


def read_preferences(
    connection: sa.Connection, resident_id: str, *, lock: bool = False
) -> Preferences:
    """A resident's preferences; personalisation is off unless consent to it is recorded.

    Parameters
    ----------
    connection, resident_id
        The database, and the resident.
    lock
        Whether they are read to be changed in the same transaction.

    Returns
    -------
    The preferences.

    Raises
    ------
    UnknownIdError
        If there is no such resident.
    """
    row = _resident(connection, resident_id, lock=lock)

    def targets(table: sa.Table) -> tuple[Target, ...]:
        found = connection.execute(
            sa.select(table.c.target_kind, table.c.target)
            .where(table.c.resident_id == resident_id)
            .order_by(table.c.target_kind, table.c.target)
        )
        return tuple((kind, target) for kind, target in found)

    said = (
        sa.select(consents.c.given, consents.c.version, consents.c.at)
        .where(consents.c.resident_id == resident_id, consents.c.purpose == PERSONALISATION)
        .order_by(consents.c.entry.desc())
    )
    last = connection.execute(said).mappings().first()
    return Preferences(
        row.personalised is True,
        targets(_follows),
        targets(_mutes),
        None if last is None else dict(last),
    )


def write_preferences(
    connection: sa.Connection,
    resident_id: str,
    *,
    personalised: bool | None = None,
    follows: Sequence[Target] | None = None,
    mutes: Sequence[Target] | None = None,
    consent_version: str,
    now: datetime,
) -> None:
    """Change a resident's preferences; the caller commits.

    Parameters
    ----------
    connection
        In a transaction.
    resident_id
        The resident.
    personalised, follows, mutes
        See :class:`Preferences`; what is ``None`` stays as it is.
    consent_version
        Version of the text that the resident agreed to, or declined.
    now
        The clock.

    Raises
    ------
    UnknownIdError
        If there is no such resident.
    UsageError
        If the law does not let this resident be profiled.
    """
    row = _resident(connection, resident_id, lock=True)
    if personalised and not may_be_profiled(row.age_band, row.guardian_consent):
        raise UsageError("Under 14 nobody is profiled; under 18 only if a guardian consented.")
    if personalised is not None and personalised is not row.personalised:
        connection.execute(
            _residents.update()
            .where(_residents.c.resident_id == resident_id)
            .values(personalised=personalised)
        )
        connection.execute(
            consents.insert().values(
                resident_id=resident_id,
                purpose=PERSONALISATION,
                version=consent_version,
                given=personalised,
                at=now,
            )
        )
    for table, targets in ((_follows, follows), (_mutes, mutes)):
        if targets is not None:
            _replace(connection, table, resident_id, targets, now)
    note_changes(connection, "residents", [{"resident_id": resident_id}], now=now)


def may_be_profiled(age_band: str | None, guardian_consent: bool | None) -> bool:
    """Whether the law permits profiling at this age.

    Parameters
    ----------
    age_band, guardian_consent
        As in the residents table.

    Returns
    -------
    False under 14, and from 14 to 17 without a guardian's consent.
    """
    if age_band == "0-13":
        return False
    return age_band != "14-17" or bool(guardian_consent)


def export_resident(connection: sa.Connection, resident_id: str) -> dict[str, Any]:
    """Everything that is held of a resident; digests of secrets are left out.

    Parameters
    ----------
    connection, resident_id
        The database, and the resident.

    Returns
    -------
    Rows by table.

    Raises
    ------
    UnknownIdError
        If there is no such resident.
    """
    _resident(connection, resident_id)
    held: dict[str, Any] = {}
    for table in (*HELD, *OF_A_RESIDENT):
        columns = [column for column in table.c if column.name not in ("digest", "entry")]
        rows = connection.execute(sa.select(*columns).where(table.c.resident_id == resident_id))
        held[str(table.name)] = [
            {str(name): _plain(value) for name, value in row.items()} for row in rows.mappings()
        ]
    return held


def new_calendar_token(connection: sa.Connection, resident_id: str, *, now: datetime) -> str:
    """A token that reads one resident's calendar and nothing else; earlier ones are revoked.

    Parameters
    ----------
    connection, resident_id
        In a transaction, and the resident.
    now
        The clock.

    Returns
    -------
    The token; only its digest is stored.

    Raises
    ------
    UnknownIdError
        If there is no such resident.
    """
    _resident(connection, resident_id, lock=True)
    end_calendar_tokens(connection, resident_id)
    token = new_secret(CALENDAR_PREFIX)
    connection.execute(
        calendar_tokens.insert().values(
            digest=digest_of(token), resident_id=resident_id, created_at=now
        )
    )
    return token


def end_calendar_tokens(connection: sa.Connection, resident_id: str) -> None:
    """Revoke all calendar tokens of a resident.

    Parameters
    ----------
    connection, resident_id
        The database, and the resident.
    """
    connection.execute(calendar_tokens.delete().where(calendar_tokens.c.resident_id == resident_id))


def opens_calendar(connection: sa.Connection, resident_id: str, token: str) -> bool:
    """Whether a token reads this resident's calendar.

    Parameters
    ----------
    connection, resident_id, token
        The database, the resident, and the token.

    Returns
    -------
    False for an unknown or revoked token, and for another resident's.
    """
    found = connection.execute(
        sa.select(calendar_tokens.c.resident_id).where(calendar_tokens.c.digest == digest_of(token))
    ).scalar_one_or_none()
    return found == resident_id


def _resident(
    connection: sa.Connection, resident_id: str, *, lock: bool = False
) -> sa.Row[tuple[Any, ...]]:
    query = sa.select(_residents).where(_residents.c.resident_id == resident_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise UnknownIdError("There is no such resident.")
    return row


def _replace(
    connection: sa.Connection,
    table: sa.Table,
    resident_id: str,
    targets: Sequence[Target],
    now: datetime,
) -> None:
    wanted = set(targets)
    held = {
        (kind, target)
        for kind, target in connection.execute(
            sa.select(table.c.target_kind, table.c.target).where(table.c.resident_id == resident_id)
        )
    }
    for kind, target in held - wanted:
        connection.execute(
            table.delete().where(
                table.c.resident_id == resident_id,
                table.c.target_kind == kind,
                table.c.target == target,
            )
        )
    if table is _follows:
        _check_targets(connection, wanted - held)
    for kind, target in sorted(wanted - held):
        connection.execute(
            table.insert().values(
                resident_id=resident_id, target_kind=kind, target=target, since=now
            )
        )


def _check_targets(connection: sa.Connection, targets: set[Target]) -> None:
    """Refuse what names nothing of its kind, as an import does; a tag is free text."""
    for kind, target in sorted(targets):
        if kind == "category":
            known = target in CATEGORIES
        elif kind in TARGET_TABLES:
            table = METADATA.tables[TARGET_TABLES[kind]]
            (key,) = table.primary_key.columns
            known = bool(connection.scalar(sa.select(sa.exists().where(key == target))))
        else:
            known = True
        if not known:
            raise UsageError(f"there is no {kind} {target!r} to follow.")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
