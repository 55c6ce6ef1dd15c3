"""The use case `plan`: from sources and rules to a document with reasons and warnings."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from recommender.procurement.intervals import total_interval
from recommender.procurement.matching import plan_matching
from recommender.procurement.plan import evenness_of
from serving.planning.comparisons import (
    LAST_YEAR,
    by_buyer,
    category_positions,
    last_year_of,
    of_streets,
)
from serving.planning.compliance import line_warnings, plan_warnings
from serving.planning.drafts.posed import PosedPlan, posed_plan
from serving.planning.explanations import line_reasons
from serving.planning.limits import binding_rules, reasons_left_out
from serving.planning.lines import name_the_district, plan_rows, shape_reasons
from serving.planning.problem.building import Planning
from serving.planning.progress import Progress
from serving.planning.rules import PlanRules, Recusal, describe
from serving.planning.solution import Solved, solve_planning
from serving.planning.sources import Sources, state_planning

COLUMNS = (
    "line_id", "buyer_code", "street_code", "product_id", "supplier_id", "venue_id", "period",
    "sessions", "amount_fen", "expected", "low", "high", "marginal_fen_per_attendance", "reasons",
    "warnings", "plan_id", "model_version", "buyer", "street", "title", "category", "supplier",
    "venue", "months", "dates", "price_fen", "evidence_bookings", "evidence_surveys", "new",
    "audience", "payers", "committees",
)  # fmt: skip
"""The contract's columns, then names and facts for people."""

