"""A plan while it is being solved: how far it is, ending it, asking for it again."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from serving.api.http.access import guarded
from serving.api.routes.plans import PlanId, ask_for_plan
from serving.console.access import OF_PLAN
from serving.planning.explanations import failure_texts
from serving.planning.kept_plans import find_request
from serving.planning.planner import LOST_AFTER
from serving.planning.progress import CANCELLED, FAILED, STAGES, cancel_request, failure_of
from serving.web.assets import has_htmx
from serving.web.display import display_of
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

RELOAD_S = 2
LOST = "lost"
"""Shown where neither the planner nor who waited for it is there any more."""


@router.post("/console/plans/{plan_id}/cancel", **guarded(OF_PLAN, 404))
def cancel(request: Request, plan_id: PlanId) -> Response:
    """End the solving; what was found so far is dropped."""
    service, officer = request.app.state.service, request.scope["principal"].subject
    with service.database.engine().begin() as connection:
        asked = _asked(connection, plan_id)
        cancel_request(connection, asked["request_id"], by=officer, now=service.now())
    return Response(status_code=303, headers={"Location": f"/console/plans/{plan_id}"})


@router.post("/console/plans/{plan_id}/retry", **guarded(OF_PLAN, 404, 429))
def retry(request: Request, plan_id: PlanId) -> Response:
    """Have the same plan made again."""
    with request.app.state.service.database.engine().connect() as connection:
        asked = _asked(connection, plan_id)
    again, _ = ask_for_plan(request, asked["asked"])
    return Response(status_code=303, headers={"Location": f"/console/plans/{again}"})


def solving_page(request: Request, asked: Mapping[str, Any]) -> Response:
    """How the solving of a request stands.

    Parameters
    ----------
    request
        For the page.
    asked
        The row of ``plan_requests``; no plan came of it yet.

    Returns
    -------
    A page that comes again by itself while the plan is being solved.
    """
    since = request.app.state.service.now() - asked["asked_at"]
    state = asked["status"]
    if state not in (FAILED, CANCELLED) and since > LOST_AFTER:
        state = LOST
    ended = state in (FAILED, CANCELLED, LOST)
    progress = asked["progress"] or {}
    failure = failure_of(asked)
    response = page(
        request,
        "plan_solving.html",
        asked=asked,
        state=state,
        ended=ended,
        seconds=max(0, round(since.total_seconds())),
        stage=progress.get("stage", STAGES[0]),
        stages=STAGES,
        value=progress.get("value"),
        gap=progress.get("gap"),
        why=failure_texts(failure, display_of(request).lang),
        said=asked["detail"] if failure["why"] == "asked" else "",
        reload=RELOAD_S,
        status=409 if state in (FAILED, LOST) else 200,
    )
    if ended and request.headers.get("hx-request"):
        response.headers["HX-Refresh"] = "true"
    if not ended and not has_htmx():
        response.headers["Refresh"] = str(RELOAD_S)
    return response


def _asked(connection: Any, plan_id: str) -> Mapping[str, Any]:
    asked = find_request(connection, plan_id)
    if asked is None:
        raise HTTPException(404, "This plan was not requested over HTTP.")
    return asked
