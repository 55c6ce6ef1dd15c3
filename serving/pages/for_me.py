"""A list for the resident, why each event is in it, and one tap to correct it."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Form, Request, Response

from recommender.errors import UsageError
from serving.api.http.access import guarded
from serving.api.routes.suggestions import current_state, note_reading
from serving.api.service import Service
from serving.outcomes import rights
from serving.pages.mixing import mix
from serving.pages.sign_in import OWN
from serving.pages.whats_on import programme_of
from serving.web.forms import local_path
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import signed_in_resident

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 12
SURFACE = "pages"
FOLLOW_KINDS = ("category", "tag", "supplier", "venue", "product")
MUTE_KINDS = (*FOLLOW_KINDS, "event")
_Target = Annotated[str, Form(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


@router.get("/for-me", **guarded(OWN, 404))
async def for_me(request: Request, notice: str = "") -> Response:
    """The signed-in resident's list; that of their street where personalisation is off."""
    service: Service = request.app.state.service
    resident, now = signed_in_resident(request), service.now()
    state, degraded = await current_state(request, None)

    def work() -> dict[str, Any]:
        answer = state.for_resident(resident, 2 * SHOWN, now)
        entries = mix(programme_of(state).entries(answer.lines, "", now), SHOWN, now)
        shown = {entry.event_id for entry in entries}
        lines = [line for line in answer.lines if line["event_id"] in shown]
        service.recorder.shown(resident, SURFACE, lines, caller=request.scope["principal"])
        return {"entries": entries, "personal": answer.personal}

    found = await anyio.to_thread.run_sync(work)
    note_reading(request, "suggestions", resident)
    told = notice if notice in ("muted", "followed") else ""
    return page(request, "for_me.html", degraded=degraded, notice=told, **found)


@router.post("/mutes", **guarded(OWN, 404))
async def mute(
    request: Request,
    target: _Target,
    kind: Annotated[str, Form(max_length=20)],
    remove: Annotated[bool, Form()] = False,
    to: Annotated[str, Form(alias="next", max_length=2000)] = "/for-me?notice=muted",
) -> Response:
    """Not interested in an event, a category or a group; or not any more."""
    return await _change(request, "mutes", MUTE_KINDS, (kind, target), remove=remove, to=to)


@router.post("/follows", **guarded(OWN, 404))
async def follow(
    request: Request,
    target: _Target,
    kind: Annotated[str, Form(max_length=20)],
    remove: Annotated[bool, Form()] = False,
    to: Annotated[str, Form(alias="next", max_length=2000)] = "/for-me?notice=followed",
) -> Response:
    """Follow a category, a group or a venue; or no longer."""
    return await _change(request, "follows", FOLLOW_KINDS, (kind, target), remove=remove, to=to)


async def _change(
    request: Request,
    which: str,
    kinds: tuple[str, ...],
    target: rights.Target,
    *,
    remove: bool,
    to: str,
) -> Response:
    service: Service = request.app.state.service
    resident = signed_in_resident(request)
    if target[0] not in kinds:
        raise UsageError("There is nothing of that kind.")

    def work() -> None:
        with service.database.engine().begin() as connection:
            held = rights.read_preferences(connection, resident, lock=True)
            others = [each for each in getattr(held, which) if each != target]
            rights.write_preferences(
                connection,
                resident,
                follows=others + ([] if remove else [target]) if which == "follows" else None,
                mutes=others + ([] if remove else [target]) if which == "mutes" else None,
                consent_version="1",
                now=service.now(),
            )

    await anyio.to_thread.run_sync(work)
    service.change_counter.increment()
    return Response(status_code=303, headers={"Location": local_path(to, "/for-me")})
