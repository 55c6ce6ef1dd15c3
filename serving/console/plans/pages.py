"""Purchase plans: the list, asking for one, one plan with its lines, files and decisions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response
from pydantic import ValidationError

from data.store.decisions import DECISIONS, Decision, decide
from recommender.errors import UsageError
from serving.api.http.access import guarded
from serving.api.routes.plan_bodies import PlanIn
from serving.api.routes.plans import get_plan, make_plan
from serving.auth.roles import Principal, Role
from serving.console.access import OF_PLAN, OFFICERS, acts_for
from serving.console.demand import LEAD, offered_periods
from serving.console.plans.kept import read_plans, read_requests
from serving.console.plans.rules_form import FIELDS, rules_text
from serving.console.plans.solving import solving_page
from serving.exports.paper import audiences_beside
from serving.planning.kept_plans import kept_document, read_plan
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LINES = 50
"""Lines on one page of a plan."""

PlanId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]
_STREETS = sa.text("SELECT area_code FROM areas WHERE level = 'street'")
_BUYERS = sa.text(
    "SELECT DISTINCT b.buyer_code AS code, coalesce(a.name, b.buyer_code) AS name FROM budgets b"
    " LEFT JOIN areas a ON a.area_code = b.buyer_code ORDER BY code"
)
_ORDERS = sa.text(
    "SELECT line_id, status, sessions, reason, decided_by FROM orders WHERE plan_id = :plan"
)
UNDECIDED = "open"


@router.get("/console/plans", **guarded(OFFICERS))
def plans(request: Request) -> Response:
    """All plans the user may see, and the form that asks for another."""
    return _list(request)


@router.post("/console/plans", **guarded(OFFICERS, 429))
async def start_plan(request: Request) -> Response:
    """Have a plan made; it is solved beside the service, and its page follows it."""
    from anyio.to_thread import run_sync

    form = {name: str(value).strip() for name, value in (await request.form()).items()}

    def work() -> Response:
        try:
            wished = PlanIn(
                period=form.get("period", ""),
                buyer=form.get("buyer") or None,
                budget_fen=_fen(form.get("budget_yuan", "")),
                rules=rules_text(form) or None,
            )
        except (ValidationError, UsageError, ValueError) as error:
            problem = error.message if isinstance(error, UsageError) else ""
            return _list(request, status=422, form=form, problem=problem or "plan_form")
        asked = make_plan(request, wished, Response())
        return Response(status_code=303, headers={"Location": f"/console/plans/{asked.id}"})

    return await run_sync(work)


@router.get("/console/plans/{plan_id}", **guarded(OF_PLAN, 404))
def plan(
    request: Request,
    plan_id: PlanId,
    street: Annotated[str, Query(max_length=200)] = "",
    which: Literal["all", "open"] = "all",
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """One plan: figures, warnings, lines with their decisions; or how its solving stands."""
    return _plan_page(request, plan_id, street=street, which=which, page_number=page_number)


@router.get("/console/plans/{plan_id}/{name}", **guarded(OF_PLAN, 404))
def file(
    request: Request,
    plan_id: PlanId,
    name: Annotated[str, Path(pattern=r"^plan\.(xlsx|pdf|csv|ocds\.json)$")],
) -> Response:
    """The plan as a file."""
    return get_plan(request, plan_id + name.removeprefix("plan"))


@router.post("/console/plans/{plan_id}/decisions", **guarded(OF_PLAN, 404, 409))
def decide_lines(
    request: Request,
    plan_id: PlanId,
    decision: Annotated[str, Form(max_length=20)] = "",
    line: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=2000)] = "",
    no_conflict: Annotated[bool, Form()] = False,
    sessions: Annotated[str, Form(max_length=4)] = "",
    street: Annotated[str, Form(max_length=200)] = "",
    seen: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Accept, change or reject lines with one reason and the declaration of no interest.

    What another officer decided since the page was made is told first, and nothing is lost:
    the lines stay chosen and the reason stays written.
    """
    service, officer = request.app.state.service, request.scope["principal"].subject
    problem = ""
    if not line:
        problem = "choose_lines"
    elif decision not in DECISIONS:
        problem = "choose_decision"
    elif decision == "change" and not sessions.isdecimal():
        problem = "give_sessions"
    elif not reason.strip():
        problem = "give_reason"
    elif not no_conflict:
        problem = "declare"
    kept = {"chosen": line or (), "decision": decision, "reason": reason, "sessions": sessions}
    if problem:
        return _plan_page(request, plan_id, street=street, status=422, problem=problem, kept=kept)
    now = service.now()
    before = dict(each.rsplit("=", 1) for each in seen or () if "=" in each)
    try:
        with service.database.engine().begin() as connection:
            content = read_plan(connection, plan_id)[1]
            known = {each["line_id"] for each in content.get("lines", ())}
            if not known.issuperset(line or ()):
                raise HTTPException(404, "This plan has no such line.")
            stands = _read_orders(connection, content["plan_id"], lock=True)
            others = sorted(
                {
                    stands[each]["decided_by"]
                    for each in line or ()
                    if each in before and each in stands
                    if stands[each]["status"] != before[each]
                    and stands[each]["decided_by"] != officer
                }
            )
            if others:
                raise _ChangedMeanwhileError(", ".join(filter(None, others)))
            for each in line or ():
                made = Decision(
                    each,
                    decision,
                    officer,
                    reason.replace("\x00", ""),
                    no_conflict,
                    int(sessions) if decision == "change" else None,
                )
                decide(connection, made, now=now)
    except _ChangedMeanwhileError as error:
        return _plan_page(
            request, plan_id, street=street, status=409, problem="changed_meanwhile",
            detail=str(error), kept=kept,
        )  # fmt: skip
    except UsageError as error:
        return _plan_page(
            request, plan_id, street=street, status=409, problem="refused",
            detail=error.message, kept=kept,
        )  # fmt: skip
    target = f"/console/plans/{plan_id}?which=all&street={street if street.isalnum() else ''}"
    return Response(status_code=303, headers={"Location": target})


