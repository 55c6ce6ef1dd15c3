"""Operations: the last nights with their reasons, failures, disk, degraded state."""

from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from serving.api.http.access import guarded
from serving.api.service import Service
from serving.console.access import OPERATORS
from serving.operations.status import read_disk, read_status
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/console/operations", **guarded(OPERATORS))
async def operations(request: Request) -> Response:
    """How the installation stands."""
    service: Service = request.app.state.service

    def work() -> dict[str, Any]:
        with service.database.engine().connect() as connection:
            found = read_status(connection, now=service.now())
        return {
            **found,
            "disk": read_disk(service.settings.home),
        }

    state = service.refresher.state
    return page(
        request,
        "operations.html",
        degraded=service.refresher.degraded,
        snapshot_at=None if state is None else state.at,
        **await anyio.to_thread.run_sync(work),
    )
