"""Rules that hold a plan back are summed by kind and said in words."""

from recommender.procurement.rules.registry import RULES, STRUCTURE
from recommender.procurement.rules.values import RuleKey
from serving.messages.limits import MESSAGES
from serving.planning.limits import binding_rules, limits_text

EASING = {
    RuleKey("budget", "a"): 30.0,
    RuleKey("most_sessions", "x"): 25.0,
    RuleKey("most_sessions", "y"): 15.0,
    RuleKey("evenness"): 8.04,
    RuleKey("venue_slots", "x", "seats>0"): 1.0,
}


def test_the_three_that_hold_back_most() -> None:
    assert binding_rules(EASING) == [
        {"rule": "most_sessions", "attendances": 40.0},
        {"rule": "budget", "attendances": 30.0},
        {"rule": "evenness", "attendances": 8.0},
    ]


def test_in_words() -> None:
    sentence = limits_text(EASING)
    assert sentence.startswith(
        "受各街镇场次增长上限限制（放宽一成约多 40 人次）；受部分采购方的预算限制"
    )
    assert "目录" in limits_text({})


def test_every_rule_with_rows_has_its_words() -> None:
    without_rows = {"serves", "allowed", "sessions_per_cell"}
    named = {rule.name for rule in RULES} - STRUCTURE - without_rows
    assert named <= set(MESSAGES)
