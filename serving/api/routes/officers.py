"""What officers and operators see: street demand, the models."""

import base64
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from recommender.errors import (
    GateRefusedError,
    GongxuError,
    NotTrainedError,
    UnknownIdError,
    UsageError,
)
from serving.api.http.access import Access, guarded
from serving.api.routes.suggestions import CurrentState
from serving.auth.roles import Role
from serving.demand.frames import demand_frame
from serving.names import category_names, resolve
from training.registry.served import Served

router = APIRouter()

OPERATOR = Access(Role.OPERATOR)


def _category(name: str) -> str:
    try:
        return resolve(name, category_names(), what="category")
    except UsageError as error:
        raise ValueError(str(error)) from None


Category = Annotated[str, AfterValidator(_category)]
"""A category by its code or its Chinese or English name."""


class DemandRow(BaseModel):
    """Demand for one product in one street; a suppressed row has no figures."""

    street_code: str
    product_id: str
    period: str = Field(examples=["2027Q1"])
    expected: float | None = Field(
        description="Attendances at one session, if capacity were unlimited."
    )
    low: float | None = Field(description="Lower end of the 80 % interval.")
    high: float | None = Field(description="Upper end of the 80 % interval.")
    evidence_bookings: int | None
    evidence_surveys: int | None
    supply: float | None = Field(description="Seats planned there for the period.")
    gap: float | None
    suppressed: bool = Field(description="Withheld: the figure rests on fewer than ten residents.")
    rank: int
    title: str
    category: str


class DemandOut(BaseModel):
    """A page of demand, highest first."""

    items: list[DemandRow]
    next: str | None = Field(description="Cursor of the next page; empty on the last one.")


class ModelOut(BaseModel):
    """One version of the model."""

    version: str
    created_at: str
    as_of: str
    roles: list[str] = Field(description="Any of served, previous, challenger.")
    released: bool = Field(description="Whether the gate let it pass.")
    metrics: dict[str, Any]


class ModelsOut(BaseModel):
    """All versions, newest first."""

    items: list[ModelOut]


class ServedOut(BaseModel):
    """What is served from now on."""

    version: str
    since: str


class Switch(BaseModel):
    """Why the served model is changed."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=500, examples=["complaints about the new lists"])


@router.get(
    "/v1/streets/{code}/demand",
    tags=["demand"],
    response_model=DemandOut,
    **guarded(Access(Role.OFFICER, Role.DISTRICT, area="code"), 404),
)
def street_demand(
    request: Request,
    code: Annotated[str, Path(max_length=200, examples=["310105001"])],
    period: Annotated[
        str, Query(pattern=r"^\d{4}(Q[1-4]|-(0[1-9]|1[0-2]))?$", examples=["2027Q1"])
    ],
    _: CurrentState,
    category: Annotated[
        Category | None,
        Query(max_length=200, description="By its code or name.", examples=["lecture", "讲座"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=200, description="From `next`.")] = None,
) -> Response:
    """Demand of a street in a period, highest first."""
    loaded = request.app.state.service.refresher.loaded
    if loaded is None or loaded.demand is None:
        raise HTTPException(503, "No demand model is served yet.", {"Retry-After": "30"})
    start = _position(cursor, loaded.served.version)
    frame = demand_frame(loaded.demand, period, street=code, category=category)
    page = frame.iloc[start : start + limit]
    more = start + limit < len(frame)
    following = _cursor(start + limit, loaded.served.version) if more else None
    items = page.astype(object).where(page.notna(), None).to_dict(orient="records")
    content = orjson.dumps({"items": items, "next": following}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(content, media_type="application/json")


@router.get("/v1/models", tags=["models"], **guarded(OPERATOR))
def models(request: Request) -> ModelsOut:
    """All versions of the model that are kept."""
    return ModelsOut(
        items=[
            ModelOut(
                version=entry.version,
                created_at=entry.manifest.created_at.isoformat(),
                as_of=entry.manifest.as_of.isoformat(),
                roles=list(entry.roles),
                released=entry.is_released,
                metrics=dict(entry.manifest.metrics),
            )
            for entry in registry_of(request.app.state.service).entries()
        ]
    )


@router.post("/v1/models/{version}/promote", tags=["models"], **guarded(OPERATOR, 404, 409))
def promote(
    request: Request,
    version: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$")],
    why: Switch | None = None,
) -> ServedOut:
    """Serve a version from now on; one that the gate refused is not taken."""
    return _switch(request, why, lambda registry, **note: registry.promote(version, **note))


@router.post("/v1/models/rollback", tags=["models"], **guarded(OPERATOR, 409))
def roll_back(request: Request, why: Switch | None = None) -> ServedOut:
    """Serve again what was served before."""
    return _switch(request, why, lambda registry, **note: registry.roll_back(**note))


def _switch(request: Request, why: Switch | None, switch: Callable[..., Served]) -> ServedOut:
    """Change what is served; this worker follows before it answers, the others at once after."""
    service, reason = request.app.state.service, str(request.scope["principal"].subject)
    if why is not None and why.reason:
        reason = f"{reason}: {why.reason}"
    try:
        served = switch(registry_of(service), now=service.now(), reason=reason)
    except (GateRefusedError, NotTrainedError, UnknownIdError):
        raise
    except GongxuError as error:
        raise HTTPException(409, str(error)) from None
    service.change_counter.increment()
    service.refresher.look(wait=True)
    return ServedOut(version=served.version, since=served.since.isoformat())


def registry_of(service: Any) -> Any:
    """The model registry of a service."""
    from serving.composition import open_registry

    return open_registry(service.settings, service.database.store())


def _cursor(position: int, version: str) -> str:
    return base64.urlsafe_b64encode(f"{position}|{version}".encode()).decode()


def _position(cursor: str | None, version: str) -> int:
    if cursor is None:
        return 0
    try:
        position, _, held = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        start = int(position)
    except ValueError:
        raise HTTPException(422, "This cursor was not made by this service.") from None
    if start < 0 or held != version:
        raise HTTPException(
            422, "Another model is served since this cursor was given; begin again."
        )
    return start
