"""Backtest of demand on planted rates: nothing later is used; naive forecasts are as named."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from recommender.errors import UsageError
from training.demand.backtest import COLUMNS, FORECAST, LEVELS, NAIVE, backtest_demand

AS_OF = datetime(2027, 1, 15, tzinfo=UTC)
STREETS = ("310105001", "310105002", "310105003")
QUARTERS = ("2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4")
PEOPLE = 200


def held_in_quarters(*, last: float = 1.0, seed: int = 3) -> Dataset:
    """Three streets, eight products, a session of each in each street and quarter.

    ``last`` multiplies the planted rates of the last quarter.
    """
    rng = np.random.default_rng(seed)
    n = PEOPLE * len(STREETS)
    home = np.repeat(np.arange(len(STREETS)), PEOPLE)
    events, bookings = [], []
    for quarter, name in enumerate(QUARTERS):
        start = pd.Period(name).start_time.tz_localize("Asia/Shanghai") + pd.Timedelta("20D10h")
        for street in range(len(STREETS)):
            for product in range(8):
                event = f"e{quarter}{street}{product}"
                events.append((event, f"p{product}", f"v{street}", start))
                rate = (0.02 + 0.03 * product) * (last if name == QUARTERS[-1] else 1.0)
                come = np.flatnonzero((home == street) & (rng.random(n) < rate))
                bookings += [(f"r{i}", event, start - pd.Timedelta("5D"), start) for i in come]
    frames = {
        "areas": pd.DataFrame({"area_code": STREETS, "name": STREETS, "level": "street"}),
        "venues": pd.DataFrame(
            {"venue_id": [f"v{s}" for s in range(3)], "name": "v", "area_code": STREETS}
        ),
        "residents": pd.DataFrame(
            {"resident_id": [f"r{i}" for i in range(n)], "area_code": np.array(STREETS)[home]}
        ),
        "products": pd.DataFrame(
            {
                "product_id": [f"p{i}" for i in range(8)],
                "title": [f"product {i}" for i in range(8)],
                "category": "film",
            }
        ),
        "events": pd.DataFrame(
            events, columns=["event_id", "product_id", "venue_id", "starts_at"]
        ).assign(status="done"),
        "bookings": pd.DataFrame(
            bookings, columns=["resident_id", "event_id", "booked_at", "updated_at"]
        ).assign(status="attended", booking_id=lambda rows: [f"b{i}" for i in rows.index]),
    }
    return Dataset({name: canonical(frame, TABLES[name]) for name, frame in frames.items()})


@pytest.fixture(scope="module")
def report() -> pd.DataFrame:
    return backtest_demand(held_in_quarters(), as_of=AS_OF, periods=2)


def of(report: pd.DataFrame, level: str, period: str = "all") -> pd.DataFrame:
    rows = report[(report["level"] == level) & (report["period"] == period)]
    return rows.set_index("method")


def test_every_period_level_and_method_is_a_row(report: pd.DataFrame) -> None:
    assert tuple(report.columns) == COLUMNS
    assert list(report["period"].unique()) == ["2026Q3", "2026Q4", "all"]
    assert len(report) == 3 * len(LEVELS) * (1 + len(NAIVE))
    assert report["wape"].notna().all()


def test_planted_rates_that_stay_are_foretold_better_than_by_the_last_period(
    report: pd.DataFrame,
) -> None:
    cells = of(report, "street x product")
    assert cells.loc[FORECAST, "wape"] < 0.85 * cells.loc["last period", "wape"]
    assert of(report, "district").loc[FORECAST, "wape"] < 0.1
    assert 0.65 <= cells.loc[FORECAST, "coverage80"] <= 0.95


def test_naive_forecasts_are_the_periods_they_name(report: pd.DataFrame) -> None:
    bookings = held_in_quarters()["bookings"]
    seen = bookings["event_id"].str[1].astype(int).value_counts().sort_index().to_numpy()
    rows = of(report, "district", "2026Q4")
    assert rows.loc["last period", "foretold"] == seen[3]
    assert rows.loc["mean of 3 periods", "foretold"] == pytest.approx(seen[1:4].mean())
    assert rows.loc["same period last year", "foretold"] == seen[0]
    assert rows.loc[FORECAST, "attendances"] == seen[4]


def test_what_happens_in_a_period_does_not_move_its_forecast(report: pd.DataFrame) -> None:
    other = backtest_demand(held_in_quarters(last=0.5), as_of=AS_OF, periods=1)
    ours, theirs = (of(one, "district", "2026Q4").loc[FORECAST] for one in (report, other))
    assert theirs["attendances"] < 0.7 * ours["attendances"]
    assert theirs["foretold"] == pytest.approx(ours["foretold"])


def test_quarters_without_sessions_are_refused() -> None:
    with pytest.raises(UsageError, match="no session was held from 2029Q4 to 2029Q4"):
        backtest_demand(held_in_quarters(), as_of=datetime(2030, 1, 5, tzinfo=UTC), periods=1)
