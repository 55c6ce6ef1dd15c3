"""Preferences and rights of a resident: the switch, follows, mutes, their data, erasure."""

from typing import Annotated, Any

import anyio.to_thread
import orjson
from fastapi import APIRouter, Form, Request, Response

from recommender.errors import UsageError
from serving.api.http.access import guarded
from serving.api.routes.suggestions import note_reading
from serving.api.service import Service
from serving.outcomes import rights
from serving.outcomes.erasure import erase_resident
from serving.outcomes.target_names import name_targets
from serving.pages.sign_in import OWN
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import drop_session, session_of, signed_in_resident

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ROWS = 50
"""Rows of a table that are shown; the export holds all."""

CONSENT_VERSION = "1"


@router.get("/settings", **guarded(OWN, 404))
async def settings(request: Request, notice: str = "") -> Response:
    """The switch of personalisation, what is followed and muted, and everything that is held."""
    return await _show(request, notice=notice if notice == "saved" else "")


@router.post("/settings/personalisation", **guarded(OWN, 404))
async def switch(request: Request, on: Annotated[bool, Form()] = False) -> Response:
    """Switch personalisation on or off: one step, and it counts in the next list."""
    service, resident = _who(request)

    def work() -> None:
        with service.database.engine().begin() as connection:
            rights.write_preferences(
                connection,
                resident,
                personalised=on,
                consent_version=CONSENT_VERSION,
                now=service.now(),
            )

    try:
        await anyio.to_thread.run_sync(work)
    except UsageError:
        return await _show(request, status=409, refused="minor")
    service.change_counter.increment()
    return Response(status_code=303, headers={"Location": "/settings?notice=saved"})


@router.get("/settings/export.json", **guarded(OWN, 404))
async def export(request: Request) -> Response:
    """Everything that is held, as a file."""
    _, resident = _who(request)
    content = orjson.dumps(await _held(request), option=orjson.OPT_INDENT_2)
    note_reading(request, "export", resident)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(content, 200, headers, media_type="application/json")


@router.post("/settings/erase", **guarded(OWN, 404))
async def erase(request: Request, sure: Annotated[bool, Form()] = False) -> Response:
    """Erase everything that is held, and sign out."""
    service, resident = _who(request)
    if not sure:
        return await _show(request, status=422, refused="confirm")

    def work() -> None:
        with service.database.engine().begin() as connection:
            erase_resident(connection, resident, erasures=service.erasures, now=service.now())

    await anyio.to_thread.run_sync(work)
    service.change_counter.increment()
    service.authenticator.forget(session_of(request) or "")
    request.scope["principal"] = None
    response = page(request, "erased.html")
    drop_session(response)
    return response


async def _held(request: Request) -> dict[str, Any]:
    service, resident = _who(request)

    def work() -> dict[str, Any]:
        service.recorder.flush()
        with service.database.engine().connect() as connection:
            return rights.export_resident(connection, resident)

    return await anyio.to_thread.run_sync(work)


async def _show(
    request: Request, *, status: int = 200, notice: str = "", refused: str = ""
) -> Response:
    service, resident = _who(request)

    def work() -> dict[str, Any]:
        with service.database.engine().connect() as connection:
            held = rights.read_preferences(connection, resident)
            names = name_targets(connection, [*held.follows, *held.mutes])
        return {"held": held, "names": names}

    found = await anyio.to_thread.run_sync(work)
    tables = {
        name: (len(rows), rows[-ROWS:][::-1]) for name, rows in (await _held(request)).items()
    }
    note_reading(request, "view", resident)
    return page(
        request,
        "settings.html",
        status=status,
        tables=tables,
        notice=notice,
        refused=refused,
        **found,
    )


def _who(request: Request) -> tuple[Service, str]:
    resident = signed_in_resident(request)
    return request.app.state.service, resident
