"""Requests that may be sent twice: the second gets the first one's answer."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from serving.api.http.problems import ProblemError
from serving.store_tables import idempotent_requests as table

KEPT = timedelta(hours=48)

Answer = tuple[int, bytes]
"""Status and body."""


def once(
    connection: sa.Connection,
    *,
    caller: str,
    key: str | None,
    route: str,
    body: bytes,
    now: datetime,
    work: Callable[[], Answer],
) -> tuple[Answer, bool]:
    """Do the work unless it was done before; the answer is kept in the same transaction.

    Parameters
    ----------
    connection
        In a transaction, which the caller commits.
    caller, key
        Whose key it is, and the ``Idempotency-Key``; without one the work is always done.
    route, body
        What was asked; the same key for something else is refused.
    now
        The clock.
    work
        Makes the answer.

    Returns
    -------
    The answer, and whether it was given before.

    Raises
    ------
    ProblemError
        422, if the key was used for another request.
    """
    if key is None:
        return work(), False
    digest = hashlib.sha256(route.encode() + b"\n" + body).hexdigest()
    # The second of two at once waits here until the first has answered.
    lock = sa.func.hashtextextended(f"{caller}\n{key}", 0)
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
    row = connection.execute(
        sa.select(table).where(table.c.caller == caller, table.c.idempotency_key == key)
    ).first()
    if row is not None and row.at > now - KEPT:
        if row.request_digest != digest:
            raise ProblemError(422, "This Idempotency-Key was used for another request.")
        return (row.status, bytes(row.body)), True
    answer = work()
    connection.execute(table.delete().where(table.c.at <= now - KEPT))
    connection.execute(
        table.insert().values(
            caller=caller,
            idempotency_key=key,
            route=route,
            request_digest=digest,
            status=answer[0],
            body=answer[1],
            at=now,
        )
    )
    return answer, False
