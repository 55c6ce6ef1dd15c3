"""Procurement plans: asked for, fetched, questioned, decided."""

import secrets
from typing import Annotated, Any

import anyio.to_thread
import orjson
from fastapi import APIRouter, Header, Path, Request, Response

from recommender.errors import UnknownIdError, UsageError
from serving.api.http.access import Access, guarded
from serving.api.http.idempotency import once
from serving.api.http.problems import ProblemError
from serving.api.routes.plan_access import PlanAccess
from serving.api.routes.plan_bodies import (
    ChangeIn,
    DecisionIn,
    DecisionOut,
    PlanAsked,
    PlanIn,
    WhatIfOut,
    WhyNotOut,
)
from serving.auth.roles import Role
from serving.planning.kept_plans import ENDINGS, plan_file, read_plan, split_ending
from serving.planning.planner import FAILED, SOLVING, ask, begin
from serving.store_tables import plan_requests

router = APIRouter(tags=["plans"])

OFFICERS = Access(Role.OFFICER, Role.DISTRICT)
OF_OWN = PlanAccess()
PlanId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9_.-]{1,200}$", examples=["PLAN-2027Q1-0a1b2c3d4e5f"]),
]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")]
Key = Annotated[
    str | None,
    Header(
        pattern=r"^[A-Za-z0-9_.:-]{1,200}$",
        description="A repeat with the same key gets the first answer again.",
    ),
]


@router.post("/v1/plans", status_code=202, **guarded(OFFICERS))
async def make_plan(
    request: Request, wished: PlanIn, response: Response, idempotency_key: Key = None
) -> PlanAsked:
    """Have a plan made. It is solved beside the service; fetch it from `path` a little later."""
    service, principal = request.app.state.service, request.scope["principal"]
    if principal.role is Role.OFFICER and not (
        wished.buyer and principal.acts_for(wished.buyer, service.parents())
    ):
        raise ProblemError(403, "Name a buyer that the caller acts for.")
    asked = wished.model_dump(exclude_none=True)
    body = await request.body()
    made = f"ask-{secrets.token_hex(8)}"

    def write() -> tuple[str, bool]:
        now = service.now()
        with service.database.engine().begin() as connection:

            def note() -> tuple[int, bytes]:
                if not service.solving.acquire(blocking=False):
                    raise ProblemError(429, "Another plan is being made.", {"Retry-After": "10"})
                taken.append(True)
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
                return 202, made.encode()

            (_, name), repeated = once(
                connection,
                caller=principal.subject,
                key=idempotency_key,
                route="plans",
                body=body,
                now=now,
                work=note,
            )
        if not repeated:
            question = {"kind": "plan", "request_id": made, "asked": asked}
            begin(question | {"by": principal.subject}, service.settings, service.solving.release)
            taken.clear()
        return name.decode(), repeated

    taken: list[bool] = []
    try:
        name, repeated = await anyio.to_thread.run_sync(write)
    finally:
        if taken:  # it came to nothing before the planner could begin
            service.solving.release()
    response.headers["Location"] = f"/v1/plans/{name}"
    if repeated:
        response.headers["Idempotency-Replayed"] = "true"
    return PlanAsked(id=name, path=f"/v1/plans/{name}")


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
async def get_plan(request: Request, plan_id: PlanId) -> Response:
    """A plan, by its own or its request's name; `.xlsx`, `.csv` or `.ocds.json` makes it a file."""
    name, ending = split_ending(plan_id)
    _, content = await _plan(request, name)
    if not content:
        body = {"id": name, "status": SOLVING, "path": f"/v1/plans/{name}"}
        headers = {"Retry-After": "3"}
        return Response(orjson.dumps(body), 202, headers, media_type="application/json")
    if not ending:
        return Response(orjson.dumps(content), 200, media_type="application/json")
    made = await anyio.to_thread.run_sync(plan_file, content, ending)
    headers = {"Content-Disposition": f'attachment; filename="{content["plan_id"]}{ending}"'}
    return Response(made, 200, headers, media_type=ENDINGS[ending])


