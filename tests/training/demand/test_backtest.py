"""Backtest of demand on planted rates: nothing later is used; naive forecasts are as named."""

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import pytest

from data.dataset import Dataset
from recommender.errors import UsageError
from training.demand.backtest import COLUMNS, FORECAST, LEVELS, NAIVE, backtest_demand

AS_OF = datetime(2027, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def report(held_in_quarters: Callable[..., Dataset]) -> pd.DataFrame:
    return backtest_demand(held_in_quarters(), as_of=AS_OF, periods=2)


def of(report: pd.DataFrame, level: str, period: str = "all") -> pd.DataFrame:
    rows = report[(report["level"] == level) & (report["period"] == period)]
    return rows.set_index("method")


def test_every_period_level_and_method_is_a_row(report: pd.DataFrame) -> None:
    assert tuple(report.columns) == COLUMNS
    assert list(report["period"].unique()) == ["2026Q3", "2026Q4", "all"]
    assert len(report) == 3 * len(LEVELS) * (1 + len(NAIVE))
    assert report["wape"].notna().all()
    assert report["coverage80"].notna().eq(report["method"] == FORECAST).all()


def test_planted_rates_that_stay_are_foretold_better_than_by_the_last_period(
    report: pd.DataFrame,
) -> None:
    cells = of(report, "street x product")
    assert cells.loc[FORECAST, "wape"] < 0.85 * cells.loc["last period", "wape"]
    assert of(report, "district").loc[FORECAST, "wape"] < 0.1
    assert 0.65 <= cells.loc[FORECAST, "coverage80"] <= 0.97


def test_naive_forecasts_are_the_periods_they_name(
    report: pd.DataFrame, held_in_quarters: Callable[..., Dataset]
) -> None:
    bookings = held_in_quarters()["bookings"]
    seen = bookings["event_id"].str[1].astype(int).value_counts().sort_index().to_numpy()
    rows = of(report, "district", "2026Q4")
    assert rows.loc["last period", "foretold"] == seen[3]
    assert rows.loc["mean of 3 periods", "foretold"] == pytest.approx(seen[1:4].mean())
    assert rows.loc["same period last year", "foretold"] == seen[0]
    assert rows.loc[FORECAST, "attendances"] == seen[4]


def test_what_happens_in_a_period_does_not_move_its_forecast(
    report: pd.DataFrame, held_in_quarters: Callable[..., Dataset]
) -> None:
    other = backtest_demand(held_in_quarters(last=0.5), as_of=AS_OF, periods=1)
    ours, theirs = (of(one, "district", "2026Q4").loc[FORECAST] for one in (report, other))
    assert theirs["attendances"] < 0.7 * ours["attendances"]
    assert theirs["foretold"] == pytest.approx(ours["foretold"])


def test_quarters_without_sessions_are_refused(
    held_in_quarters: Callable[..., Dataset],
) -> None:
    with pytest.raises(UsageError, match="no session was held from 2029Q4 to 2029Q4"):
        backtest_demand(held_in_quarters(), as_of=datetime(2030, 1, 5, tzinfo=UTC), periods=1)
