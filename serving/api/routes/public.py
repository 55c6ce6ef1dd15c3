"""What everybody may know: an event, and how lists come about."""

import hashlib
from datetime import datetime
from typing import Annotated, Any

import anyio.to_thread
import orjson
import sqlalchemy as sa
from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import HTMLResponse

from features.time import LOCAL
from serving.api.http.access import unguarded
from serving.api.http.problems import ProblemError
from serving.api.routes.suggestions import ID
from serving.pages.ranking import ranking_page

router = APIRouter(tags=["public"])

_EVENT = sa.text(
    "SELECT e.event_id, coalesce(nullif(e.title, ''), p.title) AS title, p.description,"
    " p.category, e.starts_at, e.ends_at, e.seats, e.ticket_fen, e.status, v.name AS venue,"
    " v.lat, v.lon, s.name AS supplier FROM events e LEFT JOIN products p USING (product_id)"
    " LEFT JOIN venues v USING (venue_id) LEFT JOIN suppliers s USING (supplier_id)"
    " WHERE e.event_id = :event AND (e.published_at IS NULL OR e.published_at <= :now)"
)
_KIND = {
    "performance": "TheaterEvent",
    "exhibition": "ExhibitionEvent",
    "film": "ScreeningEvent",
    "lecture": "EducationEvent",
    "course": "EducationEvent",
}
_OPTIONS = unguarded(404, 503)
_OPTIONS["responses"] = {
    **_OPTIONS["responses"],
    200: {
        "description": "The event",
        "content": {"application/ld+json": {"schema": {"type": "object"}}},
    },
    304: {"description": "Not modified since the ETag that was sent"},
}


@router.get("/v1/events/{event_id}", response_class=Response, **_OPTIONS)
async def event(
    request: Request,
    event_id: Annotated[str, Path(pattern=ID, examples=["E000001"])],
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """An event as schema.org's `Event` in JSON-LD, for search engines and calendars."""
    service = request.app.state.service

    def read() -> dict[str, Any] | None:
        with service.database.engine().connect() as connection:
            asked = {"event": event_id, "now": service.now()}
            found = connection.execute(_EVENT, asked).mappings().first()
        return None if found is None else event_document(dict(found))

    document = await anyio.to_thread.run_sync(read)
    if document is None:
        raise ProblemError(404, "There is no such event.")
    body = orjson.dumps(document)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60"}
    known = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type="application/ld+json")


def event_document(row: dict[str, Any]) -> dict[str, Any]:
    """A row of events, products, venues and suppliers as a schema.org `Event`."""
    place: dict[str, Any] = {"@type": "VirtualLocation"}
    if row["venue"] is not None:
        place = {"@type": "Place", "name": row["venue"]}
        if row["lat"] is not None and row["lon"] is not None:
            place["geo"] = {
                "@type": "GeoCoordinates",
                "latitude": row["lat"],
                "longitude": row["lon"],
            }
    status = "EventCancelled" if row["status"] == "cancelled" else "EventScheduled"
    mode = "OnlineEventAttendanceMode" if row["venue"] is None else "OfflineEventAttendanceMode"
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": _KIND.get(row["category"], "Event"),
        "identifier": row["event_id"],
        "name": row["title"] or row["event_id"],
        "startDate": _local(row["starts_at"]),
        "eventStatus": f"https://schema.org/{status}",
        "eventAttendanceMode": f"https://schema.org/{mode}",
        "location": place,
    }
    if row["ends_at"] is not None:
        document["endDate"] = _local(row["ends_at"])
    if row["description"]:
        document["description"] = row["description"]
    if row["supplier"]:
        document["organizer"] = {"@type": "Organization", "name": row["supplier"]}
    if row["seats"] is not None:
        document["maximumAttendeeCapacity"] = row["seats"]
    if row["ticket_fen"] is not None:
        document["isAccessibleForFree"] = row["ticket_fen"] == 0
        document["offers"] = {
            "@type": "Offer",
            "price": f"{row['ticket_fen'] // 100}.{row['ticket_fen'] % 100:02d}",
            "priceCurrency": "CNY",
        }
    return document


def _local(moment: datetime) -> str:
    return moment.astimezone(LOCAL).isoformat()


@router.get("/v1/ranking", response_class=HTMLResponse, **unguarded())
async def ranking(request: Request) -> HTMLResponse:
    """How lists come about, for residents: what counts, what does not, and how to switch it off."""
    return HTMLResponse(ranking_page(request.app.state.service.model_version()))
