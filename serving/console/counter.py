"""Booking at a counter for people without a telephone."""

from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Form, Query, Request, Response

from recommender.errors import UnknownIdError
from serving.api.http.access import guarded
from serving.api.routes.suggestions import current_state
from serving.api.service import Service
from serving.console.access import COUNTERS
from serving.exports.event_documents import read_event
from serving.outcomes.booking import PARTY_MAX, BookingRefusedError, Clerk
from serving.pages.events import EventId
from serving.pages.programme import Wishes
from serving.pages.whats_on import programme_of
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 40
_Number = Annotated[str, Form(max_length=200, pattern=r"^[A-Za-z0-9_.:/-]*$")]


@router.get("/console/counter", **guarded(COUNTERS))
async def counter(request: Request, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Events that can be booked, by time."""
    state, _ = await current_state(request, None)
    now = request.app.state.service.now()

    def work() -> list[Any]:
        found = programme_of(state).find(Wishes(when="all"), now)
        return [entry for entry in found if q.strip().lower() in entry.title.lower()]

    entries = await anyio.to_thread.run_sync(work)
    return page(request, "counter.html", entries=entries[:SHOWN], words=q)


@router.get("/console/counter/{event_id}", **guarded(COUNTERS, 404))
async def event(request: Request, event_id: EventId) -> Response:
    """One event, with the form."""
    return await _show(request, event_id)


@router.post("/console/counter/{event_id}/book", **guarded(COUNTERS, 404, 409))
async def book(
    request: Request,
    event_id: EventId,
    resident: _Number = "",
    seats: Annotated[int, Form(ge=1, le=99)] = 1,
) -> Response:
    """Book for a resident, or for somebody who gets a number now."""

    def act(clerk: Clerk) -> tuple[str, str]:
        who = resident.strip() or clerk.admit(None)
        return clerk.book(who, event_id, seats), who

    return await _do(request, event_id, act, seats=seats)


@router.post("/console/counter/{event_id}/cancel", **guarded(COUNTERS, 404, 409))
async def cancel(request: Request, event_id: EventId, resident: _Number = "") -> Response:
    """Cancel a resident's booking."""

    def act(clerk: Clerk) -> tuple[str, str]:
        try:
            clerk.cancel(resident.strip(), event_id)
        except UnknownIdError:
            raise BookingRefusedError("no_booking", "There is no such booking.") from None
        return "cancelled", resident.strip()

    return await _do(request, event_id, act)


async def _do(
    request: Request, event_id: str, act: Callable[[Clerk], tuple[str, str]], *, seats: int = 0
) -> Response:
    service: Service = request.app.state.service

    def work() -> tuple[str, str]:
        with service.database.engine().begin() as connection:
            return act(Clerk(connection, service.now(), service.erasures))

    try:
        done, who = await anyio.to_thread.run_sync(work)
    except BookingRefusedError as refused:
        return await _show(request, event_id, status=409, refused=refused.code)
    service.change_counter.increment()
    user = request.scope["principal"]
    service.recorder.read(
        caller=user.subject,
        role=user.role.value,
        action="booking",
        resident_id=who,
        request=request.scope["request_id"],
    )
    return await _show(request, event_id, slip={"done": done, "who": who, "n": seats})


async def _show(
    request: Request,
    event_id: str,
    *,
    status: int = 200,
    refused: str = "",
    slip: dict[str, Any] | None = None,
) -> Response:
    service: Service = request.app.state.service

    def work() -> dict[str, Any]:
        with service.database.engine().connect() as connection:
            return read_event(connection, event_id, now=service.now())

    found = await anyio.to_thread.run_sync(work)
    return page(
        request,
        "counter_event.html",
        status=status,
        event=found,
        left=None if found["seats"] is None else max(0, found["seats"] - found["taken"]),
        party_max=PARTY_MAX,
        refused=refused,
        slip=slip,
    )
