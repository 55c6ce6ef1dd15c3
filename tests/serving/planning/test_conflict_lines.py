"""Conflicts in words lead back to the lines of the officer's file."""

import pytest

from serving.planning.conflict_lines import with_lines
from serving.planning.rules import parse_rules

RULES = """[floor]
attendance_per_1000 = 50
[supplier]
share_max = 0.2
[evenness]
gini_max = 0.1
[category.film]
min_share = 0.1
max_share = 0.2
min_sessions = 1
max_sessions = 4
[new]
products_min_share = 0.3
[venues]
sessions_per_month = 4
[[require]]
product = "P1"
reason = "r"
"""


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("floor of S1: at least 50 attendances per 1,000 residents", 2),
        ("supplier A: at most 20% of the budget of 9 yuan", 4),
        ("evenness: Gini over streets at most 0.1", 6),
        ("category.film: at least 10% of the spending", 8),
        ("category.film: at most 20% of the budget", 9),
        ("category.film: at least 1 sessions", 10),
        ("category.film: at most 4 sessions", 11),
        ("new.products: at least 30% of the spending", 13),
        ("venues of S1: at most 12 sessions", 15),
        ("required: product P1 in S1", 16),
    ],
)
def test_every_rule_is_found(sentence: str, line: int) -> None:
    assert with_lines(parse_rules(RULES), [sentence]) == [f"{sentence} (rules, line {line})"]


def test_a_default_has_no_line() -> None:
    said = ["floor of S1: at least 3 sessions", "catalogue: product P1 can be had 2 times at most"]
    assert with_lines(parse_rules(""), said) == said
