"""Orders and what came of them: ordered, delivered, accepted; predicted against came."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response

from data.schema import ORDER_STATUSES
from data.store.decisions import advance_order
from recommender.errors import UsageError
from serving.api.http.access import guarded
from serving.console.access import OFFICERS, acts_for
from serving.reporting.orders import NEXT_STATUS, read_attendances, read_order_buyer, read_orders
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LENGTH = 50


@router.get("/console/orders", **guarded(OFFICERS))
def orders(
    request: Request,
    status: Annotated[str, Query(max_length=20)] = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Orders of the user's areas, newest decision first."""
    return _show(request, status=status, page_number=page_number)


@router.post("/console/orders/{order_id}/advance", **guarded(OFFICERS, 404, 409))
def advance(
    request: Request,
    order_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")],
    to: Annotated[str, Form(max_length=20)] = "",
    satisfaction: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """Move an order on by one step; the step goes into the audit trail."""
    service, officer = request.app.state.service, request.scope["principal"].subject
    try:
        with service.database.engine().begin() as connection:
            buyer = read_order_buyer(connection, order_id)
            if not acts_for(request, buyer or ""):
                raise HTTPException(
                    403, "This order is of an area that the caller does not act for."
                )
            stars = int(satisfaction) if to == "accepted" and satisfaction.isdecimal() else None
            advance_order(
                connection, order_id, to, actor=officer, now=service.now(), satisfaction=stars
            )
    except UsageError as error:
        return _show(request, code=409, problem=error.message)
    return Response(status_code=303, headers={"Location": "/console/orders"})


def _show(
    request: Request, *, status: str = "", page_number: int = 1, code: int = 200, problem: str = ""
) -> Response:
    service = request.app.state.service
    with service.database.engine().connect() as connection:
        rows = [
            row
            for row in read_orders(connection, status=status if status in ORDER_STATUSES else "")
            if acts_for(request, row["buyer_code"])
        ]
        shown = rows[LENGTH * (page_number - 1) :][:LENGTH]
        came = read_attendances(connection, [row["order_id"] for row in shown])
    return page(
        request,
        "orders.html",
        status=code,
        rows=shown,
        came=came,
        has_more=len(rows) > LENGTH * page_number,
        page_number=page_number,
        chosen=status,
        statuses=ORDER_STATUSES,
        following=NEXT_STATUS,
        totals=_totals(rows),
        problem=problem,
    )


def _totals(rows: list[dict[str, Any]]) -> dict[str, float]:
    bought = [row for row in rows if row["status"] not in ("rejected", "proposed")]
    return {
        "orders": len(bought),
        "amount_fen": sum(row["amount_fen"] or 0 for row in bought),
        "sessions": sum(row["sessions"] for row in bought),
    }
