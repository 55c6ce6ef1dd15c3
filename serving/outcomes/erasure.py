"""The right to erasure: a resident goes from every table and does not come back."""

from datetime import datetime

import sqlalchemy as sa

from data.store.erasures import LOCK_TO_ERASE, Erasures
from data.store.tables import METADATA
from recommender.errors import UnknownIdError
from serving.outcomes.changes import note_changes
from serving.outcomes.rights import HELD
from serving.store_tables import OF_A_RESIDENT, access_log

_residents = METADATA.tables["residents"]


def erase_resident(
    connection: sa.Connection, resident_id: str, *, erasures: Erasures, now: datetime
) -> bool:
    """Erase a resident from every table; the caller commits.

    A keyed digest of the pseudonym stays, so that late rows do not bring them back. Waits up to
    half a minute for an import that is writing rows of residents.

    Parameters
    ----------
    connection, resident_id
        In a transaction, and the resident.
    erasures
        Makes and stores the digest.
    now
        The clock.

    Returns
    -------
    False if they were erased before.

    Raises
    ------
    UnknownIdError
        If there never was such a resident.
    """
    connection.execute(sa.text("SET LOCAL lock_timeout = 30000"))
    connection.execute(sa.text("SET LOCAL statement_timeout = 40000"))
    connection.execute(sa.text(LOCK_TO_ERASE))
    digest = erasures.digest(resident_id)
    # The resident's own row goes first: writers that refer to it hold it until they are done.
    gone = connection.execute(
        _residents.delete().where(_residents.c.resident_id == resident_id)
    ).rowcount
    if not gone and digest not in erasures.read(connection):
        raise UnknownIdError("There is no such resident.")
    events = connection.execute(
        sa.select(METADATA.tables["bookings"].c.event_id).where(
            METADATA.tables["bookings"].c.resident_id == resident_id
        )
    ).scalars()
    freed = [{"event_id": event} for event in sorted(set(events))]
    for table in (*HELD, *OF_A_RESIDENT):
        connection.execute(table.delete().where(table.c.resident_id == resident_id))
    connection.execute(access_log.delete().where(access_log.c.caller == resident_id))
    erasures.store(connection, [digest], now=now)
    note_changes(connection, "erasures", [{}], now=now)
    if freed:
        note_changes(connection, "bookings", freed, now=now)
    return bool(gone)


def reapply_erasures(engine: sa.Engine, erasures: Erasures, *, now: datetime) -> int:
    """Erase again whoever the journal names and the database does not, as after a restore.

    Parameters
    ----------
    engine
        The database.
    erasures
        The digests and their journal.
    now
        The clock.

    Returns
    -------
    How many residents were erased again.
    """
    with engine.begin() as connection:
        erasures.rekey(connection)
        missing = erasures.journal() - erasures.read(connection)
        if not missing:
            return 0
        connection.execute(sa.text(LOCK_TO_ERASE))
        residents = connection.execute(sa.select(_residents.c.resident_id)).scalars().all()
        back = [each for each in residents if erasures.digest(each) in missing]
        for resident in back:
            erase_resident(connection, resident, erasures=erasures, now=now)
        others = missing - {erasures.digest(each) for each in back}
        if others:
            erasures.store(connection, others, now=now)
    return len(back)
