"""Requests that may be sent twice: the second gets the first one's answer."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import Header, HTTPException

from serving.store_tables import idempotent_requests as table

KEPT = timedelta(hours=48)

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[A-Za-z0-9_.:-]{1,200}$",
        description="A repeat with the same key gets the first answer again.",
    ),
]


def once(
    engine: sa.Engine,
    work: Callable[[sa.Connection], bytes],
    *,
    caller: str,
    key: str | None,
    route: str,
    body: bytes,
    now: datetime,
) -> tuple[bytes, bool]:
    """Do the work unless it was done before; the answer is kept in the same transaction.

    Parameters
    ----------
    engine
        The database; the transaction is committed on return.
    work
        Makes the answer in the transaction.
    caller, key
        Whose key it is, and the ``Idempotency-Key``; without one the work is always done.
    route, body
        What was asked; the same key for something else is refused.
    now
        The clock.

    Returns
    -------
    The answer, and whether it was given before.

    Raises
    ------
    HTTPException
        422, if the key was used for another request.
    """
    with engine.begin() as connection:
        if key is None:
            return work(connection), False
        digest = hashlib.sha256(route.encode() + b"\n" + body).hexdigest()
        # The second of two at once waits here until the first has answered.
        lock = sa.func.hashtextextended(f"{caller}\n{key}", 0)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
        row = connection.execute(
            sa.select(table).where(table.c.caller == caller, table.c.idempotency_key == key)
        ).first()
        if row is not None and row.at > now - KEPT:
            if row.request_digest != digest:
                raise HTTPException(422, "This Idempotency-Key was used for another request.")
            return bytes(row.body), True
        answer = work(connection)
        connection.execute(table.delete().where(table.c.at <= now - KEPT))
        connection.execute(
            table.insert().values(
                caller=caller,
                idempotency_key=key,
                route=route,
                request_digest=digest,
                status=200,
                body=answer,
                at=now,
            )
        )
        return answer, False
