"""Street demand in time: forecasts beside naive ones, and those of the lending library's loans."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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
    Sums by level, as of :func:`compare`.
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
    """What errors of the forecast and of naive ones are made of, by level.

    Parameters
    ----------
    cells
        As of :func:`~training.demand.backtest.foretell_periods`.

    Returns
    -------
    By level, sums: attendances, the forecast, absolute errors by method, the same with each method
    scaled to the attendances that came, and intervals that hold, of cells with a forecast of one
    and of :data:`WHOLE` or more, with their number.
    """
    found = {}
    for level, rows in cells.groupby("level", sort=False):
        came = rows["attendances"].to_numpy()
        sums = {"attendances": float(came.sum()), "foretold": float(rows[FORECAST].sum())}
        for method in (FORECAST, *NAIVE):
            guess = rows[method].to_numpy()
            sums[method] = float(np.abs(guess - came).sum())
            scaled = guess * (came.sum() / max(guess.sum(), 1e-9))
            sums[f"{method}, scaled"] = float(np.abs(scaled - came).sum())
        for name, least in (("all", 1.0), ("5", WHOLE)):
            inside = rows["inside"][rows[FORECAST] >= least]
            sums[f"inside {name}"] = float(inside.sum())
            sums[f"cells {name}"] = float(len(inside))
        found[str(level)] = sums
    return found


def pool(units: Sequence[dict[str, dict[str, float]]]) -> pd.DataFrame:
    """Errors over all units of :func:`compare`.

    Parameters
    ----------
    units
        One or more.

    Returns
    -------
    By level (index): WAPE of the forecast and of the naive forecast that is best over all units,
    their ratio, the same of scaled forecasts, bias and coverage.
    """
    sums = sum(pd.DataFrame(unit).T for unit in units)
    rows = {}
    for level, of in sums.iterrows():
        best, best_scaled = (min(of[f"{m}{end}"] for m in NAIVE) for end in ("", ", scaled"))
        rows[level] = {
            "wape": of[FORECAST] / of["attendances"],
            "best_naive": best / of["attendances"],
            "ratio": of[FORECAST] / best,
            # The district's total has no error once it is scaled.
            "ratio_scaled": of[f"{FORECAST}, scaled"] / best_scaled
            if level != "district"
            else np.nan,
            "bias": of["foretold"] / of["attendances"] - 1.0,
            "coverage80": of["inside all"] / max(of["cells all"], 1.0),
            "coverage80_5": of["inside 5"] / max(of["cells 5"], 1.0),
        }
    return pd.DataFrame(rows).T
