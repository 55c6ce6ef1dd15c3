"""Levels of the latest periods brought into a fitted model, as rolling origins teach it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from data.district_time import period_bounds
from recommender.demand.competition import Competition
from recommender.demand.model import DemandModel
from recommender.demand.recency import (
    Combination,
    Groups,
    Origin,
    Window,
    learn_combination,
    level_factors,
)
from recommender.types import IdMap
from training.demand.competition import HEADROOM
from training.demand.held import A_YEAR, Floats, Grain, foretold_by_chain, periods_before

Chain = Callable[[datetime], DemandModel]
"""The chain fitted on what was known at a moment."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Streets and products of all sessions held, with the groups of products.

    Attributes
    ----------
    streets, products
        The grid.
    groups
        By name, each product's group, shape (products,).
    """

    streets: IdMap
    products: IdMap
    groups: Groups

    @classmethod
    def of(cls, held: pd.DataFrame, model: DemandModel) -> "Cells":
        """The grid of a model and of what was held.

        Parameters
        ----------
        held
            Sessions as of :func:`~training.demand.held.sessions_held`.
        model
            A fitted model.

        Returns
        -------
        The model's streets, and its products first among all.
        """
        first = held.drop_duplicates("product").set_index("product")
        products = IdMap(dict.fromkeys([*model.products.ids, *first.index]))
        own = pd.Series(np.array(model.categories, dtype=object)[model.group], model.products.ids)
        columns = {}
        for name, column in (("supplier", "supplier"), ("category", "kind")):
            value = first[column].reindex(products.ids)
            value = value.fillna(own.reindex(products.ids))
            columns[name] = pd.factorize(value)[0].astype(np.intp)
        columns["product"] = np.arange(len(products))
        columns["all"] = np.zeros(len(products), dtype=np.intp)
        return cls(model.streets, products, columns)

    def table(self, rows: pd.DataFrame, values: Floats) -> Floats:
        """Values of sessions summed by street and product.

        Parameters
        ----------
        rows
            Sessions.
        values
            One for each of them.

        Returns
        -------
        Shape (streets, products).
        """
        street = self.streets.positions(rows["street"], missing=-1)
        product = self.products.positions(rows["product"], missing=-1)
        used = (street >= 0) & (product >= 0)
        size = len(self.products)
        flat = np.bincount(
            (street * size + product)[used],
            weights=values[used],
            minlength=len(self.streets) * size,
        )
        return flat.reshape(len(self.streets), size).astype(np.float64)


def learn_levels(
    chain: Chain, held: pd.DataFrame, as_of: datetime, *, origins: int, grain: Grain
) -> Combination | None:
    """Errors of the chain and of naive forecasts, from past periods foretold.

    Parameters
    ----------
    chain
        Fits on what was known at a moment.
    held
        Sessions as of :func:`~training.demand.held.sessions_held`; later ones are not used.
    as_of
        The moment of the forecast to come.
    origins
        Number of past periods, each of which takes a fit.
    grain
        Length of a period.

    Returns
    -------
    None where no past period can be foretold.
    """
    found: list[Origin] = []
    cells = None
    for period in reversed(periods_before(as_of, origins, grain)):
        start = period_bounds(period)[0]
        before = periods_before(start, 1, grain)
        rows = held[held["period"] == period]
        if not len(rows) or not (held["period"] == before[0]).any():
            break
        model = chain(start)
        if cells is None:
            cells = Cells.of(held, model)
        origin = origin_of(model, cells, held, rows, period, start, grain)
        found.append(replace(origin, attended=cells.table(rows, rows["attendances"].to_numpy())))
    return learn_combination(found, cells.groups) if cells is not None else None


def origin_of(
    model: DemandModel,
    cells: Cells,
    held: pd.DataFrame,
    rows: pd.DataFrame,
    period: str,
    start: datetime,
    grain: Grain,
) -> Origin:
    """A period as seen when it began.

    Parameters
    ----------
    model
        The chain, fitted then.
    cells
        The grid.
    held
        Sessions held; those from ``start`` on are not used.
    rows, period
        Sessions to foretell, and the period they are in.
    start
        When it begins.
    grain
        Length of a period.

    Returns
    -------
    The chain's figures in attendances recorded: all people's, times recorded over foretold
    attendances of the period before.
    """
    year = periods_before(start, max(A_YEAR[grain], 3), grain)
    of_year = {name: of for name in year if len(of := held[held["period"] == name])}
    scale = _recorded_share(model, of_year.get(year[-1]), year[-1])

    def recorded(some: pd.DataFrame, name: str) -> Floats:
        limit = some["seats"].fillna(np.inf).to_numpy()
        return cells.table(some, np.minimum(scale * foretold_by_chain(model, some, name), limit))

    seen = {
        name: Window(cells.table(of, of["attendances"].to_numpy()), recorded(of, name))
        for name, of in of_year.items()
    }
    windows = [
        Window(*(np.sum([seen[name][i] for name in span], axis=0) for i in (0, 1)))
        if seen.keys() >= set(span)
        else None
        for span in (year[-1:], year[-3:], [year[-A_YEAR[grain]]])
    ]
    return Origin(recorded(rows, period), windows)


def _recorded_share(model: DemandModel, last: pd.DataFrame | None, period: str) -> float:
    """The share of all people's attendances that is recorded, so that a period's total is met.

    Found by bisection, since sessions hold at most their seats.
    """
    if last is None:
        return 1.0
    foretold = foretold_by_chain(model, last, period)
    seats = last["seats"].fillna(np.inf).to_numpy()
    wanted = min(float(last["attendances"].sum()), 0.99 * float(seats.sum()))
    low, high = 0.0, 1.0
    if not foretold.any():
        return 1.0
    while np.minimum(high * foretold, seats).sum() < wanted and high < 1e6:
        high *= 2.0
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (
            (middle, high) if np.minimum(middle * foretold, seats).sum() < wanted else (low, middle)
        )
    return high


def at_latest_levels(
    model: DemandModel,
    held: pd.DataFrame,
    as_of: datetime,
    learnt: Combination,
    *,
    grain: Grain,
) -> DemandModel:
    """The model with cells moved to what was seen of late, its total kept.

    The sessions of the latest period stand for those to come. Recorded attendances are not those
    of all people, so the total of the figures for these sessions stays the chain's.

    Parameters
    ----------
    model
        The chain, fitted at ``as_of``.
    held
        Sessions as of :func:`~training.demand.held.sessions_held`.
    as_of
        Later sessions are not used.
    learnt
        As of :func:`learn_levels`.
    grain
        Length of a period.

    Returns
    -------
    The model itself where the latest period held no session.
    """
    latest = periods_before(as_of, 1, grain)[0]
    rows = held[held["period"] == latest]
    if not len(rows):
        return model
    cells = Cells.of(held, model)
    origin = origin_of(model, cells, held, rows, latest, as_of, grain)
    factor = level_factors(origin, cells.groups, learnt)
    moved = float((origin.foretold * factor).sum())
    if moved <= 0:
        return model
    factor = factor[:, : len(model.products)] * (origin.foretold.sum() / moved)
    people = np.minimum(model.within_reach, model.population.sum())
    found = replace(model, expected=np.minimum(model.expected * factor, people))
    return replace(found, competition=_competition(found, origin.foretold, factor))


def _competition(model: DemandModel, foretold: Floats, factor: Floats) -> Competition | None:
    """The usual attendances of streets and categories, moved as their sessions' are."""
    if model.competition is None:
        return None
    n = len(model.categories)
    before, after = np.zeros((2, len(model.streets), n))
    base = foretold[:, : len(model.products)]
    for category in range(n):
        of = model.group == category
        before[:, category] = base[:, of].sum(axis=1)
        after[:, category] = (base * factor)[:, of].sum(axis=1)
    moved = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    usual = model.competition.usual * moved
    return replace(
        model.competition,
        usual=usual,
        street_caps=np.maximum(model.competition.street_caps, HEADROOM * usual.sum(axis=1)),
        category_caps=np.maximum(model.competition.category_caps, HEADROOM * usual),
    )
