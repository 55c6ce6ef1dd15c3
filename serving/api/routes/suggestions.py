"""Lists: for a resident, for a place, of similar events."""

from datetime import datetime
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from data.district_time import require_moment
from recommender.errors import UsageError
from serving.api.http.access import Access, guarded, identify, unguarded
from serving.api.online.response_cache import Answer
from serving.api.online.state import OnlineState
from serving.auth.roles import Principal, Role

router = APIRouter(tags=["suggestions"])

ID = r"^[A-Za-z0-9_.:/+=#~|@()\[\]-]{1,200}$"

ResidentId = Annotated[str, Path(pattern=ID, description="A pseudonym.", examples=["r000001"])]
LEFT_OUT: Any = None
"""Default of an optional query parameter. Nobody can send a null, so the parameters' types, and
with them the documented schema, have none; nor has FastAPI to resolve a union at each request."""
Length = Annotated[int, Query(ge=1, le=100, description="Length of the list.")]
Surface = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z0-9_.-]{1,50}$",
        description="Where the list is shown. When given, what is shown is recorded.",
    ),
]


class ReasonOut(BaseModel):
    """Why an event is in the list: what changed its rank."""

    code: str = Field(examples=["attended_supplier"])
    zh: str = Field(examples=["你参加过这个团体的活动"])
    en: str = Field(examples=["you have been to this group's events"])
    weight: float


class SuggestionOut(BaseModel):
    """One event of a list."""

    rank: int = Field(examples=[1])
    event_id: str
    product_id: str
    title: str
    starts_at: datetime
    venue_id: str | None = Field(description="Empty for an event online.")
    distance_m: float | None
    score: float = Field(description="Only its order within one list means something.")
    slot: Literal["ranked", "explore", "promoted"]
    propensity: float = Field(description="Probability that the event was shown at this rank.")
    reasons: list[ReasonOut]
    suggestion_id: str
    model_version: str


class ListOut(BaseModel):
    """A list, best first."""

    at: datetime = Field(description="The moment the list is for.")
    personal: bool = Field(description="Whether it uses the caller's own profile.")
    degraded: bool = Field(
        description="Whether the latest changes may be missing: the database did not answer."
    )
    model_version: str
    why_empty: str = Field(description="The rules that excluded every event, for an empty list.")
    suggestions: list[SuggestionOut]


def _moment(moment: datetime) -> datetime:
    """A moment that happens; others are 422."""
    try:
        return require_moment(moment)
    except UsageError as error:
        raise ValueError(error.message) from None


@router.get(
    "/v1/residents/{resident_id}/suggestions",
    response_model=ListOut,
    **guarded(Access(Role.RESIDENT, Role.SERVICE, scope="suggestions", own="resident_id"), 404),
)
async def for_resident(
    request: Request,
    resident_id: ResidentId,
    n: Length = 10,
    at: Annotated[
        AwareDatetime,
        AfterValidator(_moment),
        Query(description="Another moment than now, with offset; send + as %2B."),
    ] = LEFT_OUT,
    lat: Annotated[float, Query(ge=-90, le=90, description="WGS-84, with lon.")] = LEFT_OUT,
    lon: Annotated[float, Query(ge=-180, le=180, description="WGS-84, with lat.")] = LEFT_OUT,
    surface: Surface = LEFT_OUT,
) -> Response:
    """Suggest events to a resident.

    Residents without personalisation get the list of their area, the same for everybody there.
    A position is rounded to the nearest area and not stored.
    """
    if (lat is None) != (lon is None):
        raise HTTPException(422, "lat and lon go together.")
    service = request.app.state.service
    state, degraded = await current_state(request, at)
    moment = at or service.now()

    def make() -> Answer:
        area = state.nearest_area(lat, lon) if lat is not None and lon is not None else None
        return state.for_resident(resident_id, n, moment, area=area)

    answer = state.ready(resident_id, n, moment) if lat is None else None
    if answer is None:
        answer = await anyio.to_thread.run_sync(make)
    if surface is not None:
        who = request.scope["principal"]
        service.recorder.shown(resident_id, surface, answer.lines, caller=who)
    note_reading(request, "suggestions", resident_id)
    return _response(request, answer, state, moment, degraded)


