"""Plans in words: reasons of lines (理由), names of rules, rules that conflict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from recommender.demand.disclosure import MIN_RESIDENTS
from recommender.errors import GongxuError
from recommender.procurement.plan import ProcurementPlan
from recommender.procurement.rules.registry import file_names
from recommender.procurement.rules.values import Explanation, RuleKey
from recommender.procurement.schedule import Slot
from recommender.procurement.touring_days import tour_days
from serving.messages.catalogue import Lang, text
from serving.messages.plans import MESSAGES
from serving.planning.problem.building import Planning
from serving.planning.problem.days import agreed_days
from serving.planning.rules import PlanRules


class NoPlanError(GongxuError):
    """The officer's rules cannot hold together, or no plan was found in the time.

    ``conflicts`` are those rules, by the names of places and products; empty: for want of time.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "", conflicts: Sequence[Explanation] = ()) -> None:
        super().__init__(message, hint)
        self.conflicts = tuple(conflicts)

    @property
    def failure(self) -> dict[str, Any]:
        """The same as values that a page can say in any language."""
        named = [asdict(each) for each in self.conflicts]
        return {"why": "conflict", "conflicts": named} if named else {"why": "time"}


def group_label(name: str) -> str:
    """The name of a group of products such as ``category.film``; a brand's own name."""
    key = f"group.{name}"
    return text(f"plan.{key}", "zh") if key in MESSAGES else name.partition(".")[2] or name


def rule_label(name: str) -> str:
    """A rule's name in the file, as officers would say it."""
    if f"rule.{name}" in MESSAGES:
        return text(f"plan.rule.{name}", "zh")
    group, _, bound = name.rpartition(".")
    if f"bound.{bound}" in MESSAGES:
        label = text(f"plan.bound.{bound}", "zh")
        return text("plan.bound_of_group", "zh", group=group_label(group), bound=label)
    return text("plan.rule.street", "zh") if name.startswith("street.") else name


def line_reasons(
    planning: Planning, plan: ProcurementPlan, slots: Sequence[Slot]
) -> dict[tuple[str, str, str], str]:
    """Reasons of every line.

    Parameters
    ----------
    planning
        What the plan was made from.
    plan
        The solved plan.
    slots
        Its schedule.

    Returns
    -------
    Reasons joined by ``;``, by (buyer, street, product).
    """
    problem = planning.problem
    estimate = planning.estimate
    rows = estimate.streets.positions(problem.streets.ids)
    rank = np.argsort(np.argsort(-problem.demand, axis=1), axis=1) + 1
    binding = [
        quota
        for quota in problem.quotas
        if plan.shadow_prices.get(RuleKey("quota.min_share", subject=quota.name), 0) > 0
        or plan.shadow_prices.get(RuleKey("quota.min_sessions", subject=quota.name), 0) > 0
    ]
    required = {
        (problem.streets.ids[s], problem.products.ids[p])
        for s, p in zip(*np.nonzero(problem.required), strict=True)
    }
    touring = _tours(planning, slots)
    reasons = {}
    for line in plan.lines:
        s, p = problem.streets.position(line.street), problem.products.position(line.product)
        sentences = []
        if (line.street, line.product) in required:
            item = next(
                i for i in planning.rules.require
                if i.product == line.product and i.street in ("", line.street)
            )  # fmt: skip
            sentences.append(text("plan.required_item", "zh", reason=item.reason))
        each = line.expected / (line.sessions * int(problem.sessions_each[p]))
        sentences.append(text("plan.demand_rank", "zh", people=each, rank=int(rank[s, p])))
        if line.expected > 0:
            sentences.append(
                text("plan.cost_per_attendance", "zh", yuan=line.amount_fen / line.expected / 100)
            )
        bookings = int(estimate.evidence_bookings[rows[s], p])
        votes = int(estimate.evidence_surveys[rows[s], p])
        if estimate.suppressed[rows[s], p]:
            sentences.append(text("plan.few_people", "zh"))
        elif bookings >= MIN_RESIDENTS:
            sentences.append(text("plan.own_bookings", "zh", bookings=bookings))
        elif planning.history.new_product[p]:
            sentences.append(text("plan.new_product", "zh"))
        if votes >= MIN_RESIDENTS:
            sentences.append(text("plan.survey_votes", "zh", votes=votes))
        sentences += [
            text("plan.meets_minimum", "zh", group=group_label(quota.group))
            for quota in binding
            if problem.groups[quota.group][p]
        ]
        if planning.scarce[p] and not planning.shapes.once[p]:
            sentences.append(
                text(
                    "schedule.scarce",
                    "zh",
                    sessions=int(problem.sessions_max[p]),
                    streets=int(problem.allowed[:, p].sum()),
                )
            )
        if planning.standing.sessions[s, p]:
            already = int(planning.standing.sessions[s, p])
            sentences.append(text("plan.standing", "zh", sessions=already))
        if problem.weight[s, p] > 1:
            sentences.append(text("plan.weighted", "zh", weight=float(problem.weight[s, p])))
        if line.toured:
            days = touring.get((line.buyer, line.street, line.product), [])
            sentences += days
            if len(days) < line.toured:
                sentences.append(
                    text("plan.tours_not_placed", "zh", sessions=line.toured - len(days))
                )
        reasons[line.buyer, line.street, line.product] = ";".join(sentences)
    return reasons


