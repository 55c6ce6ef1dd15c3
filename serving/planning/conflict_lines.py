"""Rules that conflict, in words, with where they stand in the officer's file."""

from collections.abc import Iterable

from recommender.procurement.rules.registry import file_names
from recommender.procurement.rules.values import Explanation, RuleKey
from serving.messages.plans import text
from serving.planning.rules import PlanRules


def conflict_text(conflict: Explanation, lang: str) -> str:
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
    return text(f"plan.conflict.{conflict.rule}", lang, **values)


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
