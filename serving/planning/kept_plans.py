"""Plans that are kept: whose they are, and what they look like as files."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa

from data.store.decisions import read_plan_document
from recommender.errors import UnknownIdError
from serving.messages.catalogue import text
from serving.names import resolve
from serving.planning.comparisons import LAST_YEAR
from serving.planning.document import COLUMNS, Decided, PlanDocument
from serving.planning.rules import Recusal
from serving.store_tables import plan_requests

if TYPE_CHECKING:  # questions alone need the solver
    from recommender.procurement.pooling import Pool
    from recommender.procurement.problem import ProcurementProblem
    from serving.planning.problem.building import Planning
    from serving.planning.solution import Solved
    from serving.settings import Settings

Decisions = Mapping[str, Decided]
"""What stands decided, by line."""

ENDINGS = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".ocds.json": "application/json",
}
"""Files that a plan can be had as, with their media types."""


def split_ending(name: str) -> tuple[str, str]:
    """A plan's identifier and the file's ending, if the name has one."""
    for ending in ENDINGS:
        if name.endswith(ending):
            return name.removesuffix(ending), ending
    return name, ""


def find_request(connection: sa.Connection, plan_id: str) -> Mapping[str, Any] | None:
    """The newest request of that identifier, or that led to that plan.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan's identifier.

    Returns
    -------
    The request, ``None`` if there is none.
    """
    query = (
        sa.select(plan_requests)
        .where(sa.or_(plan_requests.c.request_id == plan_id, plan_requests.c.plan_id == plan_id))
        .order_by(plan_requests.c.asked_at.desc())
    )
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def buyers_of(connection: sa.Connection, plan_id: str) -> set[str]:
    """Whose money a plan would spend.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan's identifier.

    Returns
    -------
    Area codes.

    Raises
    ------
    UnknownIdError
        If there is no such plan.
    """
    request = find_request(connection, plan_id)
    buyers = set()
    if request is not None:
        buyers = {request["asked"].get("buyer") or "the whole district"}
        if request["plan_id"] is None:
            return buyers
        plan_id = request["plan_id"]
    lines = read_plan_document(connection, plan_id)["lines"]
    return {line["buyer_code"] for line in lines} or buyers


def kept_document(content: Mapping[str, Any]) -> PlanDocument:
    """A kept plan as it was when it was made."""
    lines = pd.DataFrame(content["lines"], columns=list(COLUMNS))
    for column in (
        "dates",
        "audience",
        "payers",
        "committees",
    ):  # what earlier releases kept has none
        lines[column] = lines[column].astype(object).where(lines[column].notna(), "")
    for column in ("reasons", "warnings"):
        lines[column] = [_joined(value) for value in lines[column]]
    return PlanDocument(
        plan_id=content["plan_id"],
        period=content["period"],
        model_version=content["model_version"],
        data_date=datetime.fromisoformat(content["data_date"]),
        lines=lines,
        summary=content["summary"],
        warnings=tuple(content["warnings"]),
        rules=tuple((rule["rule"], rule["value"], rule["where"]) for rule in content["rules"]),
        recusals=tuple(Recusal(**each) for each in content.get("recusals", ())),
        rules_text=content.get("rules_text", ""),
        stages=tuple(content["stages"]),
        left_out=content["left_out"],
        last_year=pd.DataFrame(content.get("last_year", []), columns=list(LAST_YEAR)),
    )


def take_up(
    planning: "Planning", lines: Iterable[Mapping[str, Any]], *, gap: float
) -> "Solved | None":
    """The plan on the table, as it was made, without solving.

    Parameters
    ----------
    planning
        What it was made from.
    lines
        Its lines: buyer_code, street_code, product_id, sessions, and payers where several pay.
    gap
        How far from optimal it was when it was made, relative.

    Returns
    -------
    The plan under the strictest of the rules that it keeps, defaults yielding in their order;
    ``None``: it keeps none of them any more, or holds what cannot be planned.
    """
    from recommender.procurement.benefit import plan_value
    from recommender.procurement.plan import (
        ProcurementPlan,
        Status,
        cell_attendance,
        make_lines,
        sessions_of,
    )
    from recommender.procurement.pooling import with_pools
    from recommender.procurement.verify import verify_sessions
    from serving.planning.drafts.draft import bought_lines
    from serving.planning.solution import LADDER, aim_at_evenness, loosen, scheduled

    lines = list(lines)
    sessions = sessions_of(planning.problem, bought_lines(planning.problem, lines))
    if sessions is None:
        return None
    pools = _pools_of(planning.problem, lines)
    try:
        planning = replace(planning, problem=with_pools(planning.problem, pools))
    except ValueError:  # a budget would be negative
        return None
    problem, loosened = aim_at_evenness(planning), list[str]()
    eased = list[str]()
    if verify_sessions(problem, sessions):
        problem = planning.problem
    for default, families, change in LADDER:
        if not verify_sessions(problem, sessions):
            break
        loose = loosen(planning, problem, families, change)
        if loose is not None:
            problem = loose
            eased += families
            loosened.append(text(f"plan.default.{default}", "zh"))
    if verify_sessions(problem, sessions):
        return None
    value = plan_value(problem, cell_attendance(problem, sessions.sum(axis=0), problem.demand))
    plan = ProcurementPlan(
        status=Status.FEASIBLE,
        gap=gap,
        value=value,
        bound=value / max(1e-9, 1 - gap),
        sessions=sessions,
        tours=(),
        lines=make_lines(problem, sessions),
        method="kept",
    )
    solved = scheduled(planning, problem, plan, tuple(loosened), tuple(eased))
    return replace(solved, pools=pools)


def _pools_of(
    problem: "ProcurementProblem", lines: Iterable[Mapping[str, Any]]
) -> "tuple[Pool, ...]":
    """Sessions of single streets that several buyers pay."""
    import numpy as np

    from recommender.procurement.pooling import Pool

    pools = []
    for line in lines:
        payers = [each.split(":") for each in (line.get("payers") or "").split(";")]
        if len(payers) < 2 or line["street_code"] not in problem.streets:
            continue
        shares = np.zeros(len(problem.buyers), dtype=np.int64)
        for code, fen in payers:
            if code in problem.buyers:
                shares[problem.buyers.position(code)] = int(fen)
        lead = problem.buyers.position(line["buyer_code"])
        street = problem.streets.position(line["street_code"])
        pools.append(Pool(lead, street, problem.products.position(line["product_id"]), shares))
    return tuple(pools)


def on_the_table(
    planning: "Planning", plan_id: str | None, settings: "Settings", time_limit_s: float
) -> "Solved":
    """The plan that is asked about.

    Parameters
    ----------
    planning
        What it was made from.
    plan_id
        The kept plan's identifier; ``None``: it was not kept.
    settings
        Where the database is.
    time_limit_s
        Seconds for the solver, where the plan was not kept, or no longer keeps its rules.

    Returns
    -------
    The plan, taken up as it was made where that can be.

    Raises
    ------
    UnknownIdError
        If there is no such plan.
    """
    from serving.composition import open_store
    from serving.planning.solution import solve_planning

    if plan_id is not None:
        store = open_store(settings)
        try:
            with store.engine.connect() as connection:
                content = read_plan_document(connection, plan_id)
        finally:
            store.close()
        gap = content["summary"].get("gap") or 0.0
        if kept := take_up(planning, content["lines"], gap=gap):
            return kept
    return solve_planning(planning, time_limit_s=time_limit_s)


def plan_file(
    content: Mapping[str, Any], ending: str, *, buyer: str = "", decided: Decisions | None = None
) -> bytes:
    """A kept plan as a file.

    Parameters
    ----------
    content
        A kept plan's document.
    ending
        A key of :data:`ENDINGS`.
    buyer
        Only this buyer's part, by its code or name; all when empty.
    decided
        What stands decided, by line.

    Returns
    -------
    The file's bytes.

    Raises
    ------
    UnknownIdError
        If the plan has no such buyer.
    """
    from serving.exports.paper import for_buyer
    from serving.exports.saving import save_plan

    document = replace(kept_document(content), decided=decided or {})
    if buyer:
        names = {line["buyer_code"]: (line["buyer"],) for line in content["lines"]}
        document = for_buyer(document, resolve(buyer, names, what="buyer of this plan"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"plan{ending}"
        save_plan(document, out)
        return out.read_bytes()


def read_plan(connection: sa.Connection, plan_id: str) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """What was asked for, and the plan; either may be empty, not both.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        A plan's or a request's identifier.

    Returns
    -------
    The request and the plan's document.

    Raises
    ------
    UnknownIdError
        If there is neither.
    """
    request = find_request(connection, plan_id)
    if request is not None and request["plan_id"] is None:
        return request, {}
    found = request["plan_id"] if request is not None else plan_id
    try:
        return request or {}, read_plan_document(connection, str(found))
    except UnknownIdError:
        raise UnknownIdError("There is no such plan.") from None


def _joined(value: str | Iterable[str] | None) -> str:
    return value if isinstance(value, str) else ";".join(value or ())