def _tours(planning: Planning, slots: Sequence[Slot]) -> dict[tuple[str, str, str], list[str]]:
    """With whom and on which days every line tours, one sentence a session."""
    problem = planning.problem
    names = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    days = tour_days(planning.months, slots, agreed_days(planning.days))
    halves: dict[int, list[Slot]] = {}
    for slot in slots:
        if slot.tour >= 0:
            halves.setdefault(slot.tour, []).append(slot)
    sentences: dict[tuple[str, str, str], list[str]] = {}
    for number, (first, second) in halves.items():
        early, late = days[number]
        for own, other, on, there in ((first, second, early, late), (second, first, late, early)):
            street = problem.streets.ids[other.street]
            key = (
                problem.buyers.ids[own.buyer],
                problem.streets.ids[own.street],
                problem.products.ids[own.product],
            )
            sentences.setdefault(key, []).append(
                text(
                    "plan.tour",
                    "zh",
                    day=on.isoformat(),
                    street=names[street] or street,
                    other_day=there.isoformat(),
                )
            )
    return {key: sorted(words) for key, words in sentences.items()}


def conflict_text(conflict: Explanation, lang: Lang) -> str:
    """A rule or another reason as a sentence.

    Parameters
    ----------
    conflict
        The rule and its amounts.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    The sentence, without a full stop.
    """
    values = {"place": conflict.place, "subject": conflict.subject, **conflict.amounts}
    rule, most = conflict.rule, conflict.amounts.get("most")
    if rule == "required" and most is not None and conflict.amounts["sessions"] > most:
        rule = "required_over" if most else "allowed"
    return text(f"plan.conflict.{rule}", lang, **values)


def named(planning: Planning, conflict: Explanation) -> Explanation:
    """A conflicting rule by names instead of codes.

    Parameters
    ----------
    planning
        What was planned.
    conflict
        The rule.

    Returns
    -------
    The same, its place and subject as officers know them.
    """
    buyers = dict(zip(planning.buyers.codes, planning.buyers.names, strict=True))
    streets = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    subject = conflict.subject
    if subject in planning.products.index:
        subject = str(planning.products.loc[subject, "title"])
    elif subject in planning.suppliers.index:
        subject = str(planning.suppliers.loc[subject, "name"])
    place = conflict.place
    return replace(
        conflict, place=streets.get(place) or buyers.get(place) or place, subject=subject
    )


def failure_texts(told: Mapping[str, Any], lang: Lang) -> list[str]:
    """Why no plan came of a request, and what to change.

    Parameters
    ----------
    told
        ``why`` (``conflict``, ``time``, ``ended`` or ``asked``) and, of a conflict, the values of
        the ``conflicts``.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    A sentence that says what to change, then the conflicting rules without a full stop.
    """
    named = [conflict_text(Explanation(**each), lang) for each in told.get("conflicts", ())]
    return [text(f"draft.failed_{told['why']}", lang), *named]


def with_lines(rules: PlanRules, conflicts: Iterable[Explanation]) -> list[str]:
    """English sentences of conflicting rules, for error messages.

    Parameters
    ----------
    rules
        The officer's rules.
    conflicts
        The rules that cannot hold together.

    Returns
    -------
    One sentence each, with the line of the rule where it stands in the file.
    """
    sentences = []
    for conflict in conflicts:
        key = RuleKey(conflict.rule, conflict.place, conflict.subject)
        line = next((rules.lines[name] for name in file_names(key) if name in rules.lines), None)
        where = f" (rules, line {line})" if line else ""
        sentences.append(conflict_text(conflict, "en") + where)
    return sentences
