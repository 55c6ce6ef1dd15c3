"""Demand foretold for past periods with what was known then, beside naive forecasts.

Each period's sessions are taken as they were held; their attendances are the truth. The chain's
figures are of all people and not of those whose bookings are recorded, so they are scaled by
recorded over foretold attendances of the period before, which is known when the forecast is made.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import nbinom

from data.dataset import Dataset
from data.district_time import district_zone, period_bounds, period_of
from data.snapshot import as_of as snapshot
from features.demand.counts import product_ids, read_active_bookings, read_sessions
from features.demand.products import read_products
from features.demand.sessions import months
from features.demand.streets import read_residents, read_streets
from recommender.demand.model import DemandModel
from recommender.errors import UsageError
from training.demand.fit import fit_demand

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]

LEVELS: dict[str, tuple[str, ...]] = {
    "street x product": ("street", "product"),
    "street x category": ("street", "category"),
    "street": ("street",),
    "category": ("category",),
    "district": ("district",),
}
"""Columns that the cells of each level are told apart by."""
FORECAST = "forecast"
NAIVE = ("last period", "mean of 3 periods", "same period last year")
COLUMNS = ("period", "level", "method", "cells", "attendances", "foretold", "wape", "coverage80")


def backtest_demand(
    dataset: Dataset,
    *,
    as_of: datetime,
    periods: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Foretell the last quarters before a moment and compare with what came.

    Parameters
    ----------
    dataset
        The contract's tables.
    as_of
        Nothing later is used; the last period is the last quarter that had ended by then.
    periods
        Number of quarters, >= 1; each takes one fit.
    seed
        Of the fits.
    progress
        Called with what is being done and the share done so far.

    Returns
    -------
    One row a period, level and method, with columns :data:`COLUMNS`: cells that had attendances
    or a forecast; attendances seen and foretold; the sum of absolute errors over the attendances
    seen; and the share of cells inside their 80 % interval, which only the chain's own cells
    have. Rows of period ``all`` pool the periods.

    Raises
    ------
    UsageError
        If no session was held in these quarters.
    """
    held = sessions_held(dataset, as_of)
    wanted = _quarters_before(as_of, periods)
    cells, inside = [], []
    for index, period in enumerate(wanted):
        if not (held["period"] == period).any():
            continue
        if progress is not None:
            progress(f"foretelling {period}", index / periods)
        start = period_bounds(period)[0]
        model = fit_demand(dataset, as_of=start, rng=np.random.default_rng(seed))
        foretold = foretell(model, held, period)
        cells += _compare(held, foretold, period)
        inside.append(_inside(model, foretold).assign(period=period))
    if not cells:
        raise UsageError(
            f"no session was held from {wanted[0]} to {wanted[-1]}.",
            "Choose a later moment (--as-of) or more periods.",
        )
    return _judge(pd.concat(cells), pd.concat(inside))


def sessions_held(dataset: Dataset, as_of: datetime) -> pd.DataFrame:
    """Past sessions with their attendances.

    Parameters
    ----------
    dataset
        The contract's tables.
    as_of
        Nothing later is used.

    Returns
    -------
    One row a session: district (``all``), street, product, category, period, starts, seats,
    attendances (seats of bookings that stood and were not missed). Where sessions are held in
    fewer than two streets, one row for each session and home street.
    """
    known = snapshot(dataset, as_of)
    streets, products = read_streets(known), product_ids(known)
    residents = read_residents(known, streets)
    sessions = read_sessions(known, streets, products, as_of, district_zone())
    active = read_active_bookings(known, residents, sessions)
    features = read_products(known, products)
    came = np.where(active.waiting | active.missed, 0.0, active.seats)
    n, size = len(streets.streets), len(sessions.events)
    session, street = np.arange(size), sessions.street
    attended = np.bincount(active.session, weights=came, minlength=size)
    seats = sessions.seats
    if len(np.unique(street[sessions.past & (street >= 0)])) < 2:
        home = residents.street[active.resident]
        used = home >= 0
        cell = active.session[used] * n + home[used]
        attended = np.bincount(cell, weights=came[used], minlength=size * n)
        session, street = np.repeat(session, n), np.tile(np.arange(n), size)
        # A session's seats are shared by all streets.
        seats = np.full(size, np.nan)
    frame = pd.DataFrame(
        {
            "district": "all",
            "street": np.array(streets.streets.ids, dtype=object)[np.maximum(street, 0)],
            "product": np.array(products.ids, dtype=object)[sessions.product[session]],
            "category": np.array(features.categories, dtype=object)[
                features.group[sessions.product[session]]
            ],
            "period": pd.PeriodIndex(months(sessions), freq="M").asfreq("Q").astype(str)[session],
            "starts": sessions.starts[session],
            "seats": seats[session],
            "attendances": attended,
        }
    )
    return frame[(street >= 0) & sessions.past[session]].reset_index(drop=True)


