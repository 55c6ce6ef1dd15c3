"""Procurement plans: request, fetch, ask about, decide."""

import secrets
from typing import Annotated, Any

import orjson
import sqlalchemy as sa
from fastapi import APIRouter, Body, HTTPException, Path, Query, Request, Response

from data.store.decisions import Decision, decide
from recommender.errors import UnknownIdError, UsageError
from serving.api.http.access import Access, guarded
from serving.api.http.idempotency import IdempotencyKey, once
from serving.api.routes.plan_access import PlanAccess
from serving.api.routes.plan_bodies import (
    NAME,
    ChangeIn,
    DecisionIn,
    DecisionOut,
    LineVerdict,
    PlanAsked,
    PlanIn,
    WhatIfOut,
    WhyNotOut,
    WorkbookOut,
)
from serving.auth.roles import Role
from serving.messages.catalogue import text
from serving.planning.decisions.deciding import decide_workbook, standing_decisions, tally
from serving.planning.decisions.filled_workbook import read_workbook
from serving.planning.kept_plans import ENDINGS, plan_file, read_plan, split_ending
from serving.planning.planner import LOST_AFTER, ask, begin
from serving.planning.progress import CANCELLED, FAILED, SOLVING
from serving.store_tables import plan_requests

INPUTS_GONE = "This plan was not requested over HTTP: its inputs are not kept."

router = APIRouter(tags=["plans"])

OFFICERS = Access(Role.OFFICER, Role.DISTRICT)


OF_OWN = PlanAccess()
PlanId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9_.-]{1,200}$", examples=["PLAN-2027Q1-0a1b2c3d4e5f"]),
]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")]
Named = Annotated[str, Path(pattern=NAME)]


@router.post("/v1/plans", status_code=202, **guarded(OFFICERS))
def make_plan(
    request: Request, wished: PlanIn, response: Response, idempotency_key: IdempotencyKey = None
) -> PlanAsked:
    """Request a plan. A separate process solves it; fetch it from `path` later."""
    if wished.buyer:
        buyer = request.app.state.service.area_code(wished.buyer)
        wished = wished.model_copy(update={"buyer": buyer})
    name, repeated = ask_for_plan(request, wished.asked(), idempotency_key)
    response.headers["Location"] = f"/v1/plans/{name}"
    if repeated:
        response.headers["Idempotency-Replayed"] = "true"
    return PlanAsked(id=name, path=f"/v1/plans/{name}")


def ask_for_plan(
    request: Request, asked: dict[str, Any], idempotency_key: str | None = None
) -> tuple[str, bool]:
    """Have a plan made beside the service.

    Parameters
    ----------
    request
        Of a caller who may ask for plans.
    asked
        What is asked for: as :class:`PlanIn`, and ``parent`` and ``items`` of a plan that is
        solved again around an officer's changes.
    idempotency_key
        See :func:`once`.

    Returns
    -------
    The request's identifier, and whether it had been asked for already.

    Raises
    ------
    HTTPException
        403 for a buyer that the caller does not act for, 429 while another plan is being made.
    """
    service, principal = request.app.state.service, request.scope["principal"]
    buyer = asked.get("buyer")
    if principal.role is Role.OFFICER and not (
        buyer and principal.acts_for(buyer, service.parents())
    ):
        raise HTTPException(403, "Name a buyer that the caller acts for.")
    made, now = f"ask-{secrets.token_hex(8)}", service.now()
    taken = False

    def note(connection: sa.Connection) -> bytes:
        nonlocal taken
        taken = service.solving.acquire(blocking=False)
        if not taken:
            raise HTTPException(429, "Another plan is being made.", {"Retry-After": "10"})
        connection.execute(
            plan_requests.insert().values(
                request_id=made,
                asked_at=now,
                asked_by=principal.subject,
                asked=asked,
                status=SOLVING,
                detail="",
            )
        )
        return made.encode()

    try:
        answer, repeated = once(
            service.database.engine(),
            note,
            caller=principal.subject,
            key=idempotency_key,
            route="plans",
            body=orjson.dumps(asked),
            now=now,
        )
        if not repeated:
            question = {"kind": "plan", "request_id": made, "asked": asked}
            begin(question | {"by": principal.subject}, service.settings, service.solving.release)
            taken = False
    finally:
        if taken:  # it failed before the planner started
            service.solving.release()
    return answer.decode(), repeated


_FETCH = guarded(OF_OWN, 404, 409)
_FETCH["responses"] = {
    **_FETCH["responses"],
    200: {
        "description": "The plan",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            **{
                kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for ending, kind in ENDINGS.items()
                if ending != ".ocds.json"
            },
        },
    },
    202: {
        "description": "It is still being solved",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PlanAsked"}}},
    },
}


@router.get("/v1/plans/{plan_id}", response_class=Response, **_FETCH)
def get_plan(
    request: Request,
    plan_id: PlanId,
    buyer: Annotated[
        str, Query(max_length=200, description="A file of this buyer's part, by code or name.")
    ] = "",
) -> Response:
    """A plan by its or its request's identifier, or as a file.

    `.xlsx` and `.pdf` are to print and sign, `.csv` and `.ocds.json` for programs; the workbook
    holds what is decided so far.
    """
    name, ending = split_ending(plan_id)
    _, content = _plan(request, name)
    if not content:
        body = {"id": name, "status": SOLVING, "path": f"/v1/plans/{name}"}
        headers = {"Retry-After": "3"}
        return Response(orjson.dumps(body), 202, headers, media_type="application/json")
    if not ending:
        return Response(orjson.dumps(content), 200, media_type="application/json")
    headers = {"Content-Disposition": f'attachment; filename="{content["plan_id"]}{ending}"'}
    with request.app.state.service.database.engine().connect() as connection:
        decided = standing_decisions(connection, content)
    made = plan_file(content, ending, buyer=buyer, decided=decided)
    return Response(made, 200, headers, media_type=ENDINGS[ending])


