"""What holds a plan back: rules, by what easing them would gain; and why products are left out."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from recommender.demand.disclosure import MIN_RESIDENTS
from recommender.procurement.explain.questions import rules_against
from recommender.procurement.plan import plan_margins
from recommender.procurement.rules.values import RuleKey
from serving.messages.catalogue import text
from serving.planning.explanations import conflict_text, named
from serving.planning.problem.building import Planning
from serving.planning.solution import Solved

_MOST = 3


def binding_rules(easing: Mapping[RuleKey, float]) -> list[dict[str, Any]]:
    """Kinds of rules that hold a plan back most.

    Parameters
    ----------
    easing
        What a tenth more of every bound would gain, attendances.

    Returns
    -------
    At most three: ``rule`` and ``attendances``, largest first.
    """
    kinds: dict[str, float] = {}
    for key, gain in easing.items():
        kinds[key.rule] = kinds.get(key.rule, 0.0) + gain
    largest = sorted(kinds.items(), key=lambda item: -item[1])[:_MOST]
    return [{"rule": rule, "attendances": round(gain, 1)} for rule, gain in largest]


def limits_text(easing: Mapping[RuleKey, float]) -> str:
    """The same as a sentence."""
    found = [
        text("limit.by", "zh", rule=text(f"limit.{each['rule']}", "zh"), people=each["attendances"])
        for each in binding_rules(easing)
    ]
    return "；".join(found) or text("limit.catalogue", "zh")


_LISTED = 300
"""Products with a reason at most that could be planned; those that would draw most come first."""
_TAKEN = 0.8
"""A session is said to compete where the plan leaves less than this of what it draws alone."""


def reasons_left_out(planning: Planning, solved: Solved) -> dict[str, str]:
    """Why products of the catalogue are in no street of the plan.

    Parameters
    ----------
    planning, solved
        What was planned, and the plan.

    Returns
    -------
    A title and the reasons by product: all that cannot be planned, and those not chosen that
    would draw most people.
    """
    problem, counts = solved.problem, solved.plan.sessions.sum(axis=0)
    alone = np.where(problem.allowed, problem.totals(problem.demand)[1], 0.0)
    beside = alone * plan_margins(problem, counts)
    out = ~counts.any(axis=0)
    open_ = problem.allowed.any(axis=0) & (problem.sessions_max > 0)
    ranked = np.flatnonzero(out & open_)
    ranked = ranked[np.argsort(-beside[:, ranked].max(axis=0, initial=0), kind="stable")]
    dearest = _dearest_fen(solved)
    found = {}
    for p in np.flatnonzero(out & ~open_).tolist():
        found[p] = [why_closed(planning, solved, p)]
    for p in ranked[:_LISTED].tolist():
        s = int(beside[:, p].argmax())
        said = _not_chosen(planning, solved, (s, p), (float(alone[s, p]), float(beside[s, p])))
        price = int(problem.price_fen[p])
        if beside[s, p] > 0 and price / beside[s, p] > dearest:
            said.append(text("limit.dearer", "zh", yuan=dearest / 100))
        rules = rules_against(problem, solved.plan, s, p)
        against = "、".join(conflict_text(named(planning, rule), "zh") for rule in rules)
        said.append(text("limit.blocked", "zh", rules=against) if against else _OPEN)
        found[p] = said
    titles = planning.products["title"].astype(str)
    return {
        str(problem.products.ids[p]): text(
            "limit.product", "zh", title=titles.iloc[p], reasons="；".join(said)
        )
        for p, said in found.items()
    }


_OPEN = text("limit.open", "zh")


def why_closed(planning: Planning, solved: Solved, p: int) -> str:
    """Why a product may be held in no street at all.

    Parameters
    ----------
    planning, solved
        What was planned, and the plan.
    p
        The product's position.

    Returns
    -------
    The first reason of: licence, price or list; a rule; what stands; halls.
    """
    problem, code = solved.problem, str(planning.problem.products.ids[p])
    if code in planning.left_out:
        return planning.left_out[code]
    excluded = [each for each in planning.rules.exclude if each.product == code]
    streets = {each.street for each in excluded}
    if "" in streets or streets >= set(problem.streets.ids):
        said = "、".join(dict.fromkeys(each.reason for each in excluded if each.reason))
        return text("limit.excluded", "zh", reason=said or "—")
    standing = planning.standing
    there = int(standing.sessions[:, p].sum() + standing.placeless[p])
    if there and (problem.sessions_max[p] <= 0 or planning.shapes.everywhere[p]):
        return text("limit.scheduled", "zh", sessions=there)
    if problem.sessions_max[p] <= 0:
        return text("limit.none_to_have", "zh")
    needed = planning.products["min_seats"].astype("float64").iloc[p]
    largest = float(np.max(planning.calendar.seats, initial=0))
    if needed > largest:
        return text("limit.hall_too_small", "zh", seats=needed, largest=largest)
    return text("limit.no_hall", "zh")


def _not_chosen(
    planning: Planning, solved: Solved, cell: tuple[int, int], people: tuple[float, float]
) -> list[str]:
    """What is known of a product that could have been bought, in the street where it fits best."""
    problem, estimate = solved.problem, planning.estimate
    (s, p), (alone, beside) = cell, people
    code = problem.streets.ids[s]
    row = estimate.streets.position(code)
    said = []
    votes = int(estimate.evidence_surveys[:, p].sum())
    if votes >= MIN_RESIDENTS:
        said.append(text("plan.survey_votes", "zh", votes=votes))
    if estimate.suppressed[row, p]:
        said.append(text("plan.few_people", "zh"))
    names = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    street, yuan = names[code] or code, int(problem.price_fen[p]) / 100
    if beside < 0.5:
        return [*said, text("limit.adds_nobody", "zh", street=street)]
    said.append(
        text("limit.best", "zh", street=street, people=beside, yuan=yuan, each=yuan / beside)
    )
    if beside < _TAKEN * alone:
        said.append(text("limit.competes", "zh", alone=alone))
    return said


def _dearest_fen(solved: Solved) -> float:
    """What the plan pays at most for an attendance of a last session; inf where that is unknown."""
    paid = [line.marginal_fen_per_attendance for line in solved.plan.lines]
    known = [each for each in paid if np.isfinite(each)]
    return max(known, default=float("inf"))
