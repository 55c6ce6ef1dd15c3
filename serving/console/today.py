"""The console's first page: what needs a decision, the indices, the age of model and data."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from data.district_time import district_zone, period_bounds, period_of
from recommender.errors import GongxuError
from serving.api.http.access import guarded
from serving.api.service import Service
from serving.auth.roles import Principal, Role
from serving.console.access import ANY_USER, acts_for
from serving.console.demand import default_period, district_demand
from serving.console.plans.kept import read_plans, read_requests
from serving.planning.explanations import failure_texts
from serving.planning.planner import ask
from serving.planning.progress import CANCELLED, failure_of
from serving.web.display import display_of
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN_GAPS = 3
SHOWN_PLANS = 5
FRESH_S = 600.0
"""How long computed indices are shown; as long as the API shows them."""
RELOAD_S = 5
NEWEST_S = 60.0
"""How long the time of the newest booking is shown."""
_SHARES = ("seat_fill", "no_show_rate", "venue_use", "response_rate", "participation", "match")


@router.get("/console", **guarded(ANY_USER))
async def today(request: Request) -> Response:
    """What needs a decision now, and how things stand."""
    service: Service = request.app.state.service
    principal: Principal = request.scope["principal"]
    if principal.role is Role.COUNTER:
        return Response(status_code=303, headers={"Location": "/console/counter"})
    officer = principal.role is not Role.OPERATOR
    now, lang = service.now(), display_of(request).lang
    # The quarter before this one has figures from its first day to its last.
    period = period_of(period_bounds(period_of(now))[0] - timedelta(days=1))
    indices = current_indices(service, period) if officer else []

    def work() -> dict[str, Any]:
        with service.database.engine().connect() as connection:
            newest = _newest_booking(connection, service)
            names = _area_names(connection, principal.areas)
            open_plans, requests = [], []
            if officer:
                open_plans = [
                    plan
                    for plan in read_plans(connection, principal, service.parents())
                    if plan["decided"] < plan["lines"]
                ]
                requests = [
                    asked | {"why": failure_texts(failure_of(asked), lang)[0]}
                    for asked in read_requests(connection, principal, service.parents(), now=now)
                    if asked["status"] != CANCELLED
                ]
        return {
            "newest_booking": newest,
            "areas": names,
            "plans": open_plans[:SHOWN_PLANS],
            "requests": requests,
        }

    found = await anyio.to_thread.run_sync(work)
    loaded = service.refresher.loaded
    gaps: list[dict[Any, Any]] = []
    planned = ""
    if officer and loaded is not None and loaded.demand is not None:
        planned = default_period(loaded.demand, now)
        demand = await anyio.to_thread.run_sync(
            district_demand, loaded.demand, loaded.served.version, planned
        )
        if demand is not None:
            own = [
                row
                for row in demand.streets.to_dict(orient="records")
                if acts_for(request, row["street_code"]) and row["gap"] > 0
            ]
            gaps = sorted(own, key=lambda row: -row["gap"])[:SHOWN_GAPS]
    response = page(
        request,
        "today.html",
        officer=officer,
        period=period,
        planned=planned,
        gaps=gaps,
        indices=indices,
        shares=_SHARES,
        served=None if loaded is None else loaded.served,
        as_of=None
        if loaded is None
        else loaded.served.bundle.manifest.as_of.astimezone(district_zone()),
        degraded=service.refresher.degraded,
        **found,
    )
    if officer and indices is None:
        response.headers["Refresh"] = str(RELOAD_S)
    return response


def current_indices(service: Service, period: str) -> list[dict[str, Any]] | None:
    """The district's indices of a period; ``None`` while they are being computed.

    Parameters
    ----------
    service
        Keeps what was computed, for the API too.
    period
        Such as ``2027Q1``.

    Returns
    -------
    Rows as the API gives them, of the whole district only; empty when they cannot be had.
    """
    held = service.indices.get(period)
    if held is None or time.monotonic() - held[0] > FRESH_S:
        if service.planning.acquire(blocking=False):
            threading.Thread(target=_compute, args=(service, period), daemon=True).start()
        if held is None:
            return None
    return [row for row in held[1].get("items", []) if row["scope"] == "district"]


def _compute(service: Service, period: str) -> None:
    answer: dict[str, Any] = {"items": []}
    try:
        answer = ask({"kind": "indices", "period": period}, service.settings)
    except GongxuError:
        pass  # the page then shows none; the API says why
    finally:
        service.planning.release()
    service.indices.clear()
    service.indices[period] = (time.monotonic(), answer)


def _newest_booking(connection: sa.Connection, service: Service) -> datetime | None:
    """When somebody booked last; read from millions of rows, so at most once a minute."""
    held = service.newest_booking
    if held is None or time.monotonic() - held[0] > NEWEST_S:
        found = connection.execute(sa.text("SELECT max(booked_at) FROM bookings")).scalar()
        held = service.newest_booking = (time.monotonic(), found)
    return held[1]


def _area_names(connection: sa.Connection, areas: frozenset[str]) -> list[str]:
    query = sa.text("SELECT coalesce(name, area_code) FROM areas WHERE area_code = ANY(:areas)")
    return list(connection.execute(query, {"areas": sorted(areas)}).scalars())
