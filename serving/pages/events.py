"""The page of one event, and its calendar file."""

from typing import Annotated, Any
from urllib.parse import quote

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from markupsafe import Markup

from recommender.errors import UnknownIdError
from serving.api.http.access import unguarded
from serving.api.online.state import OnlineState
from serving.api.routes.suggestions import ID, current_state
from serving.exports.event_documents import event_document, read_event
from serving.messages.catalogue import Lang, text
from serving.outcomes.booking import PARTY_MAX, held_booking, waiting_ahead
from serving.pages.whats_on import programme_of
from serving.suggestions.calendar import calendar_of
from serving.web.display import display_of
from serving.web.map import Place, sketch
from serving.web.moments import local_date
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import resident_of, visitor

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SIMILAR = 4
SESSIONS = 8
LISTED = 100
"""Suggestions among which an event's reasons are looked for."""

EventId = Annotated[str, Path(pattern=ID)]


NOTICES = ("booked", "waitlisted", "cancelled", "followed", "muted")
"""Sentences that may be shown after a form was sent."""


@router.get("/events/{event_id}", dependencies=[Depends(visitor)], **unguarded(404, 503))
async def event(
    request: Request,
    event_id: EventId,
    place: Annotated[str, Query(max_length=200)] = "",
    notice: Annotated[str, Query(max_length=40)] = "",
    suggestion: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """One event: when, where, seats, why it is suggested, other sessions, similar events."""
    shown = await event_context(request, event_id, place, suggestion)
    told = notice if notice in NOTICES else ""
    return page(request, "event.html", notice=told, refused="", **shown)


async def event_context(
    request: Request, event_id: str, place: str, suggestion: str
) -> dict[str, Any]:
    """What an event's page shows.

    Parameters
    ----------
    request
        The request.
    event_id
        The event.
    place
        Code of the area the visitor chose; may be empty.
    suggestion
        The line of the list that led here; may be empty.

    Returns
    -------
    The template's values.
    """
    service = request.app.state.service
    state, _ = await current_state(request, None)
    now, lang, resident = service.now(), display_of(request).lang, resident_of(request)
    link = service.options.booking_link

    def work() -> dict[str, Any]:
        with service.database.engine().connect() as connection:
            found = read_event(connection, event_id, now=now)
            held = held_booking(connection, resident, event_id) if resident else None
            waits = held is not None and held["status"] == "waitlisted"
            ahead = waiting_ahead(connection, held["booking_id"]) if held and waits else None
        programme = programme_of(state)
        reasons, similar = [], []
        try:
            similar = programme.entries(state.similar(event_id, SIMILAR, now).lines, place, now)
            if place or not resident:
                listed = state.for_place(place, LISTED, now).lines if place else []
            else:
                listed = state.for_resident(resident, LISTED, now).lines
            reasons = [line["reasons"] for line in listed if line["event_id"] == event_id]
        except UnknownIdError:
            pass  # newer than the model, or a place that is none
        closes = found["booking_closes_at"] or found["last_entry"]
        left = None if found["seats"] is None else max(0, found["seats"] - found["taken"])
        sessions = [
            entry
            for entry in programme.sessions_of(found["product_id"] or "", now)
            if entry.event_id != event_id
        ]
        return {
            "event": found,
            "document": event_document(found),
            "same_day": found["ends_at"] is not None
            and local_date(found["ends_at"]) == local_date(found["starts_at"]),
            "held": held,
            "ahead": ahead,
            "resident": resident,
            "party_max": PARTY_MAX,
            "link": None if link is None else link.format(event_id=quote(event_id, safe="")),
            "bookable": found["status"] in (None, "open") and closes > now,
            "seats_free": left is None or left > 0,
            "seat_words": _seat_words(found, left, lang),
            "reasons": reasons[0] if reasons else [],
            "sessions": sessions[:SESSIONS],
            "similar": similar,
            "place": place,
            "suggestion": suggestion,
            "map": _map(state, found, text("page.map_caption", lang)),
        }

    return await anyio.to_thread.run_sync(work)


@router.get("/events/{event_id}/calendar.ics", **unguarded(404, 503))
async def event_calendar(request: Request, event_id: EventId) -> Response:
    """One event as a calendar file."""
    service = request.app.state.service
    now = service.now()

    def work() -> bytes:
        with service.database.engine().connect() as connection:
            found = read_event(connection, event_id, now=now)
        ends = {} if found["ends_at"] is None else {event_id: found["ends_at"]}
        line = {
            "event_id": event_id,
            "title": found["title"],
            "starts_at": found["starts_at"],
            "reasons": [],
        }
        return calendar_of([line], {event_id: found["venue"] or ""}, ends, made_at=now)

    made = await anyio.to_thread.run_sync(work)
    headers = {"Content-Disposition": 'attachment; filename="event.ics"'}
    return Response(made, 200, headers, media_type="text/calendar; charset=utf-8")


def _seat_words(found: dict[str, Any], left: int | None, lang: Lang) -> str:
    if left is None:
        return text("page.seats_unknown", lang)
    seats, waiting = found["seats"], found["waiting"]
    if left == 0:
        return text("page.seats_waiting", lang, seats=seats, waiting=waiting)
    return text("page.seats_of", lang, seats=seats, left=left)


def _map(state: OnlineState, found: dict[str, Any], title: str) -> Markup:
    if found["lat"] is None or found["lon"] is None:
        return Markup("")
    areas = state.tables["areas"]
    streets = areas[(areas["level"].astype("str") == "street") & areas["lat"].notna()]
    places = [
        Place(str(name), float(lat), float(lon))
        for name, lat, lon in zip(streets["name"], streets["lat"], streets["lon"], strict=True)
    ]
    here = Place(found["venue"] or "", found["lat"], found["lon"], here=True)
    return sketch([*places, here], title=f"{title}: {found['venue']}")