@router.post("/v1/plans/{plan_id}/what-if", **guarded(OF_OWN, 404, 409))
async def what_if(request: Request, plan_id: PlanId, change: ChangeIn) -> WhatIfOut:
    """Solve again with another budget or other rules, and compare. Nothing is kept."""
    other = change.model_dump(exclude_none=True)
    if not other:
        raise ProblemError(422, "What is to be different? Give budget_fen, rules, or both.")
    asked = await _asked(request, plan_id)
    question = {"kind": "what_if", "asked": asked, "change": other}
    return WhatIfOut.model_validate(await _answer(request, question))


@router.get("/v1/plans/{plan_id}/why-not/{product}/{street}", **guarded(OF_OWN, 404, 409))
async def why_not(request: Request, plan_id: PlanId, product: Code, street: Code) -> WhyNotOut:
    """What it would cost to force a product into a street."""
    asked = await _asked(request, plan_id)
    question = {"kind": "why_not", "asked": asked, "product": product, "street": street}
    return WhyNotOut.model_validate(await _answer(request, question))


@router.post("/v1/plans/{plan_id}/lines/{line}/decision", **guarded(OF_OWN, 404, 409))
async def decide_line(
    request: Request, plan_id: PlanId, line: Code, given: DecisionIn, idempotency_key: Key = None
) -> DecisionOut:
    """Accept, change or reject a line, with a reason; the act goes into the audit trail."""
    from data.store.decisions import Decision, decide

    service, officer = request.app.state.service, request.scope["principal"].subject
    _, content = await _plan(request, plan_id)
    if not content:
        raise ProblemError(409, "This plan is still being solved; it has no lines yet.")
    if line not in {each["line_id"] for each in content["lines"]}:
        raise ProblemError(404, "This plan has no such line.")
    made = Decision(
        line_id=line,
        decision=given.decision,
        officer=officer,
        reason=given.reason,
        no_conflict=given.no_conflict,
        sessions=given.sessions,
    )
    body = await request.body()

    def write() -> str:
        now = service.now()
        with service.database.engine().begin() as connection:
            (_, order), _ = once(
                connection,
                caller=officer,
                key=idempotency_key,
                route=f"decision/{line}",
                body=body,
                now=now,
                work=lambda: (200, decide(connection, made, now=now).encode()),
            )
        return order.decode()

    order = await anyio.to_thread.run_sync(write)
    return DecisionOut(order_id=order, decision=given.decision)


async def _plan(request: Request, plan_id: str) -> tuple[Any, dict[str, Any]]:
    service = request.app.state.service

    def read() -> tuple[Any, dict[str, Any]]:
        with service.database.engine().connect() as connection:
            return read_plan(connection, plan_id)

    asked, content = await anyio.to_thread.run_sync(read)
    if not content and asked["status"] == FAILED:
        raise ProblemError(409, f"No plan came of it: {asked['detail']}")
    return asked, content


async def _asked(request: Request, plan_id: str) -> dict[str, Any]:
    asked, _ = await _plan(request, plan_id)
    if not asked:
        raise ProblemError(409, "This plan was not asked for here: what it rests on is not kept.")
    question: dict[str, Any] = asked["asked"]
    return question


async def _answer(request: Request, question: dict[str, Any]) -> dict[str, Any]:
    service = request.app.state.service
    if not service.planning.acquire(blocking=False):
        raise ProblemError(429, "Another plan is being solved.", {"Retry-After": "10"})
    try:
        answer: dict[str, Any] = await anyio.to_thread.run_sync(ask, question, service.settings)
    except UnknownIdError as error:
        raise ProblemError(404, error.message) from None
    except UsageError as error:
        raise ProblemError(409, str(error)) from None
    finally:
        service.planning.release()
    return answer
