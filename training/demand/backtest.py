"""Demand foretold for past periods with what was known then, beside naive forecasts.

Each period's sessions are taken as they were held; their attendances are the truth. The chain's
figures are of all people and not of those whose bookings are recorded, so they are scaled by
recorded over foretold attendances of the period before, which is known when the forecast is made,
and moved to the levels of the latest periods (:mod:`recommender.demand.recency`) with weights
learnt from the periods before it.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import period_bounds
from recommender.demand.count_intervals import count_interval
from recommender.demand.model import DemandModel
from recommender.demand.recency import (
    LEVELS,
    WINDOWS,
    combine,
    level_factors,
    prior_combination,
    sum_level,
)
from recommender.errors import UsageError
from training.demand.fit import fit_chain
from training.demand.held import (
    A_YEAR,
    Grain,
    foretold_by_chain,
    periods_before,
    sessions_held,
)
from training.demand.levels import ORIGINS, learn_levels
from training.demand.origins import Cells, origin_of

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]

FORECAST = "forecast"
NAIVE = tuple(WINDOWS)
COLUMNS = (
    "period", "level", "method", "cells", "attendances", "foretold", "wape", "bias", "coverage80",
)  # fmt: skip


def backtest_demand(
    dataset: Dataset,
    *,
    as_of: datetime,
    periods: int,
    seed: int = 0,
    grain: Grain = "quarter",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Foretell the last periods before a moment and compare with what came.

    Parameters
    ----------
    dataset, as_of, periods, seed, grain, progress
        As in :func:`foretell_periods`.

    Returns
    -------
    As of :func:`judge_periods`.

    Raises
    ------
    UsageError
        If no session was held in these periods.
    """
    return judge_periods(
        foretell_periods(
            dataset, as_of=as_of, periods=periods, seed=seed, grain=grain, progress=progress
        )
    )


def foretell_periods(
    dataset: Dataset,
    *,
    as_of: datetime,
    periods: int,
    seed: int = 0,
    grain: Grain = "quarter",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Foretell the last periods before a moment, each with what was known when it began.

    Parameters
    ----------
    dataset
        The contract's tables.
    as_of
        Nothing later is used; the last period is the last one that had ended by then.
    periods
        Number of periods, >= 1; each takes one fit.
    seed
        Of the fits.
    grain
        Length of a period.
    progress
        Called with what is being done and the share done so far.

    Returns
    -------
    One row a period, level and cell: the forecast and the naive ones, attendances, and inside,
    whether these lie in the 80 % interval (NaN where the forecast is below one).

    Raises
    ------
    UsageError
        If no session was held in these periods.
    """
    held = sessions_held(dataset, as_of, grain)
    wanted = periods_before(as_of, periods, grain)

    cells = []
    for index, period in enumerate(wanted):
        if not (held["period"] == period).any():
            continue
        if progress is not None:
            progress(f"foretelling {period}", index / periods)
        start = period_bounds(period)[0]
        model = fit_chain(dataset, as_of=start, rng=np.random.default_rng(seed))
        cells.append(foretell_period(model, held, period, grain))
    if not cells:
        raise UsageError(
            f"no session was held from {wanted[0]} to {wanted[-1]}.",
            "Choose a later moment (--as-of) or more periods.",
        )
    return pd.concat(cells, ignore_index=True)


def foretell_period(
    model: DemandModel, held: pd.DataFrame, period: str, grain: Grain
) -> pd.DataFrame:
    """Foretell one period with a model that has not seen it.

    Parameters
    ----------
    model
        Fitted on what was known when the period began.
    held
        Sessions as of :func:`~training.demand.held.sessions_held`.
    period
        The period.
    grain
        Its length.

    Returns
    -------
    As of :func:`foretell_periods`.
    """
    start = period_bounds(period)[0]
    grid = Cells.of(held, model)
    learnt = learn_levels(model, held, start, origins=ORIGINS, grain=grain) or prior_combination()
    origin = origin_of(partial(foretold_by_chain, model), grid, held, period, start, grain)

    def attended(names: list[str]) -> Floats:
        rows = held[held["period"].isin(names)]
        return grid.table(rows, rows["attendances"].to_numpy()) / max(len(names), 1)

    rows = held[held["period"] == period]
    seats = grid.table(rows, rows["seats"].fillna(np.inf).to_numpy())
    foretold = np.minimum(origin.foretold * level_factors(origin, grid.groups, learnt), seats)
    combined = combine(origin, grid.groups, learnt)
    year = periods_before(start, max(A_YEAR[grain], 3), grain)
    naive = (attended(year[-1:]), attended(year[-3:]), attended([year[-A_YEAR[grain]]]))
    came = attended([period])
    found = []
    for level in LEVELS:
        guess, seen, *others = (
            sum_level(level, table, grid.groups).ravel() for table in (foretold, came, *naive)
        )
        low, high = count_interval(guess, np.sqrt(combined[level][1]).ravel())
        frame = pd.DataFrame({FORECAST: guess, **dict(zip(NAIVE, others, strict=True))})
        frame["attendances"] = seen
        frame["inside"] = np.where(guess >= 1.0, (low <= seen) & (seen <= high), np.nan)
        found.append(frame.assign(level=level, period=period))
    return pd.concat(found, ignore_index=True)


def judge_periods(cells: pd.DataFrame) -> pd.DataFrame:
    """Errors by period, level and method.

    Parameters
    ----------
    cells
        As of :func:`foretell_periods`.

    Returns
    -------
    One row a period, level and method, with columns :data:`COLUMNS`: cells that had attendances
    or a forecast; attendances seen and foretold; the sum of absolute errors over the attendances
    seen; attendances foretold over seen, less 1; and the share of cells with attendances or a
    forecast of one or more inside their 80 % interval, which only the forecast has. Rows of period
    ``all`` pool the periods.
    """
    rows = []
    for period in (*dict.fromkeys(cells["period"]), "all"):
        of = cells if period == "all" else cells[cells["period"] == period]
        for level in LEVELS:
            part = of[of["level"] == level]
            came = float(part["attendances"].sum())
            for method in (FORECAST, *NAIVE):
                error = float((part[method] - part["attendances"]).abs().sum())
                foretold = float(part[method].sum())
                rows.append(
                    {
                        "period": period,
                        "level": level,
                        "method": method,
                        "cells": int(((part["attendances"] > 0) | (part[method] > 0)).sum()),
                        "attendances": came,
                        "foretold": foretold,
                        "wape": error / came if came > 0 else np.nan,
                        "bias": foretold / came - 1.0 if came > 0 else np.nan,
                        "coverage80": float(part["inside"].mean())
                        if method == FORECAST
                        else np.nan,
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))
