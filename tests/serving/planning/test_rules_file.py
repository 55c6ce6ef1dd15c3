"""Bad rules are refused with the line and the reason; good ones keep what they say."""

import pytest

from serving.planning.rules import PlanRules, describe
from serving.planning.rules_file import RulesError, parse_rules


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('[budget]\n"310105001" = -5\n', 2, "-5 is negative"),
        ("[plan]\ncaution = 0.2\n\n[category.opera]\nmin_share = 0.1\n", 4, "unknown category"),
        ("[category.film]\nmax_share = 0.2\nmin_share = 0.3\n", 3, "contradicts max_share 0.2"),
        ("[category.film]\nmin_sessions = 5\nmax_sessions = 2\n", 2, "contradicts max_sessions 2"),
        ("[category.film]\nmin_share = 0.6\n[category.tour]\nmin_share = 0.5\n", 4, "add up to"),
        ("[audience.pets]\nmin_share = 0.1\n", 1, "unknown audience"),
        ("[evenness]\ngini_max = 3\n", 2, "3 is above 1"),
        ('[supplier]\nshare_max = "half"\n', 2, "is not a number"),
        ("[plan]\nsessions_per_product = 2.5\n", 2, "is not a whole number"),
        ("\n[floor]\nsessions = 3\n", 3, "no such rule"),
        ('[[exclude]]\nproduct = "P1"\n', 1, "exclude.0.reason: is missing"),
        ("[category.film]\nmin_shares = 0.6\n", 2, "known are min_share"),
    ],
)
def test_bad_rules_name_line_and_reason(text: str, line: int, reason: str) -> None:
    with pytest.raises(RulesError, match=f"line {line}: ") as refused:
        parse_rules(text, name="rules.toml")
    assert reason in str(refused.value)
    assert refused.value.exit_code == 2


def test_what_is_not_toml_is_refused() -> None:
    with pytest.raises(RulesError, match="is not TOML"):
        parse_rules("[plan\n")


def test_given_rules_replace_defaults_and_remember_their_lines() -> None:
    rules = parse_rules(
        "[plan]\ncaution = 0.5\n[evenness]\ngini_max = false\n"
        '[brand."舞蹈"]\nmin_share = 0.1\nweight = 1.5\n[street."310105102"]\n"非遗" = 1.2\n'
    )
    assert rules.plan.caution == 0.5
    assert rules.evenness.gini_max is None
    assert rules.where("plan.caution") == "line 2"
    assert rules.where("supplier.share_max") == "default"
    assert "evenness.gini_max" in rules.given
    brand = next(quota for quota in rules.quotas if quota.kind == "brand")
    assert (brand.name, brand.min_share, brand.weight) == ("舞蹈", 0.1, 1.5)
    assert rules.specialities[0].weight == 1.2
    assert rules.supplier == PlanRules().supplier
    assert ("plan.caution", "0.5", "line 2") in describe(rules)
