"""Rules in names and yuan come out as the codes and fen that planning reads, with their lines."""

import pytest

from recommender.errors import UsageError
from serving.planning.rule_names import area_names, fen_of, with_codes
from serving.planning.rules import describe
from serving.planning.rules_file import RulesError, parse_rules


def test_categories_audiences_and_yuan_in_a_file() -> None:
    rules = parse_rules(
        '[category."演出"]\nmax_share = 0.5\n[audience."老年"]\nmin_share = 0.1\n'
        "[splitting]\nthreshold_yuan = 200000.5\n[products]\nassumed_price_yuan = 3000\n"
        '[budget_yuan]\nS1 = 1000\n[budget]\nS2 = 7\n'
    )  # fmt: skip
    assert rules.category["performance"].max_share == 0.5
    assert rules.audience["senior"].min_share == 0.1
    assert rules.where("category.performance.max_share") == "line 2"
    assert "audience.senior.min_share" in rules.given
    assert rules.splitting.threshold_fen == 20_000_050
    assert rules.products.assumed_price_fen == 300_000
    assert rules.budget == {"S1": 100_000, "S2": 7}
    assert rules.where("budget.S1") == "line 10"
    told = describe(rules)
    assert ("splitting.threshold_yuan", "200000.50", "line 6") in told
    assert ("products.assumed_price_yuan", "3000", "line 8") in told
    assert not [name for name, _, _ in told if name.endswith("_fen")]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('[category."歌剧"]\n', 1, "unknown category"),
        ('[category."演出"]\nmax_share = 2\n', 2, "2 is above 1"),
        ('[category."演出"]\nmax_share = 0.1\n[category.performance]\n', 3, "is given twice"),
        ("\n[splitting]\nthreshold_yuan = -1\n", 3, "-1 is negative"),
        ("[splitting]\nthreshold_yuan = 1.005\n", 2, "no whole number of fen"),
        ("[splitting]\nthreshold_yuan = true\n", 2, "not an amount in yuan"),
        ("[splitting]\nthreshold_yuan = 1\nthreshold_fen = 100\n", 3, "is given twice"),
        ('[budget]\nS1 = 5\n[budget_yuan]\nS1 = 5\n', 4, "is given twice"),
    ],
)  # fmt: skip
def test_wrong_names_and_amounts_name_their_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(RulesError, match=f"line {line}: ") as refused:
        parse_rules(text)
    assert reason in str(refused.value)


def test_yuan_are_whole_fen() -> None:
    assert fen_of(0.29, "x") == 29
    assert fen_of(12_345_678.9, "x") == 1_234_567_890


STREET = {"level": "street", "parent_code": "D", "population": 1000}


def test_names_of_streets_products_suppliers_and_buyers(dataset_of) -> None:
    tables = dataset_of(
        areas=[
            {"area_code": "D", "name": "长宁区", "level": "district"},
            {"area_code": "S1", "name": "仙霞新村街道", **STREET},
            {"area_code": "S2", "name": "新华路街道", **STREET},
            {"area_code": "C1", "name": "仙霞一居委", "level": "neighbourhood",
             "parent_code": "S1"},
        ],
        products=[
            {"product_id": f"P{n}", "supplier_id": "A", "title": title, "category": "performance"}
            for n, title in enumerate(("沪剧专场", "越剧专场"), start=1)
        ],
    )  # fmt: skip
    rules = parse_rules(
        '[street."仙霞新村"]\n"沪剧" = 1.2\n[budget_yuan]\n"长宁区" = 10\n'
        '[[require]]\nproduct = "沪剧"\nstreet = "新华路街道"\nreason = "征集"\n'
        '[[exclude]]\nproduct = "越剧专场"\nreason = "已有"\n'
        '[[recuse]]\nofficer = "王敏"\nsupplier = "甲"\n'
    )
    found = with_codes(rules, tables)
    assert found.street == {"S1": {"沪剧": 1.2}}
    assert found.where("street.S1.沪剧") == "line 2"
    assert found.budget == {"D": 1000}
    assert (found.require[0].product, found.require[0].street) == ("P1", "S2")
    assert (found.exclude[0].product, found.exclude[0].street) == ("P2", "")
    assert found.recuse[0].supplier == "A"
    assert found.text == rules.text
    assert area_names(tables)["C1"] == ()
    wrong = parse_rules('\n[[require]]\nproduct = "昆剧专场"\nreason = "征集"\n')
    with pytest.raises(UsageError, match=r"rules, line 2: .*昆剧专场.*Nearest: .*P1 沪剧专场"):
        with_codes(wrong, tables)
    twice = parse_rules('[budget_yuan]\n"长宁区" = 10\n"D" = 20\n')
    with pytest.raises(UsageError, match="line 3: budget: D is given twice"):
        with_codes(twice, tables)
