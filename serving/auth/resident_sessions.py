"""Sessions of residents in a browser: a random secret, its digest in the database."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from data.store.tables import METADATA
from recommender.errors import UnknownIdError
from serving.auth.roles import Principal, Role
from serving.auth.secrets import RESIDENT_PREFIX, digest_of, new_secret
from serving.store_tables import resident_sessions

LASTS = timedelta(days=14)

_residents = METADATA.tables["residents"]


def open_resident_session(engine: sa.Engine, resident_id: str, *, now: datetime) -> str:
    """Open a session of a resident whom an issuer named.

    Parameters
    ----------
    engine, resident_id
        The database, and the resident's pseudonym.
    now
        The clock.

    Returns
    -------
    The session's secret; only its digest is stored.

    Raises
    ------
    UnknownIdError
        If there is no such resident.
    """
    secret = new_secret(RESIDENT_PREFIX)
    with engine.begin() as connection:
        known = connection.execute(
            sa.select(_residents.c.resident_id)
            .where(_residents.c.resident_id == resident_id)
            .with_for_update(key_share=True)
        ).first()
        if known is None:
            raise UnknownIdError("There is no such resident.")
        connection.execute(resident_sessions.delete().where(resident_sessions.c.expires_at <= now))
        connection.execute(
            resident_sessions.insert().values(
                digest=digest_of(secret),
                resident_id=resident_id,
                created_at=now,
                expires_at=now + LASTS,
            )
        )
    return secret


def check_resident_session(engine: sa.Engine, secret: str, *, now: datetime) -> Principal | None:
    """Whose session a secret is.

    Parameters
    ----------
    engine, secret
        The database, and what the browser sent.
    now
        The clock.

    Returns
    -------
    The resident; ``None`` for an ended session.
    """
    query = sa.select(resident_sessions.c.resident_id).where(
        resident_sessions.c.digest == digest_of(secret), resident_sessions.c.expires_at > now
    )
    with engine.connect() as connection:
        resident = connection.execute(query).scalar_one_or_none()
    return None if resident is None else Principal(resident, Role.RESIDENT)


def close_resident_session(engine: sa.Engine, secret: str) -> None:
    """End a session.

    Parameters
    ----------
    engine, secret
        The database, and the session.
    """
    with engine.begin() as connection:
        connection.execute(
            resident_sessions.delete().where(resident_sessions.c.digest == digest_of(secret))
        )
