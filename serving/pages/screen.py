"""A page for screens in lobbies, hotels and stations: it comes again by itself."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Path, Request, Response

from serving.api.http.access import unguarded
from serving.api.routes.suggestions import ID, current_state
from serving.pages.whats_on import programme_of
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 6
RELOAD_S = 300


@router.get("/screens/{place}", **unguarded(404, 503))
async def screen(request: Request, place: Annotated[str, Path(pattern=ID)]) -> Response:
    """The list of an area or venue in large letters."""
    state, degraded = await current_state(request, None)
    now = request.app.state.service.now()

    def work() -> dict[str, Any]:
        entries = programme_of(state).entries(state.for_place(place, 2 * SHOWN, now).lines, "", now)
        names = state.suggester.list_tables.place_names
        return {"entries": entries[:SHOWN], "name": names.get(place, "")}

    found = await anyio.to_thread.run_sync(work)
    response = page(request, "screen.html", now=now, degraded=degraded, **found)
    response.headers["Refresh"] = str(RELOAD_S)
    return response
