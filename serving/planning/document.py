"""The use case `plan`: from sources and rules to a document with reasons and warnings."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from recommender.demand.disclosure import MIN_RESIDENTS
from recommender.procurement.intervals import total_interval
from recommender.procurement.plan import evenness_of
from recommender.procurement.schedule import Slot
from serving.planning.comparisons import (
    LAST_YEAR,
    by_buyer,
    category_positions,
    last_year_of,
    of_streets,
)
from serving.planning.compliance import line_warnings, plan_warnings
from serving.planning.dates import date_words
from serving.planning.drafts.matching import plan_matching
from serving.planning.drafts.posed import PosedPlan, posed_plan
from serving.planning.explanations import line_reasons
from serving.planning.limits import binding_rules
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
    "audience",
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
        Products that could not be planned, with the reason.
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
        told=None if progress is None else progress.hear,
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
    frame = _frame(planning, solved)
    reasons = line_reasons(planning, solved.plan, solved.slots)
    frame["reasons"] = [reasons[key] for key in _keys(frame)]
    frame["warnings"] = line_warnings(planning, frame)
    rules = tuple(describe(planning.rules))
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
        "streets": int(frame["street_code"].nunique()),
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
        left_out=planning.left_out,
        last_year=pd.DataFrame(columns=list(LAST_YEAR)) if last_year is None else last_year,
        posed=posed_plan(planning, solved),
    )


def _frame(planning: Planning, solved: Solved) -> pd.DataFrame:
    """One row a line and venue; amounts and attendances are split by sessions."""
    problem, plan = solved.problem, solved.plan
    by_line: dict[tuple[str, str, str], dict[int, list[Slot]]] = {}
    for slot in solved.slots:
        street, product = problem.streets.ids[slot.street], problem.products.ids[slot.product]
        key = problem.buyers.ids[slot.buyer], street, product
        by_line.setdefault(key, {}).setdefault(slot.venue, []).append(slot)
    dates = date_words(solved.slots, solved.appointments)
    rows = []
    for line in plan.lines:
        venues = by_line[line.buyer, line.street, line.product]
        left = line.amount_fen
        for position, (venue, slots) in enumerate(venues.items(), start=1):
            sessions = sum(slot.sessions for slot in slots)
            on = dates.get((slots[0].buyer, slots[0].street, slots[0].product, venue), [])
            share = sessions / line.sessions
            amount = left if position == len(venues) else int(line.amount_fen * share)
            left -= amount
            rows.append(
                {
                    "buyer_code": line.buyer,
                    "street_code": line.street,
                    "product_id": line.product,
                    "venue_position": venue,
                    "placed": all(slot.placed for slot in slots),
                    "sessions": sessions,
                    "amount_fen": amount,
                    "expected": round(line.expected * share, 1),
                    "low": round(line.low * share, 1),
                    "high": round(line.high * share, 1),
                    "marginal_fen_per_attendance": round(line.marginal_fen_per_attendance, 1),
                    "toured": line.toured,
                    "months": _month_words(planning.months, slots),
                    "dates": ";".join(on),
                    "undated": sessions - len(on),
                }
            )
    return _name(planning, pd.DataFrame(rows, columns=list(rows[0]) if rows else _EMPTY))


def _month_words(months: Sequence[str], slots: Sequence[Slot]) -> str:
    counts: dict[int, int] = {}
    for slot in slots:
        counts[slot.month] = counts.get(slot.month, 0) + slot.sessions
    return ";".join(f"{months[month]}×{n}" for month, n in sorted(counts.items()))


_EMPTY = [
    "buyer_code", "street_code", "product_id", "venue_position", "placed", "sessions",
    "amount_fen", "expected", "low", "high", "marginal_fen_per_attendance", "toured", "months",
    "dates", "undated",
]  # fmt: skip


def _name(planning: Planning, frame: pd.DataFrame) -> pd.DataFrame:
    products, suppliers = planning.products, planning.suppliers
    own = products.reindex(frame["product_id"])
    frame["supplier_id"] = own["supplier_id"].to_numpy()
    frame["title"] = own["title"].to_numpy()
    frame["category"] = own["category"].astype(str).to_numpy()
    frame["audience"] = own["audience_groups"].fillna("").astype(str).to_numpy()
    frame["price_fen"] = planning.problem.price_fen[
        planning.problem.products.positions(frame["product_id"])
    ]
    names = suppliers["name"].to_dict()
    frame["supplier"] = [names.get(code, "") for code in frame["supplier_id"]]
    buyers = dict(zip(planning.buyers.codes, planning.buyers.names, strict=True))
    frame["buyer"] = [buyers[code] for code in frame["buyer_code"]]
    streets = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    frame["street"] = [streets[code] for code in frame["street_code"]]
    known = len(planning.venues)
    ids, venue_names = planning.venues["venue_id"].tolist(), planning.venues["name"].tolist()
    at = [v if 0 <= v < known else None for v in frame["venue_position"]]
    frame["venue_id"] = [None if v is None else ids[v] for v in at]
    frame["venue"] = [None if v is None else venue_names[v] for v in at]
    rows = planning.estimate.streets.positions(frame["street_code"])
    columns = planning.estimate.products.positions(frame["product_id"])
    for name in ("evidence_bookings", "evidence_surveys"):
        values = pd.array(getattr(planning.estimate, name)[rows, columns], dtype="Int64")
        values[np.asarray(values < MIN_RESIDENTS, dtype=np.bool_)] = pd.NA
        frame[name] = values
    frame["new"] = planning.history.new_product[columns]
    return frame


def _keys(frame: pd.DataFrame) -> Sequence[tuple[str, str, str]]:
    return list(zip(frame["buyer_code"], frame["street_code"], frame["product_id"], strict=True))
