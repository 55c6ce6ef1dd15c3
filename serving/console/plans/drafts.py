"""A plan's draft: its lines of one street to be changed, judged at once, and solved again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response

from serving.api.http.access import guarded
from serving.api.routes.plans import PlanId, ask_for_plan
from serving.console.access import OF_PLAN
from serving.planning.drafts.again import items_of
from serving.planning.drafts.draft import DraftLine, draft_lines, hosted
from serving.planning.drafts.edits import (
    ADD,
    KINDS,
    PLACE,
    SESSIONS,
    DraftChangedError,
    Edit,
    append_edit,
    read_edits,
)
from serving.planning.drafts.judging import judge
from serving.planning.drafts.posed import PosedPlan, read_posed
from serving.planning.drafts.sentences import edit_text, misplaced_text, venue_name, violation_text
from serving.planning.kept_plans import read_plan
from serving.web.charts import gauge
from serving.web.display import display_of
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

OFFERED = 80
"""Products that may be added, most wanted first."""

HISTORY = 50
"""Changes that are listed, newest first."""

MOST = 20
"""Sessions of one line."""

_WHEN = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_Word = Annotated[str, Form(max_length=200)]


class _RefusedError(Exception):
    """A form that is no change; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _NoDraftError(HTTPException):
    """A plan of an earlier release, whose problem was not kept."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(409, "This plan was made by an earlier release; make it again.")
        self.content = content


@dataclass(frozen=True, slots=True)
class _Opened:
    """A plan with what its draft is made of."""

    asked: Mapping[str, Any]
    content: Mapping[str, Any]
    posed: PosedPlan
    edits: Sequence[Edit]

    @property
    def lines(self) -> list[DraftLine]:
        return hosted(self.posed, draft_lines(self.content, self.edits))

    @property
    def items(self) -> Mapping[str, Any]:
        """What the plan itself had been asked for."""
        found: Mapping[str, Any] = self.asked.get("asked", {}).get("items") or {}
        return found

    @property
    def version(self) -> int:
        return self.edits[-1].version if self.edits else 0


@router.get("/console/plans/{plan_id}/draft", **guarded(OF_PLAN, 404, 409))
def draft(
    request: Request, plan_id: PlanId, street: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The draft's lines of a street, with what the whole draft comes to and breaks."""
    return _show(request, plan_id, street=street)


@router.post("/console/plans/{plan_id}/draft", **guarded(OF_PLAN, 404, 409))
def change(
    request: Request,
    plan_id: PlanId,
    act: _Word = "",
    line: _Word = "",
    seen: Annotated[int, Form(ge=0)] = 0,
    sessions: _Word = "",
    venue: _Word = "",
    when: _Word = "",
    day: _Word = "",
    street: _Word = "",
    product: _Word = "",
    buyer: _Word = "",
) -> Response:
    """Change a line; what another officer changed meanwhile is told first, and nothing is lost."""
    service, officer = request.app.state.service, request.scope["principal"].subject
    typed = {"line": line, "sessions": sessions, "venue": venue, "when": when, "day": day}
    typed |= {"product": product, "buyer": buyer}
    try:
        with service.database.engine().begin() as connection:
            opened = _open(connection, plan_id)
            changes = _changes(opened, act, street, typed)
            at = seen
            for line_id, kind, content in changes:
                at = append_edit(
                    connection,
                    opened.content["plan_id"],
                    line_id,
                    kind,
                    content,
                    seen=at,
                    officer=officer,
                    now=service.now(),
                )
    except DraftChangedError as error:
        return _show(request, plan_id, street=street, status=409, others=error.edits, typed=typed)
    except _RefusedError as error:
        return _show(request, plan_id, street=street, status=422, problem=error.code, typed=typed)
    target = f"/console/plans/{plan_id}/draft?street={street if street.isalnum() else ''}"
    return Response(status_code=303, headers={"Location": target})


