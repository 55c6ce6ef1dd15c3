"""Conflicts as values become sentences and lead back to the lines of the officer's file."""

import re

import pytest

from recommender.procurement.rules.registry import RULES, SETTINGS
from recommender.procurement.rules.values import Explanation
from serving.messages.plans import MESSAGES
from serving.planning.explanations import conflict_text, failure_texts, with_lines
from serving.planning.rules import PlanRules
from serving.planning.rules_file import parse_rules

FILE = """[floor]
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
[budget]
S1 = 5
"""


@pytest.mark.parametrize(
    ("conflict", "sentence", "line"),
    [
        (("floor_attendance", "S1", "", {"attendances": 50}), "floor of S1: at least 50 att", 2),
        (("supplier_share", "", "A", {"share": 0.2, "yuan": 9}), "supplier A: at most 20%", 4),
        (("evenness", "", "", {"gini": 0.1}), "evenness: Gini over streets at most 0.1", 6),
        (
            ("quota.min_share", "", "category.film", {"share": 0.1}),
            "category.film: at least 10%",
            8,
        ),
        (("quota.max_share", "", "category.film", {"share": 0.2}), "category.film: at most 20%", 9),
        (("quota.min_sessions", "", "category.film", {"sessions": 1}), "at least 1 sessions", 10),
        (("quota.max_sessions", "", "category.film", {"sessions": 4}), "at most 4 sessions", 11),
        (("quota.min_share", "", "new.products", {"share": 0.3}), "new.products: at least 30%", 13),
        (("venue_slots", "S1", "seats>0", {"sessions": 12, "seats": 0.0}), "at most 12", 15),
        (("required", "S1", "P1", {"sessions": 1}), "required: product P1 in S1", 16),
        (("budget", "S1", "", {"yuan": 0.05}), "budget of S1", 20),
    ],
)
def test_every_rule_is_found(conflict: tuple[str, str, str, dict[str, float]], sentence: str,
                             line: int) -> None:  # fmt: skip
    found = with_lines(parse_rules(FILE), [Explanation(*conflict)])[0]
    assert sentence in found
    assert found.endswith(f" (rules, line {line})")
    assert re.search("[\u4e00-\u9fff]", conflict_text(Explanation(*conflict), "zh"))


def test_a_default_has_no_line() -> None:
    conflict = Explanation("floor_sessions", "S1", amounts={"sessions": 3})
    assert with_lines(parse_rules(""), [conflict]) == ["floor of S1: at least 3 sessions"]


def test_every_rule_that_can_conflict_and_every_setting_has_its_words() -> None:
    never_a_row = {"serves", "sessions_per_cell", "touring"}
    assert {rule.name for rule in RULES} - never_a_row <= {
        key.removeprefix("conflict.") for key in MESSAGES if key.startswith("conflict.")
    }
    for setting in SETTINGS:
        assert f"rule.{setting.name}" in MESSAGES
        assert PlanRules().setting(setting) == setting.default


def test_why_no_plan_came_says_what_to_change_in_both_languages() -> None:
    over = {"rule": "required", "place": "华阳路街道", "subject": "评弹",
            "amounts": {"sessions": 5, "most": 2}}  # fmt: skip
    zh = failure_texts({"why": "conflict", "conflicts": [over]}, "zh")
    assert zh[1].startswith("华阳路街道 的 评弹 要求 5 场，而同一产品在一个街镇最多 2 场：把它改为")
    en = failure_texts({"why": "conflict", "conflicts": [over]}, "en")
    assert "ask for no more than 2" in en[1]
    closed = over | {"amounts": {"sessions": 5, "most": 0}}
    assert "不能安排" in failure_texts({"why": "conflict", "conflicts": [closed]}, "zh")[1]
    within = over | {"amounts": {"sessions": 2, "most": 2}}
    assert "至少 2 场" in failure_texts({"why": "conflict", "conflicts": [within]}, "zh")[1]
    for why in ("time", "ended", "asked"):
        assert len(failure_texts({"why": why}, "zh")) == 1
