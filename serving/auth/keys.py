"""API keys: hashed, scoped, revocable, with the time of last use."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from recommender.errors import UnknownIdError, UsageError
from serving.auth.roles import SCOPES, Principal, Role
from serving.auth.secrets import KEY_PREFIX, digest_of, new_secret
from serving.store_tables import api_keys

_USE_RECORDED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; ``secret`` is shown once."""

    key_id: str
    secret: str


def add_key(
    engine: sa.Engine,
    name: str,
    *,
    role: Role,
    scopes: Iterable[str] = (),
    areas: Iterable[str] = (),
    now: datetime,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key.

    Parameters
    ----------
    engine
        The database.
    name
        Whose key it is, for people.
    role
        What its holder may do; not ``resident``.
    scopes
        For a service: some of :data:`serving.auth.roles.SCOPES`.
    areas
        For an officer: codes of the areas acted for.
    now, expires_at
        The clock, and when the key ends; never when left out.

    Returns
    -------
    The key, with the only copy of its secret.

    Raises
    ------
    UsageError
        If the scopes or areas do not fit the role.
    """
    chosen, own = sorted(set(scopes)), sorted(set(areas))
    if role is Role.RESIDENT:
        raise UsageError("residents have no API keys.", "They come with a token of their own.")
    if unknown := set(chosen) - set(SCOPES):
        raise UsageError(f"unknown scope {sorted(unknown)[0]!r}.", f"Known: {', '.join(SCOPES)}.")
    if role is Role.SERVICE and not chosen:
        raise UsageError("a service's key needs a scope.", f"Known: {', '.join(SCOPES)}.")
    if role is Role.OFFICER and not own:
        raise UsageError("an officer acts for areas.", "Name them: --area CODE.")
    key_id, secret = f"key-{secrets.token_hex(4)}", new_secret(KEY_PREFIX)
    with engine.begin() as connection:
        connection.execute(
            api_keys.insert().values(
                key_id=key_id,
                name=name,
                digest=digest_of(secret),
                role=role.value,
                scopes=chosen,
                areas=own,
                created_at=now,
                expires_at=expires_at,
            )
        )
    return NewKey(key_id, secret)


def list_keys(engine: sa.Engine) -> list[dict[str, object]]:
    """All keys, without their secrets or digests, newest first."""
    columns = [column for column in api_keys.c if column.name != "digest"]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*columns).order_by(api_keys.c.created_at.desc()))
        return [dict(row) for row in rows.mappings()]


def revoke_key(engine: sa.Engine, key_id: str, *, now: datetime) -> None:
    """Revoke a key: it is refused from now on.

    Parameters
    ----------
    engine, key_id
        The database, and the key.
    now
        The clock.

    Raises
    ------
    UnknownIdError
        If there is no such key.
    """
    with engine.begin() as connection:
        done = connection.execute(
            api_keys.update()
            .where(api_keys.c.key_id == key_id)
            .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, now))
        )
    if not done.rowcount:
        raise UnknownIdError(f"there is no key {key_id!r}.", "See `gongxu keys list`.")


def check_key(engine: sa.Engine, secret: str, *, now: datetime) -> Principal | None:
    """Find out whose key a secret is, and record the use.

    Parameters
    ----------
    engine, secret
        The database, and what the caller sent.
    now
        The clock.

    Returns
    -------
    The caller; ``None`` for a key that is unknown, revoked or expired.
    """
    with engine.begin() as connection:
        row = connection.execute(
            sa.select(api_keys).where(api_keys.c.digest == digest_of(secret))
        ).first()
        if row is None or row.revoked_at is not None:
            return None
        if row.expires_at is not None and row.expires_at <= now:
            return None
        if row.last_used_at is None or now - row.last_used_at >= _USE_RECORDED_EVERY:
            connection.execute(
                api_keys.update().where(api_keys.c.key_id == row.key_id).values(last_used_at=now)
            )
    return Principal(row.key_id, Role(row.role), frozenset(row.areas), frozenset(row.scopes))
