"""Street demand in time: forecasts beside naive ones, and those of the lending library's loans."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.demand.peers import wape
from data.converters.lending_library import convert_lending_library
from data.dataset import Dataset
from training.demand.backtest import FORECAST, NAIVE, foretell_periods

LEVELS = {"genre": "street x category", "author": "street x supplier"}
WHOLE = 5.0
"""Intervals are judged on cells with a forecast of so much or more."""


def judge(folder: Path, year: int) -> dict[str, Any]:
    """A year's loans by arrondissement, forecast at its start, beside naive forecasts.

    Parameters
    ----------
    folder
        The lending library's files.
    year
        The year to forecast; takes three fits.

    Returns
    -------
    By level the figures of :func:`compare`.
    """
    return compare(
        foretell_periods(
            _library(folder), as_of=datetime(year + 1, 1, 1, tzinfo=UTC), periods=1, grain="year"
        )
    )


@cache
def _library(folder: Path) -> Dataset:
    return convert_lending_library(folder).dataset


def compare(cells: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The forecast of a backtest beside the best naive one, by level.

    Parameters
    ----------
    cells
        As of :func:`~training.demand.backtest.foretell_periods`.

    Returns
    -------
    By level: WAPE of the forecast and of the best naive one, and their ratio; the same with all
    scaled to the attendances that came; bias; coverage of cells with a forecast of one and of
    :data:`WHOLE` or more, NaN where there is none.
    """
    found = {}
    for level, rows in cells.groupby("level", sort=False):
        came = rows["attendances"].to_numpy()
        told = {m: rows[m].to_numpy() for m in (FORECAST, *NAIVE) if rows[m].any()}
        errors = {m: wape(guess, came) for m, guess in told.items()}
        scaled = {m: wape(guess * came.sum() / guess.sum(), came) for m, guess in told.items()}
        best, best_scaled = (min(e[m] for m in NAIVE if m in e) for e in (errors, scaled))
        found[str(level)] = {
            "wape": errors[FORECAST],
            "best_naive": best,
            "ratio": errors[FORECAST] / best,
            "scaled": scaled[FORECAST],
            # The district's total has no error once it is scaled.
            "ratio_scaled": scaled[FORECAST] / best_scaled if best_scaled > 1e-9 else np.nan,
            "bias": told[FORECAST].sum() / came.sum() - 1.0,
            "coverage80": float(rows["inside"].mean()),
            "coverage80_5": float(rows["inside"][rows[FORECAST] >= WHOLE].mean()),
        }
    return found


def mean_by_level(units: Sequence[dict[str, dict[str, float]]]) -> pd.DataFrame:
    """Means over units of :func:`compare`, one row a level."""
    return pd.concat([pd.DataFrame(unit).T for unit in units]).groupby(level=0, sort=False).mean()
