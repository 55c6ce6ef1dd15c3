"""Street demand on the lending library: next year's loans per arrondissement, by genre, author."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.demand.peers import wape
from data.converters.lending_library import convert_lending_library
from data.dataset import Dataset
from training.demand.backtest import FORECAST, backtest_demand
from training.demand.fit import fit_demand

YEARS = (1926, 1930, 1934, 1938)


def judge(folder: Path) -> list[dict[str, Any]]:
    """WAPE by method, pooled over years; every method is scaled to the year's total."""
    dataset = convert_lending_library(folder).dataset
    loans = _loans(dataset)
    products = dataset["products"].set_index("product_id")
    genre = products["tags"].fillna("").str.split(";").str[0]
    author = products["supplier_id"].fillna("")
    errors: dict[str, dict[str, list[float]]] = {}
    for year in YEARS:
        model = fit_demand(
            dataset, as_of=datetime(year, 1, 1, tzinfo=UTC), rng=np.random.default_rng(0)
        )
        truth = loans[loans["year"] == year]
        before = loans[loans["year"] < year]
        chain = pd.DataFrame(
            model.expected, index=list(model.streets.ids), columns=list(model.products.ids)
        )
        for name, label in (("genre", genre), ("author", author)):
            wanted = _table(truth, label)
            everywhere = _table(before, label)
            found = {
                "chain": chain.T.groupby(label.reindex(chain.columns).to_numpy()).sum().T,
                "last year's loans": _table(before[before["year"] == year - 1], label),
                "all loans before": everywhere,
                "city-wide rate": pd.DataFrame(
                    np.outer(everywhere.sum(axis=1), everywhere.sum(axis=0)),
                    index=everywhere.index,
                    columns=everywhere.columns,
                ),
            }
            for method, table in found.items():
                guess = table.reindex(index=wanted.index, columns=wanted.columns).fillna(0.0)
                scale = wanted.to_numpy().sum() / max(guess.to_numpy().sum(), 1e-9)
                error = wape(guess.to_numpy() * scale, wanted.to_numpy())
                errors.setdefault(method, {}).setdefault(name, []).append(error)
    return [
        {"method": method, **{f"by {name}": float(np.mean(v)) for name, v in by.items()}}
        for method, by in errors.items()
    ]


def judge_in_time(folder: Path, years: Sequence[int] = YEARS) -> pd.DataFrame:
    """Each year forecast at the start of it, unscaled, beside naive forecasts.

    Parameters
    ----------
    folder
        The lending library's files.
    years
        Years to forecast; each takes three fits.

    Returns
    -------
    By level (index; category is the genre, supplier the author): WAPE of the forecast over that of
    the best naive one of the level, and coverage; means over the years.
    """
    dataset = convert_lending_library(folder).dataset
    found = [
        ratios(
            backtest_demand(
                dataset, as_of=datetime(year + 1, 1, 1, tzinfo=UTC), periods=1, grain="year"
            )
        )
        for year in years
    ]
    return pd.concat(found).groupby(level=0).mean()


def ratios(report: pd.DataFrame) -> pd.DataFrame:
    """The forecast of a backtest's pooled periods beside the best naive one, by level.

    Parameters
    ----------
    report
        As of :func:`~training.demand.backtest.backtest_demand`.

    Returns
    -------
    Columns wape, best_naive, ratio, bias, coverage80.
    """
    pooled = report[report["period"] == "all"]
    own = pooled[pooled["method"] == FORECAST].set_index("level")
    naive = pooled[pooled["method"] != FORECAST].groupby("level")["wape"].min()
    table = own[["wape", "bias", "coverage80"]].assign(best_naive=naive)
    return table.assign(ratio=table["wape"] / table["best_naive"])


def _loans(dataset: Dataset) -> pd.DataFrame:
    bookings = dataset["bookings"]
    events = dataset["events"].set_index("event_id")["product_id"]
    homes = dataset["residents"].set_index("resident_id")["area_code"]
    frame = pd.DataFrame(
        {
            "year": bookings["booked_at"].dt.year.to_numpy(),
            "product": events.reindex(bookings["event_id"]).to_numpy(),
            "street": homes.reindex(bookings["resident_id"]).to_numpy(),
        }
    )
    return frame.dropna()


def _table(loans: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    of = label.reindex(loans["product"]).to_numpy()
    return pd.crosstab(loans["street"], of).astype(float)
