"""Where the rules that conflict stand in the officer's file."""

import re
from collections.abc import Iterable

from serving.planning.rules import PlanRules

_STANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"floor of .* sessions$",
        ("floor.sessions_per_street", "floor.sessions_per_committee"),
    ),
    (r"floor of .* attendances", ("floor.attendance_per_1000",)),
    (r"supplier ", ("supplier.share_max",)),
    (r"evenness:", ("evenness.gini_max",)),
    (r"required: ", ("require",)),
    (r"budget of (?P<code>[^:]+):", ("budget.{code}",)),
    (r"venues of ", ("venues.sessions_per_month",)),
    (r"(?P<name>new\.[^:]+): at least", ("{name}_min_share",)),
    (r"(?P<name>[^:]+): at least .* of the spending", ("{name}.min_share",)),
    (r"(?P<name>[^:]+): at most .* of the budget", ("{name}.max_share",)),
    (r"(?P<name>[^:]+): at least .* sessions$", ("{name}.min_sessions",)),
    (r"(?P<name>[^:]+): at most .* sessions$", ("{name}.max_sessions",)),
)
"""Sentences of `recommender.procurement.explain.conflicts`, and the rules that say so."""


def with_lines(rules: PlanRules, conflicts: Iterable[str]) -> list[str]:
    """Each sentence, with the line of its rule where that stands in the file."""
    return [sentence + _line(rules, sentence) for sentence in conflicts]


def _line(rules: PlanRules, sentence: str) -> str:
    for pattern, names in _STANDS:
        found = re.match(pattern, sentence)
        if found:
            for name in names:
                line = rules.lines.get(name.format(**found.groupdict()))
                if line:
                    return f" (rules, line {line})"
            return ""
    return ""
