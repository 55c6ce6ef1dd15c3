"""Orders that follow from decisions: which there are, and their next step."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from data.schema import ORDER_STATUSES
from data.store.decisions import advance_order
from recommender.errors import UsageError
from serving.api.http.access import Access, guarded
from serving.auth.roles import Role
from serving.reporting.orders import read_order_buyer, read_orders

router = APIRouter(tags=["orders"])

OFFICERS = Access(Role.OFFICER, Role.DISTRICT)


class Order(BaseModel):
    """An approved, changed or rejected line, and how far it went."""

    order_id: str
    plan_id: str | None
    buyer_code: str
    product_id: str
    title: str
    venue: str | None
    sessions: int
    amount_fen: int | None
    status: str = Field(examples=list(ORDER_STATUSES))
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    satisfaction: int | None


class Orders(BaseModel):
    """Orders of the caller's areas, newest decision first."""

    items: list[Order]


class Step(BaseModel):
    """The next step of an order."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ordered", "delivered", "accepted"]
    satisfaction: int | None = Field(default=None, ge=1, le=5, description="With acceptance.")


@router.get("/v1/orders", **guarded(OFFICERS))
def list_orders(
    request: Request,
    status: Annotated[Literal[ORDER_STATUSES] | None, Query()] = None,  # type: ignore[valid-type]
    plan: Annotated[str, Query(max_length=200, description="Only of this plan.")] = "",
) -> Orders:
    """Orders of the caller's areas; at most the newest 2,000 are looked at."""
    service, principal = request.app.state.service, request.scope["principal"]
    parents = service.parents()
    with service.database.engine().connect() as connection:
        rows = read_orders(connection, status=status or "")
    return Orders(
        items=[
            Order.model_validate(row)
            for row in rows
            if principal.acts_for(row["buyer_code"], parents) and plan in ("", row["plan_id"])
        ]
    )


@router.post("/v1/orders/{order_id}/status", **guarded(OFFICERS, 404, 409))
def advance(
    request: Request,
    order_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")],
    step: Step,
) -> Step:
    """Move an order on: approved, ordered, delivered, accepted, one step at a time."""
    service, principal = request.app.state.service, request.scope["principal"]
    with service.database.engine().begin() as connection:
        buyer = read_order_buyer(connection, order_id)
        if principal.role is Role.OFFICER and not principal.acts_for(
            buyer or "", service.parents()
        ):
            raise HTTPException(403, "This order is of an area that the caller does not act for.")
        if buyer is None:
            raise HTTPException(404, "There is no such order.")
        try:
            advance_order(
                connection, order_id, step.status, actor=principal.subject, now=service.now(),
                satisfaction=step.satisfaction,
            )  # fmt: skip
        except UsageError as error:
            raise HTTPException(409, error.message) from None
    return step