class _ChangedMeanwhileError(Exception):
    """Another officer decided about one of the lines since the page was made."""


def _read_orders(
    connection: sa.Connection, plan_id: str, *, lock: bool = False
) -> dict[str, dict[str, Any]]:
    query = sa.text(f"{_ORDERS.text} FOR UPDATE") if lock else _ORDERS
    found = connection.execute(query, {"plan": plan_id}).mappings()
    return {row["line_id"]: dict(row) for row in found}


def _list(
    request: Request, *, status: int = 200, form: dict[str, str] | None = None, problem: str = ""
) -> Response:
    service, principal = request.app.state.service, request.scope["principal"]
    assert isinstance(principal, Principal)
    with service.database.engine().connect() as connection:
        kept = read_plans(connection, principal, service.parents())
        asked = read_requests(connection, principal, service.parents(), now=service.now())
        buyers = [
            (row.code, row.name)
            for row in connection.execute(_BUYERS)
            if acts_for(request, row.code)
        ]
    periods = offered_periods(service.now())
    planned = offered_periods(service.now() + LEAD)[0]
    return page(
        request,
        "plans.html",
        status=status,
        plans=kept,
        requests=asked,
        buyers=buyers,
        whole=principal.role is Role.DISTRICT,
        periods=periods,
        form={"period": planned, **(form or {})},
        fields=FIELDS,
        problem=problem,
    )


def _plan_page(
    request: Request,
    plan_id: str,
    *,
    street: str = "",
    which: str = "all",
    page_number: int = 1,
    status: int = 200,
    problem: str = "",
    detail: str = "",
    kept: Mapping[str, Any] | None = None,
) -> Response:
    service = request.app.state.service
    with service.database.engine().connect() as connection:
        asked, content = read_plan(connection, plan_id)
        orders: dict[str, Any] = {}
        real = set(connection.execute(_STREETS).scalars()) if content else set()
        if content:
            orders = _read_orders(connection, content["plan_id"])
    if not content:
        return solving_page(request, asked)
    if request.headers.get("hx-request") and plan_id != content["plan_id"]:
        # Asked for in place while it was being solved: the whole page comes now.
        return Response(headers={"HX-Redirect": f"/console/plans/{content['plan_id']}"})
    lines = content["lines"]
    streets = sorted({(each["street_code"], each["street"]) for each in lines})
    shown = [each for each in lines if street in ("", each["street_code"])]
    if which == "open":
        shown = [each for each in shown if each["line_id"] not in orders]
    start = LINES * (page_number - 1)
    return page(
        request,
        "plan.html",
        status=status,
        plan=content,
        orders=orders,
        lines=shown[start : start + LINES],
        count=len(shown),
        has_more=len(shown) > start + LINES,
        page_number=page_number,
        decided=sum(each["line_id"] in orders for each in lines),
        by_street=_by_street(lines),
        audiences=audiences_beside(kept_document(content)),
        streets=streets,
        real_streets=real,
        street=street,
        which=which,
        problem=problem,
        detail=detail,
        kept=kept or {"chosen": (), "decision": "", "reason": "", "sessions": ""},
        undecided=UNDECIDED,
    )


def _by_street(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sessions, amount and attendances by street, largest amount first."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        entry = found.setdefault(
            line["street_code"],
            {
                "code": line["street_code"],
                "name": line["street"],
                "sessions": 0,
                "amount_fen": 0,
                "expected": 0.0,
            },
        )
        for name in ("sessions", "amount_fen", "expected"):
            entry[name] += line[name] or 0
    return sorted(found.values(), key=lambda entry: -entry["amount_fen"])


def _fen(yuan: str) -> int | None:
    return round(float(yuan.replace(",", "")) * 100) if yuan else None
