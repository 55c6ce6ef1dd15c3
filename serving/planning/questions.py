"""What officers ask of a plan: why, why not, what if, what does more buy, what would others buy.

Every answer comes from solving again and comparing; each is a frame or plain JSON values, for the
command line and the service alike.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from recommender.procurement.benefit import competing
from recommender.procurement.explain.frontiers import (
    FrontierPoint,
    budget_frontier,
    evenness_frontier,
    matching_frontier,
)
from recommender.procurement.explain.questions import why, why_not
from recommender.procurement.explain.second_opinion import second_opinion
from recommender.procurement.matching import plan_matching
from recommender.procurement.plan import cell_attendance, evenness_of, plan_margins
from serving.messages.catalogue import text
from serving.names import resolve
from serving.planning.explanations import conflict_text, named
from serving.planning.limits import why_closed
from serving.planning.problem.building import Planning
from serving.planning.solution import Solved

BUDGET_FACTORS = (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)
GINI_BOUNDS = (0.02, 0.03, 0.05, 0.075, 0.1, 0.15)
MATCHING_DIALS = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)


def explain_choice(
    planning: Planning, solved: Solved, product: str, street: str, *, time_limit_s: float = 10.0
) -> dict[str, Any]:
    """Why a product is in the plan for a street, or why it is not.

    Parameters
    ----------
    planning
        What the plan was made from.
    solved
        The solved plan.
    product
        Its identifier or title.
    street
        Its code or name.
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    product_id, title, street_code, street, planned (bool), possible (bool: whether a plan exists
    with, or without, it), cost (attendances lost without it, or with one session of it),
    expected (attendances at one session), price_fen, reasons (sentences), changes (what would be
    bought more or less: street_code, product_id, title, sessions).

    Raises
    ------
    UnknownIdError
        If the product or the street cannot be planned.
    """
    problem = solved.problem
    titles = {code: (_title(planning, code),) for code in problem.products.ids}
    product = resolve(product, titles, what="product listed in the period")
    p = problem.products.position(product)
    everywhere = bool(planning.shapes.everywhere[p])
    streets = {code: (_street_names(planning)[code],) for code in problem.streets.ids}
    if everywhere:
        streets[planning.district[0]] = (planning.district[1],)
    street = resolve(street, streets, what="street of these buyers")
    if everywhere:  # whichever street is asked for: one of them has it for all
        street = problem.streets.ids[int(np.argmax(problem.allowed[:, p]))]
    s = problem.streets.position(street)
    planned = bool(solved.plan.sessions[:, s, p].any())
    ask = why if planned else why_not
    answer = ask(solved.posed, solved.plan, product, street, time_limit_s=time_limit_s)
    # One session beside the plan's others, as the plan counts on it.
    gained = float(problem.totals(problem.demand)[1, s, p])
    gained *= float(plan_margins(problem, solved.plan.sessions.sum(axis=0))[s, p])
    cost = answer.cost
    here = text("plan.unplanned_not_allowed", "zh")
    figures = {"people": gained, "yuan": problem.price_fen[p] / 100, "cost": cost}
    reasons = [conflict_text(named(planning, reason), "zh") for reason in answer.reasons]
    if planned and answer.possible:
        sentences = [text("plan.planned_cost", "zh", **figures)]
    elif planned:
        sentences = [text("plan.planned_required", "zh"), *reasons]
    elif answer.possible:
        broken = [conflict_text(named(planning, rule), "zh") for rule in answer.blocked]
        against = "、".join(broken)
        stands = text("limit.blocked", "zh", rules=against) if against else text("limit.open", "zh")
        sentences = [text("plan.unplanned_cost", "zh", **figures), stands]
    else:
        nowhere = not problem.allowed[:, p].any() or problem.sessions_max[p] <= 0
        closed = why_closed(planning, solved, p) if nowhere else here
        sentences = [closed, *reasons]
    code, name = planning.district if everywhere else (street, _street_names(planning)[street])
    if everywhere:
        sentences.insert(0, text("schedule.everywhere", "zh"))
    return {
        "product_id": product,
        "title": str(planning.products.loc[product, "title"]),
        "street_code": code,
        "street": name,
        "planned": planned,
        "possible": answer.possible,
        "cost": cost,
        "expected": gained,
        "price_fen": int(problem.price_fen[p]),
        "reasons": sentences,
        "changes": [
            {"street_code": code, "product_id": other, "title": _title(planning, other),
             "sessions": n}
            for code, other, n in answer.displaced
        ],
    }  # fmt: skip


def compare_plans(
    before: tuple[Planning, Solved], after: tuple[Planning, Solved]
) -> tuple[dict[str, Any], pd.DataFrame]:
    """A what-if: the second plan minus the first.

    Parameters
    ----------
    before
        Problem and plan that are compared with.
    after
        The other problem and plan.

    Returns
    -------
    Figures of both plans and their difference (each ``before``, ``after``, ``change`` of
    amount_fen, sessions, expected, gini), and a frame of every cell that differs: street_code,
    street, product_id, title, sessions_before, sessions_after, change.
    """
    figures: dict[str, Any] = {}
    first, second = _figures(before[1]), _figures(after[1])
    for name in first:
        figures[name] = {
            "before": first[name], "after": second[name], "change": second[name] - first[name]
        }  # fmt: skip
    counts = pd.concat(
        [_sessions(before[1]).rename("sessions_before"),
         _sessions(after[1]).rename("sessions_after")],
        axis=1,
    ).fillna(0)  # fmt: skip
    frame = counts.astype(np.int64).reset_index()
    frame["change"] = frame["sessions_after"] - frame["sessions_before"]
    frame = frame[frame["change"] != 0].copy()
    names = _street_names(before[0]) | _street_names(after[0])
    frame["street"] = [names[code] for code in frame["street_code"]]
    frame["title"] = [_title(after[0], code) for code in frame["product_id"]]
    order = frame["change"].abs().sort_values(ascending=False, kind="stable").index
    columns = [
        "street_code", "street", "product_id", "title", "sessions_before", "sessions_after",
        "change",
    ]  # fmt: skip
    return figures, frame.loc[order, columns].reset_index(drop=True)


def trace_budget(
    solved: Solved, factors: Sequence[float] = BUDGET_FACTORS, *, time_limit_s: float = 10.0
) -> pd.DataFrame:
    """Attendance against budget: budget_fen, amount_fen, expected, gini, gap.

    Parameters
    ----------
    solved
        The solved plan.
    factors
        Each multiplies every budget, > 0.
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    One row a point.
    """
    points = budget_frontier(solved.problem, factors, time_limit_s=time_limit_s)
    return _points(points, "budget_fen")


def trace_evenness(
    solved: Solved, bounds: Sequence[float] = GINI_BOUNDS, *, time_limit_s: float = 10.0
) -> pd.DataFrame:
    """Attendance against evenness: gini_max, amount_fen, expected, gini, gap.

    Parameters
    ----------
    solved
        The solved plan.
    bounds
        Upper bounds on the Gini coefficient, in [0, 1].
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    One row a point.
    """
    points = evenness_frontier(solved.problem, bounds, time_limit_s=time_limit_s)
    return _points(points, "gini_max")


def trace_matching(
    solved: Solved, dials: Sequence[float] = MATCHING_DIALS, *, time_limit_s: float = 10.0
) -> pd.DataFrame:
    """Attendance against the matching of wants: dial, amount_fen, expected, gini, gap, matching.

    Parameters
    ----------
    solved
        The solved plan.
    dials
        Settings of ``plan.matching``, in [0, 1].
    time_limit_s
        Seconds for the solver.

    Returns
    -------
    One row a point.
    """
    points = matching_frontier(solved.problem, dials, time_limit_s=time_limit_s)
    return _points(points, "dial").assign(matching=[p.matching for p in points])


def present_point(planning: Planning, solved: Solved, over: str) -> tuple[float, float] | None:
    """Where the plan itself lies on a frontier.

    Parameters
    ----------
    planning, solved
        What was planned, and the solved plan.
    over
        ``budget``, ``evenness`` or ``matching``.

    Returns
    -------
    What varies (fen, the bound on the Gini coefficient, 供需匹配度) and attendances; ``None``
    where it has no such value.
    """
    problem, figures = solved.problem, _figures(solved)
    categories = planning.products["category"].astype(str).tolist()
    across: float | None = {
        "budget": float(problem.budget_fen.sum()),
        "evenness": planning.rules.evenness.gini_max,
        "matching": plan_matching(problem, solved.plan.sessions, categories)["matching"],
    }[over]
    return None if across is None else (across, float(figures["expected"]))


def ask_equal_shares(planning: Planning, solved: Solved) -> tuple[dict[str, Any], pd.DataFrame]:
    """The second opinion by equal shares, and where it differs from the plan.

    It gives every resident an equal part of the money and knows none of the officer's rules, so
    it is an opinion to look at and never a plan to sign.

    Parameters
    ----------
    planning
        What the plan was made from.
    solved
        The solved plan.

    Returns
    -------
    Figures (plan and shares: sessions, amount_fen, expected, gini; ``agreed``, the share of the
    plan's sessions that both buy), and a frame of cells that differ, as in
    :func:`compare_plans`, largest difference in attendance first.
    """
    problem = solved.problem
    shares = second_opinion(problem)
    opinion = replace(
        solved.plan,
        sessions=np.where(np.arange(len(problem.buyers))[:, None, None] == 0, shares, 0),
    )
    other = replace(solved, plan=opinion)
    figures, frame = compare_plans((planning, solved), (planning, other))
    result: dict[str, Any] = {
        "plan": {name: each["before"] for name, each in figures.items()},
        "shares": {name: each["after"] for name, each in figures.items()},
    }
    own = solved.plan.sessions.sum(axis=0)
    both = np.minimum(own, shares).sum()
    result["agreed"] = float(both / max(1, int(own.sum())))
    renamed = {"sessions_before": "sessions_plan", "sessions_after": "sessions_shares"}
    return result, frame.rename(columns=renamed)


def _points(points: Sequence[FrontierPoint], asked: str) -> pd.DataFrame:
    rows = [(p.asked, p.amount_fen, p.value, p.gini, p.gap) for p in points]
    frame = pd.DataFrame(rows, columns=[asked, "amount_fen", "expected", "gini", "gap"])
    if asked.endswith("_fen"):
        frame[asked] = frame[asked].astype(np.int64)
    return frame


def _figures(solved: Solved) -> dict[str, float]:
    problem, sessions = solved.problem, solved.plan.sessions
    cells = sessions.sum(axis=0)
    alone = cell_attendance(problem, cells, problem.demand)
    return {
        "amount_fen": int((cells.sum(axis=0) * problem.price_fen).sum()),
        "sessions": int(cells.sum()),
        "expected": round(float(competing(problem, alone).sum()), 1),
        "gini": round(evenness_of(problem, sessions), 4),
    }


def _sessions(solved: Solved) -> "pd.Series[int]":
    problem, cells = solved.problem, solved.plan.sessions.sum(axis=0)
    rows, columns = np.nonzero(cells)
    index = pd.MultiIndex.from_arrays(
        [problem.streets.take(rows), problem.products.take(columns)],
        names=["street_code", "product_id"],
    )
    return pd.Series(cells[rows, columns], index=index, dtype=np.int64)


def _street_names(planning: Planning) -> dict[str, str]:
    pairs = zip(planning.streets.streets.ids, planning.streets.names, strict=True)
    return {code: name or code for code, name in pairs}


def _title(planning: Planning, product: str) -> str:
    return str(planning.products.loc[product, "title"])
