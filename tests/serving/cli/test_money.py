"""Amounts that officers type become whole fen."""

import pytest

from recommender.errors import UsageError
from serving.cli.officers.money import amount_fen


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [("400000", 40_000_000), ("400,000.50", 40_000_050), ("40万", 40_000_000),
     ("1.5万元", 1_500_000), ("0.29", 29)],
)  # fmt: skip
def test_yuan_become_fen(yuan: str, fen: int) -> None:
    assert amount_fen(yuan, None) == fen


def test_fen_stay_and_nothing_stays_nothing() -> None:
    assert amount_fen(None, 7) == 7
    assert amount_fen(None, None) is None


@pytest.mark.parametrize("yuan", ["much", "", "0.005", "1e400", "nan"])
def test_what_is_no_amount_is_refused(yuan: str) -> None:
    with pytest.raises(UsageError):
        amount_fen(yuan, None)


def test_both_are_refused() -> None:
    with pytest.raises(UsageError, match="--new-budget-yuan and --new-budget-fen say the same"):
        amount_fen("1", 100, option="--new-budget")
