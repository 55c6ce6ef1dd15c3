"""Questions about a plan: another budget, and why a product is or is not in a street."""

from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import ValidationError

from recommender.errors import GongxuError
from serving.api.http.access import guarded
from serving.api.routes.plan_bodies import ChangeIn
from serving.api.routes.plans import what_if, why_not
from serving.console.access import OF_PLAN
from serving.console.plans.pages import PlanId
from serving.planning.kept_plans import read_plan
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 20
"""Changed cells on the page."""

_Code = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f]*$")]


@router.get("/console/plans/{plan_id}/what-if", **guarded(OF_PLAN, 404, 409))
async def other_budget(
    request: Request, plan_id: PlanId, budget_yuan: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """What another budget would buy: solved again, and kept nowhere."""
    typed = budget_yuan.replace(",", "").strip()

    def ask() -> dict[str, Any]:
        change = ChangeIn(budget_fen=round(float(typed) * 100))
        return {"compared": what_if(request, plan_id, change)}

    return await _answer(request, plan_id, ask if typed else None, budget=budget_yuan)


@router.get("/console/plans/{plan_id}/why-not", **guarded(OF_PLAN, 404, 409))
async def why(
    request: Request, plan_id: PlanId, product: _Code = "", street: _Code = ""
) -> Response:
    """Why a product is in the plan for a street or not, and what the opposite would cost."""

    def ask() -> dict[str, Any]:
        return {"told": why_not(request, plan_id, product, street)}

    asked = ask if product and street else None
    return await _answer(request, plan_id, asked, product=product, street=street)


async def _answer(
    request: Request, plan_id: str, ask: Callable[[], dict[str, Any]] | None, **typed: str
) -> Response:
    service = request.app.state.service
    with service.database.engine().connect() as connection:
        _, content = read_plan(connection, plan_id)
    if not content:
        raise HTTPException(404, "There is no plan yet.")
    status, problem, found = 200, "", {}
    if ask is not None:
        try:
            found = await anyio.to_thread.run_sync(ask)
        except (ValidationError, ValueError, OverflowError):
            status, problem = 422, "plan_form"
        except HTTPException as error:
            status, problem = error.status_code, str(error.detail)
        except GongxuError as error:
            status, problem = 409, error.message
    streets = sorted({(each["street_code"], each["street"]) for each in content["lines"]})
    blank = {"budget": "", "product": "", "street": "", "compared": None, "told": None}
    return page(
        request,
        "questions.html",
        status=status,
        plan=content,
        streets=streets,
        shown=SHOWN,
        problem=problem,
        **{**blank, **typed, **found},
    )
