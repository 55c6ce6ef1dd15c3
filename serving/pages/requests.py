"""Residents ask for what is missing, and see what came of it."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Form, Request, Response

from data.schema import CATEGORIES
from recommender.errors import UsageError
from serving.api.http.access import guarded
from serving.api.service import Service
from serving.outcomes.requests import TooManyRequestsError, ask_for, read_requests
from serving.pages.sign_in import OWN
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import signed_in_resident

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/requests", **guarded(OWN, 404))
async def requests(request: Request, notice: str = "") -> Response:
    """The form, and the resident's earlier requests with their answers."""
    return await _show(request, notice=notice if notice == "asked" else "")


@router.post("/requests", **guarded(OWN, 404, 409))
async def ask(
    request: Request,
    category: Annotated[str, Form(max_length=50)] = "",
    words: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Note a request."""
    service: Service = request.app.state.service
    resident = signed_in_resident(request)
    kind, target = ("text", words) if words.strip() else ("category", category)

    def work() -> None:
        with service.database.engine().begin() as connection:
            ask_for(
                connection,
                resident,
                kind,
                target.replace("\x00", ""),
                now=service.now(),
                erasures=service.erasures,
            )

    try:
        await anyio.to_thread.run_sync(work)
    except TooManyRequestsError:
        return await _show(request, status=409, refused="many_requests")
    except UsageError:
        return await _show(request, status=422, refused="value")
    return Response(status_code=303, headers={"Location": "/requests?notice=asked"})


async def _show(
    request: Request, *, status: int = 200, notice: str = "", refused: str = ""
) -> Response:
    service: Service = request.app.state.service
    resident = signed_in_resident(request)

    def work() -> list[dict[str, Any]]:
        with service.database.engine().connect() as connection:
            return read_requests(connection, resident)

    return page(
        request,
        "requests.html",
        status=status,
        kinds=CATEGORIES,
        rows=await anyio.to_thread.run_sync(work),
        notice=notice,
        refused=refused,
    )
