"""What a plan is weighed against: frontiers, equal shares, one session more, what rules cost.

All of it rests on the problem that is kept with the plan, so no table is read again.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.errors import UsageError
from recommender.procurement.explain.frontiers import (
    FrontierPoint,
    budget_frontier,
    evenness_frontier,
    matching_frontier,
)
from recommender.procurement.explain.second_opinion import second_opinion
from recommender.procurement.matching import plan_matching
from recommender.procurement.plan import evenness_of, make_lines, plan_margins
from recommender.procurement.rules.registry import explain_rule
from recommender.procurement.rules.values import RuleKey
from recommender.procurement.verify import verify_sessions
from serving.messages.catalogue import Lang
from serving.planning.drafts.draft import draft_lines, hosted, sessions_of
from serving.planning.drafts.posed import PosedPlan, read_posed
from serving.planning.drafts.sentences import place_name, subject_name, violation_text
from serving.planning.explanations import conflict_text
from serving.planning.questions import BUDGET_FACTORS, GINI_BOUNDS, MATCHING_DIALS
from serving.settings import Settings

FRONTIERS = ("budget", "evenness", "matching")
SHARES = "shares"
POINT_S = 3.0
"""Seconds for one point of a frontier."""

CANDIDATES = 40
"""Cells that are tried for one session more."""


def weigh(question: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Answer what takes solving again: a frontier, or the plan by equal shares.

    Parameters
    ----------
    question
        ``plan_id`` and ``what``: one of :data:`FRONTIERS` or :data:`SHARES`.
    settings
        Where the database is.

    Returns
    -------
    ``points`` of a frontier, or what :func:`equal_shares_beside` gives.

    Raises
    ------
    UsageError
        If the plan's problem was not kept.
    """
    from data.store.decisions import read_plan_document
    from serving.composition import open_store

    store = open_store(settings)
    try:
        with store.engine.connect() as connection:
            posed = read_posed(connection, question["plan_id"])
            content = read_plan_document(connection, question["plan_id"])
    finally:
        store.close()
    if posed is None:
        raise UsageError("the problem of this plan was not kept.", "Make the plan again.")
    if question["what"] == SHARES:
        return equal_shares_beside(
            posed, sessions_of(posed, hosted(posed, draft_lines(content, [])))
        )
    return {"points": frontier(posed, question["what"])}


def frontier(posed: PosedPlan, which: str, *, point_s: float = POINT_S) -> list[dict[str, Any]]:
    """Attendances against budget, evenness or the matching of wants.

    Parameters
    ----------
    posed
        The plan's problem.
    which
        One of :data:`FRONTIERS`.
    point_s
        Seconds for each point.

    Returns
    -------
    One entry a point: ``asked``, ``amount_fen``, ``expected``, ``gini``, ``matching``.
    """
    problem = posed.problem
    points: tuple[FrontierPoint, ...]
    match which:
        case "budget":
            points = budget_frontier(problem, BUDGET_FACTORS, time_limit_s=point_s)
        case "evenness":
            points = evenness_frontier(problem, GINI_BOUNDS, time_limit_s=point_s)
        case "matching":
            points = matching_frontier(problem, MATCHING_DIALS, time_limit_s=point_s)
        case _:
            raise UsageError(f"{which!r} is no frontier.", f"Use {', '.join(FRONTIERS)}.")
    return [
        {
            "asked": point.asked,
            "amount_fen": point.amount_fen,
            "expected": round(point.value, 1),
            "gini": round(point.gini, 4),
            "matching": round(point.matching, 3) if point.matching == point.matching else None,
        }
        for point in points
    ]


