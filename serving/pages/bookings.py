"""A resident's bookings: book, join the waiting list, cancel, rate."""

from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Form, HTTPException, Request, Response

from serving.api.http.access import guarded
from serving.api.service import Service
from serving.outcomes.booking import BookingRefusedError, Clerk, read_bookings
from serving.pages.events import EventId, event_context
from serving.pages.sign_in import OWN
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import signed_in_resident

router = APIRouter(route_class=PageRoute, include_in_schema=False)

STARS = (5, 4, 3, 2, 1)


@router.get("/bookings", **guarded(OWN))
async def bookings(request: Request, notice: str = "") -> Response:
    """What lies ahead, and what was: with the rating of what is over."""
    return await _list(request, notice=notice if notice in ("cancelled", "rated") else "")


@router.post("/events/{event_id}/book", **guarded(OWN, 404, 409))
async def book(
    request: Request,
    event_id: EventId,
    seats: Annotated[int, Form(ge=1, le=99)] = 1,
    suggestion: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Book, or join the waiting list."""
    if request.app.state.service.options.booking_link is not None:
        raise HTTPException(404, "Bookings are taken elsewhere.")
    try:
        status = await clerk_does(
            request, lambda clerk, who: clerk.book(who, event_id, seats, suggestion or None)
        )
    except BookingRefusedError as refused:
        shown = await event_context(request, event_id, "", suggestion)
        return page(request, "event.html", status=409, notice="", refused=refused.code, **shown)
    return _to(f"/events/{event_id}?notice={status}#booking")


@router.post("/events/{event_id}/cancel", **guarded(OWN, 404, 409))
async def cancel(
    request: Request, event_id: EventId, origin: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Cancel a booking; its seats go to the waiting list."""
    try:
        await clerk_does(request, lambda clerk, who: clerk.cancel(who, event_id))
    except BookingRefusedError as refused:
        return await _list(request, status=409, refused=refused.code)
    if origin == "bookings":
        return _to("/bookings?notice=cancelled")
    return _to(f"/events/{event_id}?notice=cancelled#booking")


@router.post("/events/{event_id}/rate", **guarded(OWN, 404, 409))
async def rate(
    request: Request,
    event_id: EventId,
    stars: Annotated[int, Form(ge=1, le=5)],
    comment: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Rate an event that the resident came to."""
    told = comment.replace("\x00", "").replace("\r\n", " ").strip()
    try:
        await clerk_does(request, lambda clerk, who: clerk.rate(who, event_id, stars, told))
    except BookingRefusedError as refused:
        return await _list(request, status=409, refused=refused.code)
    return _to("/bookings?notice=rated")


async def clerk_does(request: Request, act: Callable[[Clerk, str], Any]) -> Any:
    """Have something written for the signed-in resident; every worker knows of it at once.

    Parameters
    ----------
    request
        Of a signed-in resident.
    act
        What the clerk does for the resident.

    Returns
    -------
    What ``act`` returns.
    """
    service: Service = request.app.state.service
    resident = signed_in_resident(request)

    def work() -> Any:
        with service.database.engine().begin() as connection:
            return act(Clerk(connection, service.now(), service.erasures), resident)

    done = await anyio.to_thread.run_sync(work)
    service.change_counter.increment()
    return done


async def _list(
    request: Request, *, status: int = 200, notice: str = "", refused: str = ""
) -> Response:
    service: Service = request.app.state.service
    resident = signed_in_resident(request)

    def work() -> list[dict[str, Any]]:
        with service.database.engine().connect() as connection:
            return read_bookings(connection, resident)

    rows = await anyio.to_thread.run_sync(work)
    now = service.now()
    for row in rows:
        row["over"] = (row["ends_at"] or row["starts_at"]) <= now
    ahead = [row for row in rows if not row["over"] and row["status"] in ("booked", "waitlisted")]
    return page(
        request,
        "bookings.html",
        status=status,
        ahead=ahead[::-1],
        past=[row for row in rows if row not in ahead],
        stars=STARS,
        notice=notice,
        refused=refused,
        now=now,
    )


def _to(path: str) -> Response:
    return Response(status_code=303, headers={"Location": path})
