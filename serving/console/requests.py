"""What residents ask for, answered by officers; results of paper surveys, entered by hand."""

import secrets
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response

from data.schema import AGE_BANDS, CATEGORIES, REQUEST_STATUSES, SURVEY_CHANNELS, TABLES
from recommender.errors import GongxuError
from serving.api.http.access import guarded
from serving.console.access import OFFICERS, acts_for
from serving.outcomes.ingest import BAD, merge_rows
from serving.outcomes.requests import answer_requests, count_requests
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 200
"""Subjects on the page."""

_Word = Annotated[str, Form(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
_AREAS = sa.text(
    "SELECT area_code, name FROM areas WHERE level IN ('street', 'neighbourhood')"
    " ORDER BY area_code"
)


@router.get("/console/requests", **guarded(OFFICERS))
def requests(request: Request, notice: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Requests of the user's areas by subject, and the form for survey results."""
    return _show(request, notice=notice if notice in ("answered", "entered") else "")


@router.post("/console/requests/answer", **guarded(OFFICERS, 404))
def answer(
    request: Request,
    area: _Word = "",
    kind: _Word = "",
    target: _Word = "",
    status: _Word = "",
    words: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Answer everybody who asked for one subject in one area."""
    _require_area(request, area)
    service = request.app.state.service
    subject = {"area_code": area, "target_kind": kind, "target": target}
    try:
        with service.database.engine().begin() as connection:
            answer_requests(
                connection,
                subject,
                status=status,
                answer=words.replace("\x00", "").strip(),
                officer=request.scope["principal"].subject,
                now=service.now(),
            )
    except GongxuError as error:
        return _show(request, code=422, problem=error.message)
    return Response(status_code=303, headers={"Location": "/console/requests?notice=answered"})


@router.post("/console/requests/surveys", **guarded(OFFICERS, 409))
def enter_survey(
    request: Request,
    area: _Word = "",
    category: _Word = "",
    age_band: _Word = "",
    votes: _Word = "",
    respondents: _Word = "",
    channel: _Word = "paper",
    collected_on: _Word = "",
) -> Response:
    """Enter one result of a survey on paper or in a meeting."""
    _require_area(request, area)
    service = request.app.state.service
    row = {
        "survey_id": f"form-{secrets.token_hex(8)}",
        "area_code": area,
        "age_band": age_band or None,
        "target_kind": "category",
        "target": category,
        "votes": votes,
        "respondents": respondents or None,
        "channel": channel,
        "collected_at": collected_on or None,
    }
    problem = "" if category in CATEGORIES else "target"
    if not problem:
        with service.database.engine().begin() as connection:
            verdicts = merge_rows(
                connection,
                TABLES["surveys"],
                [row],
                now=service.now(),
                erasures=service.erasures,
            )
        if verdicts.words == [BAD]:
            problem = " ".join(verdicts.problems[0])
    if problem:
        return _show(request, code=422, problem=problem)
    service.change_counter.increment()
    return Response(status_code=303, headers={"Location": "/console/requests?notice=entered"})


def _require_area(request: Request, area: str) -> None:
    if not acts_for(request, area) or area not in request.app.state.service.parents():
        raise HTTPException(403, "The caller does not act for this area.")


def _show(request: Request, *, code: int = 200, notice: str = "", problem: str = "") -> Response:
    service = request.app.state.service
    own = [code for code in service.parents() if acts_for(request, code)]
    with service.database.engine().connect() as connection:
        counted = count_requests(connection, own)
        named = connection.execute(_AREAS).all()
    return page(
        request,
        "officers_requests.html",
        status=code,
        rows=counted[:SHOWN],
        areas=[(row.area_code, row.name) for row in named if acts_for(request, row.area_code)],
        kinds=CATEGORIES,
        age_bands=AGE_BANDS,
        channels=SURVEY_CHANNELS,
        statuses=REQUEST_STATUSES,
        notice=notice,
        problem=problem,
    )