@router.post("/console/plans/{plan_id}/again", **guarded(OF_PLAN, 404, 409, 429))
def again(request: Request, plan_id: PlanId) -> Response:
    """Solve again around the changes: a new plan, which names this one."""
    officer = request.scope["principal"].subject
    with request.app.state.service.database.engine().connect() as connection:
        opened = _open(connection, plan_id)
    content = opened.content
    asked = {
        key: each for key, each in opened.asked.get("asked", {}).items() if key != "items"
    } or _asked_of(content)
    asked |= {
        "parent": content["plan_id"],
        "items": items_of(opened.lines, opened.items, officer=officer),
    }
    made, _ = ask_for_plan(request, asked)
    return Response(status_code=303, headers={"Location": f"/console/plans/{made}"})


def _asked_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan that was not asked for over HTTP can be asked for again with."""
    buyers = {line["buyer_code"] for line in content["lines"]}
    asked = {"period": content["period"], "rules": content.get("rules_text") or ""}
    return asked | ({"buyer": buyers.pop()} if len(buyers) == 1 else {})


def _open(connection: sa.Connection, plan_id: str) -> _Opened:
    asked, content = read_plan(connection, plan_id)
    if not content:
        raise HTTPException(404, "There is no plan yet.")
    posed = read_posed(connection, content["plan_id"])
    if posed is None:
        raise _NoDraftError(content)
    return _Opened(asked, content, posed, read_edits(connection, content["plan_id"]))


def _changes(
    opened: _Opened, act: str, street: str, typed: Mapping[str, str]
) -> list[tuple[str, str, dict[str, Any]]]:
    """The edits that a form amounts to: line, kind, content."""
    if act == ADD:
        return [("", ADD, _added(opened.posed, street, typed))]
    lines = {line.line_id: line for line in opened.lines}
    if typed["line"] not in lines:
        raise HTTPException(404, "This draft has no such line.")
    line = lines[typed["line"]]
    if act != "save":
        if act not in KINDS:
            raise _RefusedError("change")
        return [(line.line_id, act, {})]
    found: list[tuple[str, str, dict[str, Any]]] = []
    n = _count(opened.posed, line.product, typed["sessions"])
    if n != line.sessions:
        found.append((line.line_id, SESSIONS, {"sessions": n}))
    when = typed["day"] or typed["when"]
    if when and when != line.months and not _WHEN.fullmatch(when):
        raise _RefusedError("when")
    if typed["venue"] and typed["venue"] not in opened.posed.venue_ids:
        raise _RefusedError("hall")
    moved = typed["venue"] != (line.venue_id or "") or (when and when != line.months)
    if moved:
        found.append((line.line_id, PLACE, {"venue_id": typed["venue"], "when": when}))
    return found


def _added(posed: PosedPlan, street: str, typed: Mapping[str, str]) -> dict[str, Any]:
    problem = posed.problem
    if street not in problem.streets or typed["product"] not in problem.products:
        raise _RefusedError("product")
    buyer = typed["buyer"] or next(iter(_buyers(posed, street)), ("", ""))[0]
    if buyer not in dict(_buyers(posed, street)):
        raise _RefusedError("buyer")
    n = _count(posed, typed["product"], typed["sessions"])
    return {"street": street, "product": typed["product"], "buyer": buyer, "sessions": n}


def _each(posed: PosedPlan, product: str) -> int:
    """Sittings in one session that is bought: the lessons of a course."""
    known = product in posed.problem.products
    p = posed.problem.products.position(product) if known else 0
    return int(posed.problem.sessions_each[p]) if known else 1


def _count(posed: PosedPlan, product: str, typed: str) -> int:
    each = _each(posed, product)
    if not typed.isdecimal() or not 1 <= int(typed) <= MOST * each:
        raise _RefusedError("count")
    return each * -(-int(typed) // each)


def _show(
    request: Request,
    plan_id: str,
    *,
    street: str = "",
    status: int = 200,
    problem: str = "",
    others: Sequence[Edit] = (),
    typed: Mapping[str, str] | None = None,
) -> Response:
    lang = display_of(request).lang
    try:
        with request.app.state.service.database.engine().connect() as connection:
            opened = _open(connection, plan_id)
    except _NoDraftError as error:
        return page(request, "plan_no_draft.html", status=409, plan=error.content)
    posed, content, lines = opened.posed, opened.content, opened.lines
    streets = list(zip(posed.problem.streets.ids, posed.street_names, strict=True))
    at = street if street in dict(streets) else streets[0][0]
    free = {(each["street"], each["product"]) for each in opened.items.get("require", ())}
    judged = judge(posed, lines, free=free)
    by_id = {line.line_id: line for line in lines}
    told = {
        each.version: edit_text(posed, each, by_id.get(each.line_id), lang)
        for each in (*opened.edits[-HISTORY:], *others)
    }
    return page(
        request,
        "plan_draft.html",
        status=status,
        plan=content,
        version=opened.version,
        streets=streets,
        street=at,
        judged=judged,
        money_bars=[
            gauge(each["amount_fen"] / max(1, each["budget_fen"]), label=each["name"])
            for each in judged.budgets
        ],
        mix_bars=[gauge(each["share"], label=each["category"]) for each in judged.mix],
        matching_bar=gauge(judged.matching or 0.0, label="供需匹配度"),
        rows=[_row(posed, line, typed) for line in lines if line.street == at],
        changed={line.street for line in lines if line.touched},
        broken=[
            *(violation_text(posed, each, lang) for each in judged.violations),
            *(misplaced_text(line, code, posed, lang) for line, code in judged.misplaced),
        ],
        offered=_offered(posed, at, lines),
        buyers=_buyers(posed, at),
        months=posed.months,
        history=list(reversed(opened.edits))[:HISTORY],
        others=others,
        told=told,
        problem=problem,
        typed=typed or {},
        most=MOST,
    )


def _row(posed: PosedPlan, line: DraftLine, typed: Mapping[str, str] | None) -> dict[str, Any]:
    problem = posed.problem
    row: dict[str, Any] = {"line": line, "title": line.product, "category": "", "halls": []}
    if line.planned is not None:
        row["title"], row["category"] = line.planned["title"], line.planned["category"]
    if line.product in problem.products:
        p = problem.products.position(line.product)
        row["title"], row["category"] = posed.titles[p], posed.categories[p]
        near = posed.calendar.street[: len(posed.venue_ids)]
        fits = posed.calendar.suits(p)[: len(posed.venue_ids)]
        own = np.flatnonzero((near == problem.streets.position(line.street)) & fits)
        row["halls"] = [(posed.venue_ids[v], posed.venue_names[v]) for v in own]
    if line.venue_id and line.venue_id not in dict(row["halls"]):
        row["halls"].append((line.venue_id, venue_name(posed, line.venue_id)))
    mine = typed if typed is not None and typed["line"] == line.line_id else None
    row["for_all"] = line.planned is not None and line.planned["street_code"] != line.street
    row["each"] = _each(posed, line.product)
    row["venue"] = venue_name(posed, line.venue_id)
    row["sessions"] = mine["sessions"] if mine else line.sessions
    row["venue_id"] = mine["venue"] if mine else line.venue_id or ""
    row["when"] = mine["when"] if mine else line.months
    row["day"] = mine["day"] if mine else ""
    row["typed"] = mine is not None
    kept = line.planned is not None and line.months == (line.planned["months"] or "")
    dates = line.planned.get("dates") if line.planned is not None and kept else None
    row["dates"] = str(dates or line.months).replace(";", " · ").replace("/", " – ")
    return row


def _offered(posed: PosedPlan, street: str, lines: Sequence[DraftLine]) -> list[dict[str, Any]]:
    """Products that may be added in a street, most wanted first."""
    problem = posed.problem
    s = problem.streets.position(street)
    held = {line.product for line in lines if line.street == street and not line.removed}
    order = np.argsort(-problem.expected[s], kind="stable")
    found = []
    for p in order[problem.allowed[s, order]]:
        code = problem.products.ids[p]
        if code not in held:
            found.append(
                {
                    "product": code,
                    "title": posed.titles[p],
                    "category": posed.categories[p],
                    "expected": float(min(problem.expected[s, p], problem.seats[s, p])),
                    "price_fen": int(problem.price_fen[p]),
                }
            )
        if len(found) == OFFERED:
            break
    return found


def _buyers(posed: PosedPlan, street: str) -> list[tuple[str, str]]:
    """Buyers that buy for a street, its own first."""
    problem = posed.problem
    s = problem.streets.position(street)
    found = [
        (problem.buyers.ids[b], posed.buyer_names[b]) for b in np.flatnonzero(problem.serves[:, s])
    ]
    return sorted(found, key=lambda each: each[0] != street)
