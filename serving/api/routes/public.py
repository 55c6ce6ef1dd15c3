"""Public information: an event, and how lists are made."""

import hashlib
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import HTMLResponse

from serving.api.http.access import unguarded
from serving.api.routes.suggestions import ID
from serving.exports.event_documents import event_document, read_event
from serving.pages.ranking import ranking_page

router = APIRouter(tags=["public"])

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
def event(
    request: Request,
    event_id: Annotated[str, Path(pattern=ID, examples=["E000001"])],
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """An event as schema.org's `Event` in JSON-LD, for search engines and calendars."""
    service = request.app.state.service
    with service.database.engine().connect() as connection:
        body = orjson.dumps(event_document(read_event(connection, event_id, now=service.now())))
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60"}
    known = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type="application/ld+json")


@router.get("/v1/ranking", response_class=HTMLResponse, **unguarded())
async def ranking(request: Request) -> HTMLResponse:
    """How lists are made, for residents: what counts, what does not, and how to switch it off."""
    return HTMLResponse(ranking_page(request.app.state.service.model_version()))
