"""Which rules hold a plan back, in the order of what easing them would gain."""

from collections.abc import Mapping
from typing import Any

from recommender.procurement.rules.values import RuleKey
from serving.messages.catalogue import text

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