@router.post("/v1/plans/{plan_id}/what-if", **guarded(OF_OWN, 404, 409))
def what_if(request: Request, plan_id: PlanId, change: ChangeIn) -> WhatIfOut:
    """Solve again with another budget or other rules, and compare. Nothing is kept."""
    other = change.asked()
    if not other:
        raise HTTPException(422, "Give a budget, rules, or both.")
    return WhatIfOut.model_validate(_answer(request, plan_id, kind="what_if", change=other))


@router.get("/v1/plans/{plan_id}/why-not/{product}/{street}", **guarded(OF_OWN, 404, 409))
def why_not(request: Request, plan_id: PlanId, product: Named, street: Named) -> WhyNotOut:
    """What it would cost to force a product into a street, each by its code or name."""
    answer = _answer(request, plan_id, kind="why_not", product=product, street=street)
    return WhyNotOut.model_validate(answer)


@router.post("/v1/plans/{plan_id}/lines/{line}/decision", **guarded(OF_OWN, 404, 409))
def decide_line(
    request: Request,
    plan_id: PlanId,
    line: Code,
    given: DecisionIn,
    idempotency_key: IdempotencyKey = None,
) -> DecisionOut:
    """Accept, change or reject a line, with a reason; the act goes into the audit trail."""
    service, officer = request.app.state.service, request.scope["principal"].subject
    _, content = _plan(request, plan_id)
    if not content:
        raise HTTPException(409, "This plan is still being solved; it has no lines yet.")
    if line not in {each["line_id"] for each in content["lines"]}:
        raise HTTPException(404, "This plan has no such line.")
    made, now = Decision(line_id=line, officer=officer, **given.model_dump()), service.now()
    order, _ = once(
        service.database.engine(),
        lambda connection: decide(connection, made, now=now).encode(),
        caller=officer,
        key=idempotency_key,
        route=f"decision/{line}",
        body=given.model_dump_json().encode(),
        now=now,
    )
    return DecisionOut(order_id=order.decode(), decision=given.decision)


@router.post("/v1/plans/{plan_id}/decisions", **guarded(OF_OWN, 404, 409))
def decide_by_workbook(
    request: Request,
    plan_id: PlanId,
    workbook: Annotated[bytes, Body(media_type=ENDINGS[".xlsx"], min_length=1)],
    dry_run: Annotated[bool, Query(description="Judge only, record nothing.")] = False,
) -> WorkbookOut:
    """Read the plan's filled-in workbook back: good lines land, bad ones are told.

    The same workbook twice changes nothing. The caller decides, whoever the workbook names.
    """
    service, officer = request.app.state.service, request.scope["principal"].subject
    _, content = _plan(request, plan_id)
    if not content:
        raise HTTPException(409, "This plan is still being solved; it has no lines yet.")
    filled = read_workbook(workbook)
    with service.database.engine().begin() as connection:
        verdicts = decide_workbook(
            connection, filled, officer=officer, now=service.now(), plan_id=content["plan_id"],
            dry_run=dry_run,
        )  # fmt: skip
    return WorkbookOut(
        **tally(verdicts),
        open=filled.open_lines,
        lines=[
            LineVerdict(
                line_id=each.line_id,
                title=each.title,
                cell=each.cell,
                outcome=each.outcome,
                code=each.code,
                reason=text(f"decide.{each.code}", "zh", **each.values),
            )
            for each in verdicts
        ],
    )


def _plan(request: Request, plan_id: str) -> tuple[Any, dict[str, Any]]:
    service = request.app.state.service
    with service.database.engine().connect() as connection:
        asked, content = read_plan(connection, plan_id)
    if not content and asked["status"] == CANCELLED:
        raise HTTPException(409, f"The solving was ended by {asked['detail']}.")
    if not content and asked["status"] == FAILED:
        raise HTTPException(409, f"The plan could not be made: {asked['detail']}")
    if not content and service.now() - asked["asked_at"] > LOST_AFTER:
        raise HTTPException(409, "The plan could not be made: the planner was ended. Ask again.")
    return asked, content


def _answer(request: Request, plan_id: str, **question: Any) -> dict[str, Any]:
    """Have a question about a plan answered by the planner, one at a time."""
    service, (asked, content) = request.app.state.service, _plan(request, plan_id)
    if not asked:
        raise HTTPException(409, INPUTS_GONE)
    if not service.planning.acquire(blocking=False):
        raise HTTPException(429, "Another plan is being solved.", {"Retry-After": "10"})
    try:
        about = {"asked": asked["asked"], "plan": content.get("plan_id")}
        return ask(question | about, service.settings)
    except UnknownIdError:
        raise
    except UsageError as error:
        raise HTTPException(409, str(error)) from None
    finally:
        service.planning.release()
