"""All rules of plans. A new rule of a family is one class in its module, plus its messages."""

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules import (
    budget,
    catalogue,
    evenness,
    floor,
    quota,
    supplier_share,
    touring,
    venue_slots,
    volume,
)
from recommender.procurement.rules.rule import Rule, Setting
from recommender.procurement.rules.values import Explanation, RuleKey

RULES: tuple[Rule, ...] = (
    *budget.RULES,
    *quota.SHARES,
    *supplier_share.RULES,
    *catalogue.RULES,
    *quota.SESSIONS,
    *venue_slots.RULES,
    *volume.RULES,
    *floor.RULES,
    *touring.RULES,
    *evenness.RULES,
)
"""In the order in which conflicts name them: what officers set stands last."""

SETTINGS: tuple[Setting, ...] = tuple(setting for rule in RULES for setting in rule.settings)
"""Numbers of the officer's file that rules read from :attr:`ProcurementProblem.settings`."""

STEPS = RuleKey("steps")
"""Rows of the model's structure: a session's tiers in their order, each taken once."""

COMPETITION = RuleKey("competition")
"""Rows of the model's structure: what masses come to beside each other."""

PAYMENTS = RuleKey("payments")
"""Rows of the model's structure: what a street's sessions cost is paid by its buyers."""

STRUCTURE = frozenset({STEPS.rule, COMPETITION.rule, PAYMENTS.rule, "touring"})
"""Rows that always hold; they are never part of a conflict and have no shadow price."""

_BY_NAME = {rule.name: rule for rule in RULES}


def explain_rule(problem: ProcurementProblem, key: RuleKey) -> Explanation:
    """One instance of a rule with its bounds.

    Parameters
    ----------
    problem
        Where the bounds stand.
    key
        The instance.

    Returns
    -------
    Values for the catalogue's ``plan.conflict.RULE``.
    """
    return Explanation(*key, amounts=_BY_NAME[key.rule].amounts(problem, key))


def file_names(key: RuleKey) -> tuple[str, ...]:
    """Where an instance of a rule may stand in the officer's file (``section.key``)."""
    return _BY_NAME[key.rule].file_names(key)
