"""Questions about a plan: another budget, and why a product is or is not in a street."""

from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import ValidationError

from recommender.errors import GongxuError
from serving.api.http.access import guarded
from serving.api.routes.plan_bodies import ChangeIn
from serving.api.routes.plans import INPUTS_GONE, what_if, why_not
from serving.console.access import OF_PLAN
from serving.console.plans.pages import PlanId
from serving.planning.kept_plans import read_plan
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 20
"""Changed cells on the page."""

_PRODUCTS = sa.text(
    "SELECT product_id, title, product_id = :typed OR title = :typed AS is_exact FROM products"
    " WHERE product_id = :typed OR strpos(lower(title), lower(:typed)) > 0"
    f" ORDER BY is_exact DESC, listed_from DESC NULLS LAST, product_id LIMIT {SHOWN}"
)

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
        found = _products(request, product.strip())
        if len(found) != 1:
            return {"choices": found, "none_found": not found}
        return {"told": why_not(request, plan_id, found[0].product_id, street)}

    asked = ask if product.strip() and street else None
    return await _answer(request, plan_id, asked, product=product, street=street)


def _products(request: Request, typed: str) -> list[Any]:
    """The product of that number or name, or those whose names hold what was typed."""
    with request.app.state.service.database.engine().connect() as connection:
        found = connection.execute(_PRODUCTS, {"typed": typed}).all()
    exact = [each for each in found if each.is_exact]
    return exact if len(exact) == 1 else list(found)


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
    blank: dict[str, Any] = {"budget": "", "product": "", "street": "", "compared": None}
    blank |= {"told": None, "choices": [], "none_found": False}
    return page(
        request,
        "questions.html",
        status=status,
        plan=content,
        streets=streets,
        shown=SHOWN,
        problem="inputs_gone" if problem == INPUTS_GONE else problem,
        **{**blank, **typed, **found},
    )
