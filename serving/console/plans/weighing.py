"""Weighing a plan: what rules cost, one session more, equal shares, frontiers, two plans."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, HTTPException, Query, Request, Response

from recommender.errors import GongxuError
from serving.api.http.access import guarded
from serving.api.routes.plans import PlanId
from serving.console.access import OF_PLAN
from serving.console.plans.kept import read_plans
from serving.messages.catalogue import Lang, text
from serving.planning.drafts.comparison import compare_documents
from serving.planning.drafts.draft import draft_lines, hosted, sessions_of
from serving.planning.drafts.posed import read_posed
from serving.planning.drafts.weighing import FRONTIERS, one_session_more, prices_of_rules
from serving.planning.kept_plans import read_plan
from serving.planning.planner import ask
from serving.web.charts import curve
from serving.web.display import display_of
from serving.web.rendering import number, page, percent, yuan
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 30
"""Lines that differ on a page."""

_ANSWERS_KEPT = 50
_answers: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
"""What was asked of a plan already: neither a plan nor its problem ever changes."""


@router.get("/console/plans/{plan_id}/weigh", **guarded(OF_PLAN, 404, 409, 429))
async def weigh(
    request: Request,
    plan_id: PlanId,
    what: Annotated[Literal["", "budget", "evenness", "matching", "shares"], Query()] = "",
) -> Response:
    """What holds the plan back, where one session more helps, and what else could be bought."""
    service, lang = request.app.state.service, display_of(request).lang

    def work() -> dict[str, Any]:
        with service.database.engine().connect() as connection:
            _, content = read_plan(connection, plan_id)
            if not content:
                raise HTTPException(404, "There is no plan yet.")
            posed = read_posed(connection, content["plan_id"])
        found: dict[str, Any] = {"plan": content, "prices": [], "more": [], "answer": None}
        if posed is None:
            return found | {"problem": text("draft.no_draft", lang)}
        sessions = sessions_of(posed, hosted(posed, draft_lines(content, [])))
        found["prices"] = prices_of_rules(posed, lang)
        found["more"] = one_session_more(posed, sessions, lang)
        if what:
            try:
                found["answer"] = _asked(request, content["plan_id"], what)
            except GongxuError as error:
                found["problem"] = error.message
        return found

    found = await anyio.to_thread.run_sync(work)
    points = (found["answer"] or {}).get("points", [])
    context = {"problem": "", "what": what, "frontiers": FRONTIERS, "shown": SHOWN}
    context |= {"points": points, "drawn": _drawn(points, what, lang)}
    status = 409 if found.get("problem") else 200
    return page(request, "plan_weigh.html", status=status, **{**context, **found})


@router.get("/console/plans/{plan_id}/compare", **guarded(OF_PLAN, 404))
def compare(
    request: Request,
    plan_id: PlanId,
    other: Annotated[str, Query(max_length=200, pattern=r"^[A-Za-z0-9_.-]*$")] = "",
) -> Response:
    """Two plans side by side: figures, mix, and every line that differs."""
    service, principal = request.app.state.service, request.scope["principal"]
    with service.database.engine().connect() as connection:
        _, content = read_plan(connection, plan_id)
        if not content:
            raise HTTPException(404, "There is no plan yet.")
        offered = [
            each
            for each in read_plans(connection, principal, service.parents())
            if each["plan_id"] != content["plan_id"]
        ]
        known = {each["plan_id"] for each in offered}
        chosen = other or str(content.get("parent", ""))
        if chosen and chosen not in known:
            raise HTTPException(404, "There is no such plan.")
        compared = None
        if chosen:
            compared = compare_documents(read_plan(connection, chosen)[1], content)
    return page(
        request,
        "plan_compare.html",
        plan=content,
        offered=offered,
        other=chosen,
        compared=compared,
        shown=SHOWN,
    )


def _asked(request: Request, plan_id: str, what: str) -> dict[str, Any]:
    """Have the planner answer, one question at a time; answers are kept."""
    held = _answers.get((plan_id, what))
    if held is not None:
        return held
    service = request.app.state.service
    if not service.planning.acquire(blocking=False):
        raise HTTPException(429, "Another plan is being solved.", {"Retry-After": "10"})
    try:
        answer = ask({"kind": "weigh", "plan_id": plan_id, "what": what}, service.settings)
    finally:
        service.planning.release()
    _answers[plan_id, what] = answer
    while len(_answers) > _ANSWERS_KEPT:
        _answers.popitem(last=False)
    return answer


def _drawn(points: list[dict[str, Any]], what: str, lang: Lang) -> Any:
    if what not in FRONTIERS:
        return ""
    names: dict[str, Callable[[float], str]] = {
        "budget": yuan,
        "evenness": lambda value: number(value, 3),
        "matching": percent,
    }
    return curve(
        [(each["asked"], each["expected"]) for each in points],
        label=text(f"draft.frontier_{what}", lang),
        across=[names[what](each["asked"]) for each in points],
        up=text("console.attendances", lang),
    )
