"""Budgets of a period from rows of other periods: one rule, and overlaps are refused."""

from typing import Any

import pytest

from data.dataset import Dataset
from features.demand.streets import read_streets
from recommender.errors import UsageError
from serving.planning.problem.budgets import read_buyers
from serving.planning.rules import PlanRules


def budget(dataset_of: Any, period: str, *rows: tuple[str, int]) -> tuple[int, tuple[str, ...]]:
    dataset: Dataset = dataset_of(
        budgets=[{"buyer_code": "S1", "period": each, "amount_fen": fen} for each, fen in rows]
    )
    buyers = read_buyers(
        dataset, read_streets(dataset), period, PlanRules(), buyer=None, budget_fen=None
    )
    return int(buyers.budget_fen[0]), buyers.assumptions


def test_the_row_of_the_period_is_the_budget(dataset_of: Any) -> None:
    assert budget(dataset_of, "2027Q1", ("2027Q1", 500), ("2027", 9_000)) == (500, ())


def test_months_add_up_and_years_are_divided_by_days(dataset_of: Any) -> None:
    months = [(f"2027-0{n}", 100 * n) for n in (1, 2, 3, 4)]
    assert budget(dataset_of, "2027Q1", *months)[0] == 600
    amount, assumptions = budget(dataset_of, "2027Q1", ("2027", 365_000))
    assert amount == 90_000
    assert "2027" in assumptions[0]


@pytest.mark.parametrize(
    ("period", "rows"),
    [
        ("2027Q1", (("2027", 12_000), ("2027-02", 500))),
        ("2027", (("2027Q1", 3_000), ("2027-02", 1_000))),
    ],
)
def test_overlapping_rows_are_refused_by_name(
    dataset_of: Any, period: str, rows: tuple[tuple[str, int], ...]
) -> None:
    with pytest.raises(UsageError, match="budgets of S1 overlap") as refused:
        budget(dataset_of, period, *rows)
    for named, fen in rows:
        assert f"{named} ({fen} fen)" in str(refused.value)


def test_a_row_whose_period_is_none_is_told_not_skipped(dataset_of: Any) -> None:
    fen, assumptions = budget(dataset_of, "2027Q1", ("2027 Q1", 500), ("2027Q5", 9_000))
    assert fen == 500
    assert len(assumptions) == 1
    assert "2027Q5" in assumptions[0]
