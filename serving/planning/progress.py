"""States of a requested plan, how far its solving is, and the end that an officer may put to it."""

import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.store.audit import append_audit
from recommender.errors import GongxuError
from serving.store_tables import plan_requests

SOLVING, DONE, FAILED, CANCELLED = "solving", "done", "failed", "cancelled"
"""States of a request."""

ENDED = {"why": "ended"}
"""Why a request failed whose planner ended without a word."""

STAGES = ("reading", "solving", "writing")
"""What a planner does, one after the other."""

PAUSE_S = 0.4
"""Seconds between two notes while the solver goes on."""


class CancelledError(GongxuError):
    """An officer ended the solving."""


class Progress:
    """Notes in the database how far a request is.

    Parameters
    ----------
    engine
        Of the database.
    request_id
        The request.
    clock
        Seconds from any origin.
    """

    def __init__(
        self, engine: sa.Engine, request_id: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.engine, self.request_id, self.clock = engine, request_id, clock
        self._told: dict[str, Any] = {}
        self._written = -math.inf

    def begin(self, stage: str) -> None:
        """Note what is done now, one of :data:`STAGES`."""
        self._told["stage"] = stage
        self._write()

    def hear(self, value: float, bound: float) -> None:
        """Note the best plan so far.

        Parameters
        ----------
        value
            What it is worth, weighted attendances; -inf: there is none yet.
        bound
            What no plan can exceed; inf: not known yet.

        Raises
        ------
        CancelledError
            If an officer ended the solving meanwhile.
        """
        known = math.isfinite(value) and math.isfinite(bound) and bound > 0
        self._told["value"] = round(value, 1) if math.isfinite(value) else None
        self._told["gap"] = round(max(0.0, bound - value) / bound, 4) if known else None
        if self.clock() - self._written >= PAUSE_S:
            self._write()

    def _write(self) -> None:
        self._written = self.clock()
        statement = (
            sa.update(plan_requests)
            .where(plan_requests.c.request_id == self.request_id)
            .where(plan_requests.c.status == SOLVING)
            .values(progress=self._told)
        )
        with self.engine.begin() as connection:
            if connection.execute(statement).rowcount == 0:
                raise CancelledError("the solving was ended by an officer.")


def end_request(
    connection: sa.Connection,
    request_id: str,
    status: str,
    *,
    detail: str,
    plan_id: str = "",
    failure: Mapping[str, Any] = ENDED,
) -> bool:
    """Give a request that is being solved its end.

    Parameters
    ----------
    connection
        An open transaction.
    request_id
        The request.
    status
        :data:`DONE`, :data:`FAILED` or :data:`CANCELLED`.
    detail
        Why, or who; may be empty.
    plan_id
        The plan that came of it.
    failure
        Why it failed, as values (:func:`serving.planning.explanations.failure_texts`).

    Returns
    -------
    Whether it was still being solved.
    """
    values: dict[str, Any] = {"status": status, "detail": detail, "plan_id": plan_id or None}
    if status == FAILED:
        values["progress"] = {"failure": dict(failure)}
    statement = (
        sa.update(plan_requests)
        .where(plan_requests.c.request_id == request_id, plan_requests.c.status == SOLVING)
        .values(values)
    )
    return connection.execute(statement).rowcount > 0


def cancel_request(connection: sa.Connection, request_id: str, *, by: str, now: datetime) -> bool:
    """End the solving of a request; who started the planner ends it within a second.

    Parameters
    ----------
    connection
        An open transaction.
    request_id
        The request.
    by
        The officer.
    now
        The clock.

    Returns
    -------
    Whether it was still being solved.
    """
    ended = end_request(connection, request_id, CANCELLED, detail=by)
    if ended:
        append_audit(
            connection, actor=by, action="plan.cancel", subject=request_id, payload={}, now=now
        )
    return ended


def is_cancelled(engine: sa.Engine, request_id: str) -> bool:
    """Whether an officer ended the solving.

    Parameters
    ----------
    engine
        Of the database.
    request_id
        The request.

    Returns
    -------
    Whether its state says so.
    """
    query = sa.select(plan_requests.c.status).where(plan_requests.c.request_id == request_id)
    with engine.connect() as connection:
        return connection.execute(query).scalar_one_or_none() == CANCELLED


def failure_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Why a request has no plan, as values; what earlier releases kept says nothing more."""
    found: Mapping[str, Any] = (request["progress"] or {}).get("failure") or {"why": "asked"}
    return found
