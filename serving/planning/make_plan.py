"""Make a plan: solve, check, schedule, and say why, line by line."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.errors import GongxuError
from recommender.procurement.intervals import total_interval
from recommender.procurement.plan import ProcurementPlan, Status, evenness_of
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.supplier_share import SHARE_MAX
from recommender.procurement.schedule import Slot, schedule
from recommender.procurement.solver.milp import plan_procurement
from recommender.procurement.verify import verify_plan
from serving.messages.plans import text
from serving.planning.compliance import line_warnings, plan_warnings
from serving.planning.conflict_lines import conflict_text, with_lines
from serving.planning.line_reasons import line_reasons
from serving.planning.problem_building import Planning
from serving.planning.rules import Recusal, describe

COLUMNS = (
    "line_id", "buyer_code", "street_code", "product_id", "supplier_id", "venue_id", "period",
    "sessions", "amount_fen", "expected", "low", "high", "marginal_fen_per_attendance", "reasons",
    "warnings", "plan_id", "model_version", "buyer", "street", "title", "category", "supplier",
    "venue", "months", "price_fen", "evidence_bookings", "evidence_surveys", "new",
)  # fmt: skip
"""The contract's columns, then names and facts for people."""


class NoPlanError(GongxuError):
    """The officer's rules cannot hold together, or no plan was found in the time."""

    exit_code = 2


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


@dataclass(frozen=True, slots=True)
class Solved:
    """A solved planning: the problem as it was finally posed, its plan and its schedule."""

    problem: ProcurementProblem
    plan: ProcurementPlan
    slots: tuple[Slot, ...]
    loosened: tuple[str, ...]


_LADDER: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("min_shares", ("new.", "audience."), {"min_share": 0.0}),
    ("floors", ("floor.",), {"floor_sessions": 0}),
    ("evenness", ("evenness.",), {"gini_max": None}),
    ("supplier_share", ("supplier.",), {"settings": {SHARE_MAX.name: SHARE_MAX.neutral}}),
)
"""Defaults that yield, in this order, when they cannot be kept; a given rule never yields."""


def solve_planning(
    planning: Planning,
    *,
    time_limit_s: float = 30.0,
    mip_gap: float = 0.005,
    clock: Callable[[], float] = time.monotonic,
) -> Solved:
    """Solve and schedule; default rules that cannot be kept yield, with a warning.

    What comes will differ from what is expected, and most of all between streets: so the evenness
    bound is kept with a margin (``evenness.aim``) where demand is uncertain and the margin can be
    had.

    Raises
    ------
    NoPlanError
        If the rules conflict.
    """
    deadline = clock() + time_limit_s

    def solve(posed: ProcurementProblem, share: float = _SHARE) -> ProcurementPlan:
        left = max(0.0, deadline - clock())
        return plan_procurement(posed, time_limit_s=share * left, mip_gap=mip_gap, clock=clock)

    problem, loosened = aim_at_evenness(planning), []
    plan = solve(problem)
    if problem is not planning.problem and not plan.lines:  # the margin cannot be had
        problem = planning.problem
        plan = solve(problem)
    for default, families, change in _LADDER:
        if plan.status is not Status.INFEASIBLE:
            break
        loose = _loosen(planning, problem, families, change)
        if loose is None:
            continue
        problem = loose
        eased = text(f"plan.default.{default}", "zh")
        conflicts = "；".join(conflict_text(each, "zh") for each in plan.conflicts)
        loosened.append(text("plan.default_eased", "zh", rule=eased, conflicts=conflicts))
        plan = solve(problem)
    if plan.status is Status.UNKNOWN:  # no time left for the hardest of the defaults
        loose = _loosen(planning, problem, ("evenness.",), {"gini_max": None})
        if loose is not None:
            problem = loose
            loosened.append(text("plan.evenness_eased", "zh"))
            plan = solve(problem, 1.0)
    if plan.status is Status.INFEASIBLE:
        if not plan.conflicts:
            raise NoPlanError(
                "no plan can keep these rules together; the time was too short to tell which.",
                "Give --time-limit more.",
            )
        raise NoPlanError(
            "no plan can keep these rules together: "
            + "; ".join(with_lines(planning.rules, plan.conflicts))
            + ".",
            "Ease one of them.",
        )
    if plan.status is Status.UNKNOWN:
        raise NoPlanError("no plan was found in the time allowed.", "Give --time-limit more.")
    broken = verify_plan(problem, plan)
    if broken:  # never shown unchecked, whatever the solver says
        found = "; ".join(str(violation) for violation in broken[:3])
        raise GongxuError(f"the plan breaks its own rules: {found}.")
    slots = schedule(problem, planning.calendar, plan.sessions, plan.tours)
    return Solved(problem, plan, slots, tuple(loosened))


