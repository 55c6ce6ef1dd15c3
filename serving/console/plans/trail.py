"""A plan's stages (七个一) and its audit trail."""

import json
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from data.store.audit import AuditEntry, read_audit_of
from data.store.stages import pass_stage, read_stages
from recommender.errors import UsageError
from serving.api.http.access import guarded
from serving.console.access import OF_PLAN
from serving.console.plans.pages import PlanId
from serving.planning.kept_plans import read_plan
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/console/plans/{plan_id}/audit", **guarded(OF_PLAN, 404))
def audit(request: Request, plan_id: PlanId) -> Response:
    """The stages, and who did what to the plan, its lines and its orders, oldest first."""
    return _show(request, plan_id)


@router.post("/console/plans/{plan_id}/stages", **guarded(OF_PLAN, 404, 409))
def next_stage(
    request: Request,
    plan_id: PlanId,
    stage: Annotated[str, Form(max_length=200)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Complete the plan's next stage; it goes into the audit trail."""
    service, officer = request.app.state.service, request.scope["principal"].subject
    try:
        with service.database.engine().begin() as connection:
            _, content = read_plan(connection, plan_id)
            if not content:
                raise HTTPException(404, "There is no plan yet.")
            told = note.replace("\x00", "").strip()
            pass_stage(
                connection, content["plan_id"], stage, actor=officer, note=told, now=service.now()
            )
    except UsageError as error:
        return _show(request, plan_id, status=409, problem=error.message)
    return Response(status_code=303, headers={"Location": f"/console/plans/{plan_id}/audit"})


def _show(request: Request, plan_id: str, *, status: int = 200, problem: str = "") -> Response:
    with request.app.state.service.database.engine().connect() as connection:
        _, content = read_plan(connection, plan_id)
        if not content:
            raise HTTPException(404, "There is no plan yet.")
        stages = read_stages(connection, content["plan_id"])
        subjects = [content["plan_id"], *(line["line_id"] for line in content["lines"])]
        entries = read_audit_of(connection, subjects)
    return page(
        request,
        "audit.html",
        status=status,
        plan=content,
        stages=stages,
        due=next((name for name, passed in stages if passed is None), ""),
        entries=[(each, datetime.fromisoformat(each.at), _facts(each)) for each in entries],
        problem=problem,
    )


def _facts(entry: AuditEntry) -> list[tuple[str, str]]:
    """What an entry says besides, one fact a line; nested ones as they are kept."""
    told = json.loads(entry.payload)
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in told.items()
        if value not in (None, "", [], {})
    ]