def foretell(model: DemandModel, held: pd.DataFrame, period: str) -> pd.DataFrame:
    """Attendances of a period's sessions by a model fitted before it.

    Parameters
    ----------
    model
        Demand as known when the period began.
    held
        Sessions as of :func:`sessions_held`.
    period
        A quarter, such as ``2026Q3``.

    Returns
    -------
    The period's rows of ``held`` with a column ``foretold``: at most the session's seats.
    """
    before = _quarters_before(period_bounds(period)[0], 1)[0]
    rows = held[held["period"] == period]
    last = held[held["period"] == before]
    expected = _unscaled(model, last, before).sum()
    scale = last["attendances"].sum() / expected if expected > 0 else 1.0
    foretold = _unscaled(model, rows, period) * scale
    seats = rows["seats"].fillna(np.inf).to_numpy()
    return rows.assign(foretold=np.minimum(foretold, seats))


def _unscaled(model: DemandModel, rows: pd.DataFrame, period: str) -> Floats:
    """Expected attendances of each session, of all people."""
    street = model.streets.positions(rows["street"], missing=-1)
    product = model.products.positions(rows["product"], missing=-1)
    category = pd.Index(model.categories).get_indexer(pd.Index(rows["category"]))
    by_category = np.stack(
        [model.expected[:, model.group == k].mean(axis=1) for k in range(len(model.categories))],
        axis=1,
    )
    # A product that was not known then is taken for a mean one of its category.
    known = np.where(product >= 0, model.expected[street, product], by_category[street, category])
    expected = np.where((street >= 0) & (category >= 0), known, 0.0)
    order = rows.sort_values("starts").groupby(["street", "product"]).cumcount().sort_index()
    repeats = model.repeat_factor[category] ** order.reindex(rows.index).to_numpy()
    return np.asarray(expected * model.season_of(period)[category] * repeats)


def _quarters_before(moment: datetime, number: int) -> list[str]:
    """The quarters that had ended by a moment, the latest last."""
    found: list[str] = []
    start = period_bounds(period_of(moment))[0]
    for _ in range(number):
        found.insert(0, period_of(start - timedelta(days=1)))
        start = period_bounds(found[0])[0]
    return found


def _compare(held: pd.DataFrame, foretold: pd.DataFrame, period: str) -> list[pd.DataFrame]:
    """Cells of every level with what came and what each method foretold."""
    year = _quarters_before(period_bounds(period)[0], 4)
    naive = {NAIVE[0]: year[3:], NAIVE[1]: year[1:], NAIVE[2]: year[:1]}
    found = []
    for level, by in LEVELS.items():
        keys = list(by)
        table = held.pivot_table(
            index=keys, columns="period", values="attendances", aggfunc="sum", fill_value=0.0
        )
        cells = pd.DataFrame({FORECAST: foretold.groupby(keys)["foretold"].sum()})
        cells = cells.reindex(table.index, fill_value=0.0)
        for method, of in naive.items():
            cells[method] = table.reindex(columns=of, fill_value=0.0).mean(axis=1)
        cells["attendances"] = table[period]
        found.append(cells.reset_index(drop=True).assign(level=level, period=period))
    return found


def _inside(model: DemandModel, foretold: pd.DataFrame) -> pd.DataFrame:
    """Whether each cell's attendances lie inside the 80 % interval of a count."""
    cells = foretold.groupby(["street", "product"])[["foretold", "attendances"]].sum()
    street = model.streets.positions(cells.index.get_level_values(0), missing=-1)
    product = model.products.positions(cells.index.get_level_values(1), missing=-1)
    widest = float(model.log_sd.max(initial=0.1))
    sd = np.where((street >= 0) & (product >= 0), model.log_sd[street, product], widest)
    # A Poisson count around a Gamma mean of the same relative error as the lognormal.
    size = 1.0 / np.expm1(np.clip(sd, 0.01, 2.0) ** 2)
    chance = size / (size + np.maximum(cells["foretold"].to_numpy(), 1e-9))
    low, high = (np.asarray(nbinom.ppf(q, size, chance)) for q in (0.1, 0.9))
    came = cells["attendances"].to_numpy()
    return pd.DataFrame({"inside": (low <= came) & (came <= high)})


def _judge(cells: pd.DataFrame, inside: pd.DataFrame) -> pd.DataFrame:
    rows = []
    periods = list(dict.fromkeys(cells["period"]))
    for period in (*periods, "all"):
        of = cells if period == "all" else cells[cells["period"] == period]
        covered = inside if period == "all" else inside[inside["period"] == period]
        for level in LEVELS:
            part = of[of["level"] == level]
            came = float(part["attendances"].sum())
            for method in (FORECAST, *NAIVE):
                error = float((part[method] - part["attendances"]).abs().sum())
                own = method == FORECAST and level == "street x product"
                rows.append(
                    {
                        "period": period,
                        "level": level,
                        "method": method,
                        "cells": int(((part["attendances"] > 0) | (part[method] > 0)).sum()),
                        "attendances": came,
                        "foretold": float(part[method].sum()),
                        "wape": error / came if came > 0 else np.nan,
                        "coverage80": float(covered["inside"].mean()) if own else np.nan,
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))