_SHARE = 0.7  # of the time left for each attempt: there is always some for another


def aim_at_evenness(planning: Planning) -> ProcurementProblem:
    """The problem with the evenness bound tightened by the margin; the same one without a margin.

    A certain demand needs no margin.
    """
    problem, aim = planning.problem, planning.rules.evenness.aim
    if problem.gini_max is None or aim >= 1 or not problem.log_sd.any():
        return problem
    return replace(problem, gini_max=aim * problem.gini_max)


def _loosen(
    planning: Planning,
    problem: ProcurementProblem,
    families: tuple[str, ...],
    change: Mapping[str, Any],
) -> ProcurementProblem | None:
    given = planning.rules.given
    if "min_share" in change:
        quotas = tuple(
            replace(quota, min_share=0.0)
            if quota.name.startswith(families) and not _is_given(quota.name, given)
            else quota
            for quota in problem.quotas
        )
        return replace(problem, quotas=quotas) if quotas != problem.quotas else None
    if any(name.startswith(families) for name in given):
        return None
    if "floor_sessions" in change:
        if not problem.floor_sessions.any():
            return None
        return replace(problem, floor_sessions=np.zeros_like(problem.floor_sessions))
    if "settings" in change:
        return replace(problem, settings={**problem.settings, **change["settings"]})
    return replace(problem, **change)


def _is_given(quota: str, given: frozenset[str]) -> bool:
    return f"{quota}.min_share" in given or f"{quota}_min_share" in given


def write_document(
    planning: Planning, solved: Solved, *, model_version: str, data_date: datetime
) -> PlanDocument:
    """Lines with names, reasons and warnings, and the whole plan's figures."""
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
    spent, budget = int(frame["amount_fen"].sum()), int(problem.budget_fen.sum())
    expected = float(frame["expected"].sum())
    low, high = total_interval(problem, plan.sessions.sum(axis=0), _categories(planning))
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
        "new_products_share": float(frame.loc[frame["new"], "amount_fen"].sum() / max(spent, 1)),
    }
    return PlanDocument(
        plan_id=plan_id,
        period=problem.period,
        model_version=model_version,
        data_date=data_date,
        lines=frame[list(COLUMNS)],
        summary=summary,
        warnings=(*planning.assumptions, *solved.loosened, *plan_warnings(planning, frame)),
        rules=rules,
        recusals=tuple(planning.rules.recuse),
        rules_text=planning.rules.text,
        stages=tuple(planning.rules.stages.names),
        left_out=planning.left_out,
    )


def _categories(planning: Planning) -> NDArray[np.intp]:
    """Position of each product's category, shape (P,)."""
    codes, _ = pd.factorize(planning.products["category"].astype(str))
    return np.asarray(codes, dtype=np.intp)


def _frame(planning: Planning, solved: Solved) -> pd.DataFrame:
    """One row a line and venue; amounts and attendances are split by sessions."""
    problem, plan = solved.problem, solved.plan
    by_line: dict[tuple[str, str, str], dict[int, list[Slot]]] = {}
    for slot in solved.slots:
        key = (
            problem.buyers.ids[slot.buyer],
            problem.streets.ids[slot.street],
            problem.products.ids[slot.product],
        )
        by_line.setdefault(key, {}).setdefault(slot.venue, []).append(slot)
    rows = []
    for line in plan.lines:
        venues = by_line[line.buyer, line.street, line.product]
        left = line.amount_fen
        for position, (venue, slots) in enumerate(venues.items(), start=1):
            sessions = sum(slot.sessions for slot in slots)
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
]  # fmt: skip


def _name(planning: Planning, frame: pd.DataFrame) -> pd.DataFrame:
    products, suppliers = planning.products, planning.suppliers
    own = products.reindex(frame["product_id"])
    frame["supplier_id"] = own["supplier_id"].to_numpy()
    frame["title"] = own["title"].to_numpy()
    frame["category"] = own["category"].astype(str).to_numpy()
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
    hidden = planning.estimate.suppressed[rows, columns]
    for name in ("evidence_bookings", "evidence_surveys"):
        values = pd.array(getattr(planning.estimate, name)[rows, columns], dtype="Int64")
        values[hidden | np.asarray((values > 0) & (values < 10), dtype=np.bool_)] = pd.NA
        frame[name] = values
    frame["new"] = planning.history.new_product[columns]
    return frame


def _keys(frame: pd.DataFrame) -> Sequence[tuple[str, str, str]]:
    return list(zip(frame["buyer_code"], frame["street_code"], frame["product_id"], strict=True))