_NUMBERS = {
    "sessions": "int64", "amount_fen": "int64", "price_fen": "int64", "expected": "float64",
    "low": "float64", "high": "float64", "marginal_fen_per_attendance": "float64",
    "evidence_bookings": "Int64", "evidence_surveys": "Int64", "new": "bool",
}  # fmt: skip
_DTYPES = {name: _NUMBERS.get(name, "str") for name in COLUMNS}
"""Also of a plan without lines, so that nothing has to ask whether there are any."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What stands decided about a line.

    Attributes
    ----------
    decision
        ``accept``, ``change`` or ``reject``.
    sessions
        What was ordered; 0 when rejected.
    officer, reason
        Who, and why.
    status
        Of the order: ``approved``, ``rejected``, ``ordered``, ``delivered`` or ``accepted``.
    """

    decision: str
    sessions: int
    officer: str
    reason: str
    status: str


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A plan as it is shown, exported and kept.

    Attributes
    ----------
    plan_id
        From the plan's content: the same inputs give the same identifier.
    lines
        One row a line, columns :data:`COLUMNS`.
    summary
        Figures of the whole plan, JSON values.
    warnings
        About the whole plan, in words.
    rules
        (rule, value, where it stands) of every rule that was in force.
    recusals
        Officers who must not decide about a supplier.
    left_out
        Products in no street of the plan, with title and reasons: all that could not be planned,
        and of the others those that would draw most.
    last_year
        The same period a year before by street and category, columns of
        :data:`serving.planning.comparisons.LAST_YEAR`.
    decided
        What officers decided so far, by line.
    posed
        The problem it solves; not known of a document that was read back.
    """

    plan_id: str
    period: str
    model_version: str
    data_date: datetime
    lines: pd.DataFrame
    summary: Mapping[str, Any]
    warnings: tuple[str, ...]
    rules: tuple[tuple[str, str, str], ...]
    recusals: tuple[Recusal, ...]
    rules_text: str
    stages: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    last_year: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LAST_YEAR)))
    decided: Mapping[str, Decided] = field(default_factory=dict)
    posed: PosedPlan | None = None


def make_plan(
    sources: Sources,
    period: str,
    rules: PlanRules,
    *,
    buyer: str | None = None,
    budget_fen: int | None = None,
    time_limit_s: float = 30.0,
    mip_gap: float = 0.005,
    progress: Progress | None = None,
) -> PlanDocument:
    """State the problem, solve it, and write the plan down.

    Parameters
    ----------
    sources
        Tables and estimated demand.
    period
        Such as ``2027Q1``.
    rules
        The officer's rules.
    buyer, budget_fen
        Only this buyer; this budget instead of the table's.
    time_limit_s, mip_gap
        Of the solver, seconds and relative.
    progress
        Hears how far it is.

    Returns
    -------
    The plan as it is shown, exported and kept.

    Raises
    ------
    UsageError
        If there is nothing to plan with.
    NoPlanError
        If the rules conflict, or no plan was found in the time.
    """
    planning = state_planning(sources, period, rules, buyer=buyer, budget_fen=budget_fen)
    if progress is not None:
        progress.begin("solving")
    solved = solve_planning(
        planning,
        time_limit_s=time_limit_s,
        mip_gap=mip_gap,
        on_progress=None if progress is None else progress.hear,
    )
    if progress is not None:
        progress.begin("writing")
    return write_document(
        planning,
        solved,
        model_version=sources.model_version,
        data_date=sources.data_date,
        last_year=last_year_of(sources.dataset, planning),
    )


def write_document(
    planning: Planning,
    solved: Solved,
    *,
    model_version: str,
    data_date: datetime,
    last_year: pd.DataFrame | None = None,
) -> PlanDocument:
    """Lines with names, reasons and warnings, and the whole plan's figures.

    Parameters
    ----------
    planning
        What the plan was made from.
    solved
        The plan and its schedule.
    model_version, data_date
        The demand model, and until when its data reaches.
    last_year
        The same period a year before; ``None``: not known.

    Returns
    -------
    The document; the same inputs give the same ``plan_id``.
    """
    problem, plan = solved.problem, solved.plan
    frame = plan_rows(planning, solved)
    reasons = line_reasons(planning, solved.plan, solved.slots)
    told = zip(_keys(frame), shape_reasons(planning, frame), strict=True)
    frame["reasons"] = [";".join(filter(None, (reasons[key], more))) for key, more in told]
    frame["warnings"] = line_warnings(planning, frame)
    name_the_district(planning, frame)
    rules = tuple(
        (name, value, f"{where}, eased" if name.startswith(solved.eased) else where)
        for name, value, where in describe(planning.rules)
    )
    content = frame.drop(columns=["reasons", "warnings"]).to_json(orient="split", force_ascii=False)
    seal = json.dumps([problem.period, model_version, data_date.isoformat(), rules, content])
    plan_id = f"PLAN-{problem.period}-{hashlib.sha256(seal.encode()).hexdigest()[:12]}"
    frame["plan_id"] = plan_id
    frame["line_id"] = [f"{plan_id}-{n:04d}" for n in range(1, len(frame) + 1)]
    frame["model_version"] = model_version
    frame["period"] = problem.period
    frame = frame.astype(_DTYPES)
    spent, budget = int(frame["amount_fen"].sum()), int(problem.budget_fen.sum())
    expected = float(frame["expected"].sum())
    low, high = total_interval(problem, plan.sessions.sum(axis=0), category_positions(planning))
    summary = {
        "status": str(plan.status),
        "gap": plan.gap,
        "method": plan.method,
        "budget_fen": budget,
        "amount_fen": spent,
        "sessions": int(frame["sessions"].sum()),
        "products": int(frame["product_id"].nunique()),
        "suppliers": int(frame["supplier_id"].nunique()),
        "streets": frame.loc[frame["street_code"] != planning.district[0], "street_code"].nunique(),
        "expected": expected,
        "low": round(low, 1),
        "high": round(high, 1),
        "fen_per_attendance": spent / expected if expected > 0 else None,
        "gini": evenness_of(problem, plan.sessions),
        **plan_matching(problem, plan.sessions, planning.products["category"].astype(str).tolist()),
        "binding": binding_rules(plan.easing),
        "new_products_share": float(frame.loc[frame["new"], "amount_fen"].sum() / max(spent, 1)),
        "buyers": by_buyer(planning, problem, plan, frame, category_positions(planning)),
        "of_streets": of_streets(planning, problem),
    }
    return PlanDocument(
        plan_id=plan_id,
        period=problem.period,
        model_version=model_version,
        data_date=data_date,
        lines=frame[list(COLUMNS)],
        summary=summary,
        warnings=(*planning.assumptions, *solved.loosened, *plan_warnings(planning, frame, plan)),
        rules=rules,
        recusals=tuple(planning.rules.recuse),
        rules_text=planning.rules.text,
        stages=tuple(planning.rules.stages.names),
        left_out=reasons_left_out(planning, solved),
        last_year=pd.DataFrame(columns=list(LAST_YEAR)) if last_year is None else last_year,
        posed=posed_plan(planning, solved),
    )


def _keys(frame: pd.DataFrame) -> Sequence[tuple[str, str, str]]:
    return list(zip(frame["buyer_code"], frame["street_code"], frame["product_id"], strict=True))
