"""A buyer spends its own money, for its own streets."""

from recommender.procurement.rules.registry import explain_rule, file_names
from recommender.procurement.rules.values import RuleKey

PRICES, BUDGETS = [30_000, 20_000], [50_000, 20_000]


def test_a_budget_holds_to_the_fen(problem_of, broken_by) -> None:
    problem = problem_of([[10, 10], [10, 10]], PRICES, BUDGETS)
    assert broken_by("budget", problem, [[1, 1], [0, 1]]) == []
    assert broken_by("budget", problem, [[1, 1], [1, 0]]) == [
        ("budget", "buyer1", "", 30_000, 20_000)
    ]


def test_nobody_buys_for_a_street_of_another(problem_of, broken_by) -> None:
    problem = problem_of([[10, 10], [10, 10]], PRICES, BUDGETS)
    assert broken_by("serves", problem, [[0, 0], [0, 1]], buyer=0) == [
        ("serves", "street1", "buyer0", 1, 0)
    ]


def test_the_explanation_is_in_yuan_and_names_the_entry(problem_of) -> None:
    problem = problem_of([[10, 10], [10, 10]], PRICES, BUDGETS)
    key = RuleKey("budget", "buyer0")
    assert explain_rule(problem, key).amounts == {"yuan": 500.0}
    assert file_names(key) == ("budget.buyer0",)