async def current_state(request: Request, at: datetime | None) -> tuple[OnlineState, bool]:
    """The state with all changes applied, and whether the database was away.

    Parameters
    ----------
    request
        Names the service.
    at
        Another moment than now.

    Returns
    -------
    The state, and whether later changes may be missing from it.

    Raises
    ------
    HTTPException
        503 before the first model.
    """
    service = request.app.state.service
    refresher = service.refresher
    state = refresher.state
    if state is None:
        raise HTTPException(503, "No model is served yet.", {"Retry-After": "30"})
    if at is not None:
        state = await anyio.to_thread.run_sync(refresher.at_moment, at)
        return state, refresher.degraded
    if not refresher.is_current():
        taken = False
        with anyio.move_on_after(service.options.database_budget_ms / 1000):
            try:
                await anyio.to_thread.run_sync(refresher.apply_changes, abandon_on_cancel=True)
                taken = True
            except Exception:
                service.metrics.fallbacks.labels("database").inc()
        state = refresher.state or state
        if not taken:
            service.metrics.fallbacks.labels("late").inc()
            return state, True
    return state, refresher.degraded


async def _state_now(request: Request) -> tuple[OnlineState, bool]:
    return await current_state(request, None)


CurrentState = Annotated[tuple[OnlineState, bool], Depends(_state_now)]
"""What :func:`current_state` returns, for routes that have no other moment than now."""


@router.get("/v1/places/{area_or_venue}/suggestions", response_model=ListOut, **unguarded(404, 503))
def for_place(
    request: Request,
    area_or_venue: Annotated[str, Path(pattern=ID, examples=["310105001"])],
    current: CurrentState,
    caller: Annotated[Principal | None, Depends(identify)],
    n: Length = 10,
    surface: Surface = LEFT_OUT,
) -> Response:
    """The list of an area or a venue, for public screens; it does not depend on a person."""
    service, (state, degraded) = request.app.state.service, current
    moment = service.now()
    answer = state.for_place(area_or_venue, n, moment)
    # Anybody may ask; what demand learns from is written by known screens alone.
    if surface is not None and caller is not None and "suggestions" in caller.scopes:
        service.recorder.shown(None, surface, answer.lines, caller=caller)
    return _response(request, answer, state, moment, degraded)


@router.get("/v1/events/{event_id}/similar", response_model=ListOut, **unguarded(404, 503))
def similar(
    request: Request,
    event_id: Annotated[str, Path(pattern=ID)],
    current: CurrentState,
    n: Length = 10,
) -> Response:
    """Events similar to a given one that can be booked."""
    (state, degraded), moment = current, request.app.state.service.now()
    return _response(request, state.similar(event_id, n, moment), state, moment, degraded)


def note_reading(request: Request, action: str, resident_id: str) -> None:
    """Note in the access log that somebody read a resident's data.

    Parameters
    ----------
    request
        Names the caller.
    action, resident_id
        What was read, and of whom.
    """
    principal = request.scope["principal"]
    request.app.state.service.recorder.read(
        caller=principal.subject,
        role=principal.role.value,
        action=action,
        resident_id=resident_id,
        request=request.scope["request_id"],
    )


def _response(
    request: Request, answer: Answer, state: OnlineState, moment: datetime, degraded: bool
) -> Response:
    metrics = request.app.state.service.metrics
    metrics.count_shown(answer.slots)
    if not answer.columns:
        metrics.fallbacks.labels("empty").inc()
    head = orjson.dumps(
        {
            "at": moment,
            "personal": answer.personal,
            "degraded": degraded,
            "model_version": state.version,
            "why_empty": answer.why_empty,
        }
    )
    headers = {"X-Gongxu-Degraded": "true"} if degraded else None
    body = b"".join((head[:-1], b',"suggestions":', answer.rendered, b"}"))
    return Response(body, 200, headers, media_type="application/json")