def equal_shares_beside(posed: PosedPlan, sessions: NDArray[np.int64]) -> dict[str, Any]:
    """The plan by equal shares (every resident an equal part of the money) beside the plan.

    It knows none of the officer's rules: an opinion to look at, no plan to sign.

    Parameters
    ----------
    posed
        The plan's problem.
    sessions
        The plan, shape (B, S, P).

    Returns
    -------
    ``plan`` and ``shares`` in figures, ``agreed`` (share of the plan's sessions that both buy),
    and ``cells`` that differ, largest difference first.
    """
    problem = posed.problem
    opinion = second_opinion(problem)
    shares = np.zeros_like(sessions)
    shares[0] = opinion
    own = sessions.sum(axis=0)
    found = opinion - own
    rows, columns = np.nonzero(found)
    order = np.argsort(-np.abs(found[rows, columns] * problem.expected[rows, columns]))
    return {
        "plan": _figures(posed, sessions),
        "shares": _figures(posed, shares),
        "agreed": float(np.minimum(own, opinion).sum() / max(1, int(own.sum()))),
        "cells": [
            {
                "street": posed.street_names[s],
                "title": posed.titles[p],
                "plan": int(own[s, p]),
                "shares": int(opinion[s, p]),
            }
            for s, p in zip(rows[order].tolist(), columns[order].tolist(), strict=True)
        ],
    }


def _figures(posed: PosedPlan, sessions: NDArray[np.int64]) -> dict[str, Any]:
    problem = posed.problem
    most = np.minimum(sessions.sum(axis=0), problem.sessions_per_cell)
    counted = np.zeros_like(sessions)
    counted[0] = most
    return {
        "amount_fen": int((sessions.sum(axis=(0, 1)) * problem.price_fen).sum()),
        "sessions": int(sessions.sum()),
        "expected": round(sum(line.expected for line in make_lines(problem, counted)), 1),
        "gini": round(evenness_of(problem, counted), 4),
        "matching": plan_matching(problem, counted, posed.categories)["matching"],
    }


def one_session_more(
    posed: PosedPlan, sessions: NDArray[np.int64], lang: Lang, *, n: int = 10
) -> list[dict[str, Any]]:
    """Where one session more would draw most, and which rules would stand in its way.

    Parameters
    ----------
    posed
        The plan's problem.
    sessions
        The plan, shape (B, S, P).
    lang
        ``zh`` or ``en``.
    n
        How many.

    Returns
    -------
    One entry a cell, largest gain first: ``street``, ``street_code``, ``title``, ``product``,
    ``gain`` (attendances beside the plan's), ``price_fen``, ``broken`` (sentences).
    """
    problem = posed.problem
    cells = sessions.sum(axis=0)
    most = problem.sessions_per_cell
    totals = problem.totals(problem.demand)
    at = np.minimum(cells, most)
    after = np.minimum(at + 1, most)
    gains = (
        np.take_along_axis(totals, after[None], axis=0)[0]
        - np.take_along_axis(totals, at[None], axis=0)[0]
    ) * plan_margins(problem, at)
    gains[~problem.allowed] = 0.0
    order = np.argsort(-gains, axis=None, kind="stable")[:CANDIDATES]
    found = []
    for position in order.tolist():
        s, p = divmod(position, len(problem.products))
        if gains[s, p] <= 0:
            break
        buyers = np.flatnonzero(problem.serves[:, s])
        if not len(buyers):
            continue
        more = sessions.copy()
        more[buyers[0], s, p] += 1
        broken = verify_sessions(problem, more, posed.tours)
        found.append(
            {
                "street": posed.street_names[s],
                "street_code": problem.streets.ids[s],
                "title": posed.titles[p],
                "product": problem.products.ids[p],
                "gain": round(float(gains[s, p]), 1),
                "price_fen": int(problem.price_fen[p]),
                "broken": [violation_text(posed, each, lang) for each in broken],
            }
        )
    # What the rules allow comes first: that could be bought today.
    return sorted(found, key=lambda each: (bool(each["broken"]), -each["gain"]))[:n]


def prices_of_rules(posed: PosedPlan, lang: Lang, *, n: int = 10) -> list[dict[str, Any]]:
    """What each rule costs: attendances that a tenth more of its bound would gain.

    Parameters
    ----------
    posed
        The plan's problem.
    lang
        ``zh`` or ``en``.
    n
        How many.

    Returns
    -------
    ``rule`` (a sentence with its bound) and ``gain``, largest first.
    """
    problem = posed.problem
    found = []
    largest = sorted(posed.easing, key=lambda each: -each[3])
    for rule, place, subject, gain in largest[:n]:
        if gain <= 0:
            break
        told = explain_rule(problem, RuleKey(rule, place, subject))
        named = replace(
            told, place=place_name(posed, place), subject=subject_name(posed, subject, lang)
        )
        found.append({"rule": conflict_text(named, lang), "gain": round(float(gain), 1)})
    return found
