"""A plan's filled-in workbook, uploaded: what was recorded, and what does not fit."""

from dataclasses import asdict

import anyio.to_thread
from fastapi import APIRouter, HTTPException, Request, Response
from starlette.datastructures import UploadFile

from serving.api.http.access import guarded
from serving.console.access import OF_PLAN
from serving.console.plans.pages import PlanId
from serving.messages.catalogue import text
from serving.planning.decisions.deciding import decide_workbook, tally
from serving.planning.decisions.filled_workbook import WorkbookRefusedError, read_workbook
from serving.planning.kept_plans import read_plan
from serving.web.display import display_of
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/console/plans/{plan_id}/workbook", **guarded(OF_PLAN, 404, 409))
async def read_back(request: Request, plan_id: PlanId) -> Response:
    """Record the decisions of a workbook; the signed-in user decides, whoever it names."""
    form = await request.form()
    given, dry_run = form.get("workbook"), form.get("dry_run") == "true"
    content = await given.read() if isinstance(given, UploadFile) else b""
    service, officer = request.app.state.service, request.scope["principal"].subject

    def work() -> Response:
        with service.database.engine().begin() as connection:
            _, plan = read_plan(connection, plan_id)
            if not plan:
                raise HTTPException(404, "There is no plan yet.")
            problem = "" if content else text("decide.no_file", display_of(request).lang)
            try:
                filled = read_workbook(content) if content else None
                verdicts = [] if filled is None else decide_workbook(
                    connection, filled, officer=officer, now=service.now(),
                    plan_id=plan["plan_id"], dry_run=dry_run,
                )  # fmt: skip
            except WorkbookRefusedError as error:
                filled, verdicts = None, []
                problem = text(f"decide.{error.code}", display_of(request).lang, **error.values)
        return page(
            request,
            "plan_workbook.html",
            status=422 if problem else 200,
            plan=plan,
            problem=problem,
            dry_run=dry_run,
            verdicts=[asdict(each) for each in verdicts],
            counts=tally(verdicts),
            open_lines=0 if filled is None else filled.open_lines,
        )

    return await anyio.to_thread.run_sync(work)
