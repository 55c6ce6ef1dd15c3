"""The closed loop: scorecards and indices."""

import time
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field

from recommender.errors import UsageError
from serving.api.http.access import Access, guarded
from serving.auth.roles import Role
from serving.outcomes.scorecards import supplier_scorecard
from serving.planning.planner import ask

router = APIRouter(tags=["closed loop"])

OFFICERS = Access(Role.OFFICER, Role.DISTRICT)
_FRESH_S = 600.0


class Scorecard(BaseModel):
    """A supplier's sessions and orders; figures of fewer than ten residents are empty."""

    supplier_id: str
    name: str | None
    sessions_held: int
    attendances: int | None = Field(description="Empty for fewer than ten residents.")
    no_show_rate: float | None
    delight: float | None = Field(description="愉悦指数: mean stars, shrunk (assumed formula).")
    ratings: int | None
    orders_decided: int
    orders_rejected: int
    orders_delivered: int
    orders_accepted: int
    ordered_fen: int
    satisfaction: float | None = Field(description="满意度 at acceptance, 1 to 5.")


class IndexRow(BaseModel):
    """One index; its numerator and denominator allow it to be recomputed."""

    index: str = Field(examples=["seat_fill"])
    name_zh: str = Field(examples=["上座率"])
    scope: str = Field(examples=["district"])
    value: float | None
    numerator: float | None
    denominator: float | None
    version: str = Field(description="Of the formula; all formulas are assumed.")


class Indices(BaseModel):
    """The indices of a period."""

    items: list[IndexRow]


@router.get("/v1/suppliers/{supplier_id}/scorecard", **guarded(OFFICERS, 404))
def scorecard(
    request: Request,
    supplier_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$", examples=["S0001"])],
) -> Scorecard:
    """Delivery, attendance and satisfaction of one supplier."""
    service = request.app.state.service
    with service.database.engine().connect() as connection:
        return Scorecard.model_validate(
            supplier_scorecard(connection, supplier_id, now=service.now())
        )


@router.get("/v1/indices", **guarded(OFFICERS))
def indices(
    request: Request,
    period: Annotated[
        str, Query(pattern=r"^\d{4}(Q[1-4]|-(0[1-9]|1[0-2]))?$", examples=["2027Q1"])
    ],
) -> Indices:
    """Effectiveness and evenness of a period, computed at most ten minutes ago."""
    service = request.app.state.service
    held = service.indices.get(period)
    if held is None or time.monotonic() - held[0] > _FRESH_S:
        if not service.planning.acquire(blocking=False):
            raise HTTPException(429, "Other figures are being computed.", {"Retry-After": "10"})
        try:
            question = {"kind": "indices", "period": period}
            answer = ask(question, service.settings)
        except UsageError as error:
            raise HTTPException(422, str(error)) from None
        finally:
            service.planning.release()
        service.indices.clear()
        service.indices[period] = held = (time.monotonic(), answer)
    return Indices.model_validate(held[1])
