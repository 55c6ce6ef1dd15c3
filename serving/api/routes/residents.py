"""A resident's rights over HTTP: preferences, export, erasure, the calendar."""

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.api.http.access import Access, guarded, unguarded
from serving.api.routes.suggestions import CurrentState, ResidentId, note_reading
from serving.auth.roles import Role
from serving.outcomes import rights
from serving.outcomes.erasure import erase_resident
from serving.suggestions.calendar import calendar_of

router = APIRouter(tags=["residents' rights"])

OWN = Access(Role.RESIDENT, own="resident_id")


class Followed(BaseModel):
    """What a resident follows."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["category", "tag", "supplier", "venue", "product"] = Field(examples=["tag"])
    target: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$", examples=["舞蹈"])


class Muted(Followed):
    """What a resident does not want to see: "not interested"."""

    kind: Literal["category", "tag", "supplier", "venue", "product", "event"] = Field(  # type: ignore[assignment]
        examples=["event"]
    )


class Consent(BaseModel):
    """The resident's last decision on personalisation."""

    given: bool
    version: str = Field(description="Of the text that was agreed to, or declined.")
    at: datetime


class PreferencesOut(BaseModel):
    """A resident's preferences."""

    personalised: bool = Field(description="Whether lists may use what the resident did.")
    follows: list[Followed] = Field(default_factory=list)
    mutes: list[Muted] = Field(default_factory=list)
    consent: Consent | None = Field(default=None, description="Empty before the first decision.")


class PreferencesIn(BaseModel):
    """New preferences; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    personalised: bool | None = Field(
        default=None,
        description="Whether the resident consents to lists that use what they did.",
    )
    follows: list[Followed] | None = Field(default=None, max_length=500)
    mutes: list[Muted] | None = Field(default=None, max_length=500)
    consent_version: str = Field(
        default="1",
        pattern=r"^[A-Za-z0-9_.-]{1,50}$",
        description="The version of the text that the resident agreed to, or declined.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> "PreferencesIn":
        if self.personalised is None and self.follows is None and self.mutes is None:
            raise ValueError("give personalised, follows or mutes")
        return self


class CalendarToken(BaseModel):
    """A secret that reads one resident's calendar."""

    token: str
    path: str = Field(description="The calendar's address on this server.")


@router.get("/v1/residents/{resident_id}/preferences", **guarded(OWN, 404))
def get_preferences(request: Request, resident_id: ResidentId) -> PreferencesOut:
    """The resident's preferences, with the follows and mutes that are stored."""
    with request.app.state.service.database.engine().connect() as connection:
        return _shown(rights.read_preferences(connection, resident_id))


@router.put("/v1/residents/{resident_id}/preferences", **guarded(OWN, 404))
def put_preferences(
    request: Request, resident_id: ResidentId, wished: PreferencesIn
) -> PreferencesOut:
    """Change the resident's preferences. They count in the next list."""
    service = request.app.state.service
    with service.database.engine().begin() as connection:
        rights.write_preferences(
            connection,
            resident_id,
            personalised=wished.personalised,
            follows=_targets(wished.follows),
            mutes=_targets(wished.mutes),
            consent_version=wished.consent_version,
            now=service.now(),
        )
        held = rights.read_preferences(connection, resident_id)
    service.change_counter.increment()
    return _shown(held)


@router.get(
    "/v1/residents/{resident_id}/export",
    response_model=dict[str, list[dict[str, Any]]],
    **guarded(OWN, 404),
)
def export(request: Request, resident_id: ResidentId) -> Response:
    """Everything that is stored of the resident, by table."""
    service = request.app.state.service
    service.recorder.flush()
    with service.database.engine().connect() as connection:
        held = orjson.dumps(rights.export_resident(connection, resident_id))
    note_reading(request, "export", resident_id)
    headers = {"Content-Disposition": 'attachment; filename="export.json"'}
    return Response(held, 200, headers, media_type="application/json")


@router.delete("/v1/residents/{resident_id}", status_code=204, **guarded(OWN, 404))
def erase(request: Request, resident_id: ResidentId) -> None:
    """Erase the resident: at once here, and at the next retraining in the model."""
    service = request.app.state.service
    with service.database.engine().begin() as connection:
        erase_resident(connection, resident_id, erasures=service.erasures, now=service.now())
    service.change_counter.increment()


@router.post("/v1/residents/{resident_id}/calendar-token", status_code=201, **guarded(OWN, 404))
def make_calendar_token(request: Request, resident_id: ResidentId) -> CalendarToken:
    """A new secret for the resident's calendar; earlier ones are revoked."""
    service = request.app.state.service
    with service.database.engine().begin() as connection:
        token = rights.new_calendar_token(connection, resident_id, now=service.now())
    path = f"/v1/residents/{resident_id}/calendar.ics?token={token}"
    return CalendarToken(token=token, path=path)


@router.delete("/v1/residents/{resident_id}/calendar-token", status_code=204, **guarded(OWN))
def end_calendar_token(request: Request, resident_id: ResidentId) -> None:
    """Revoke all secrets of the resident's calendar."""
    with request.app.state.service.database.engine().begin() as connection:
        rights.end_calendar_tokens(connection, resident_id)


@router.get(
    "/v1/residents/{resident_id}/calendar.ics", response_class=Response, **unguarded(401, 503)
)
def calendar(
    request: Request,
    resident_id: Annotated[str, Path(max_length=200)],
    token: Annotated[str, Query(max_length=200, description="Of this calendar.")],
    current: CurrentState,
) -> Response:
    """The resident's suggestions as an iCalendar feed (RFC 5545)."""
    service, (state, _) = request.app.state.service, current
    who, secret = resident_id.replace("\x00", ""), token.replace("\x00", "")
    with service.database.engine().connect() as connection:
        if not rights.opens_calendar(connection, who, secret):
            raise HTTPException(401, "This token does not open this calendar.")
    lines = state.for_resident(resident_id, 10, service.now()).lines
    shown = [line["event_id"] for line in lines]
    venues = {event: state.venue_name(event) for event in shown}
    content = calendar_of(lines, venues, state.ends(shown), made_at=state.at)
    return Response(content, 200, media_type="text/calendar; charset=utf-8")


def _targets(given: list[Followed] | list[Muted] | None) -> list[rights.Target] | None:
    return None if given is None else [(each.kind, each.target) for each in given]


def _shown(held: rights.Preferences) -> PreferencesOut:
    return PreferencesOut.model_validate(
        {
            "personalised": held.personalised,
            "follows": [{"kind": kind, "target": target} for kind, target in held.follows],
            "mutes": [{"kind": kind, "target": target} for kind, target in held.mutes],
            "consent": held.consent,
        }
    )
