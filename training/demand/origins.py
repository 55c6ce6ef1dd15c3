"""A period as it looked when it began: its sessions foretold, and what came in those before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from recommender.demand.model import DemandModel
from recommender.demand.recency import Groups, Origin, Window
from recommender.types import IdMap
from training.demand.held import A_YEAR, Floats, Grain, periods_before, positions

Foretell = Callable[[pd.DataFrame, str], Floats]
"""Attendances of sessions held in a period, whatever their seats, shape (sessions,)."""
SHARE_WEIGHT = 20.0
"""How many attendances of a year shrink a street's or category's share of people recorded."""


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
            value = first[column].astype(object).reindex(products.ids)
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
        street = positions(self.streets, rows["street"])
        product = positions(self.products, rows["product"])
        used = (street >= 0) & (product >= 0)
        size = len(self.products)
        flat = np.bincount(
            (street * size + product)[used],
            weights=values[used],
            minlength=len(self.streets) * size,
        )
        return flat.reshape(len(self.streets), size).astype(np.float64)

    def at(self, table: Floats, rows: pd.DataFrame) -> Floats:
        """The cell of a table in which each session is; 1 outside it.

        Parameters
        ----------
        table
            Shape (streets, products).
        rows
            Sessions.

        Returns
        -------
        Shape (sessions,).
        """
        street = positions(self.streets, rows["street"])
        product = positions(self.products, rows["product"])
        inside = (street >= 0) & (product >= 0)
        return np.asarray(np.where(inside, table[street, product], 1.0))


def origin_of(
    foretell: Foretell, cells: Cells, held: pd.DataFrame, period: str, start: datetime, grain: Grain
) -> Origin:
    """A period as seen when it began.

    Parameters
    ----------
    foretell
        What was known then says how many come to sessions, of all people or of some.
    cells
        The grid.
    held
        Sessions held; of those from ``start`` on only the number and seats are used.
    period
        Whose sessions are foretold.
    start
        When it begins.
    grain
        Length of a period.

    Returns
    -------
    Figures in attendances recorded: those foretold, times recorded over foretold attendances of
    the period before, and of the year before by street and by category; for the composition of
    those whose bookings are recorded is not that of all people.
    """
    year = periods_before(start, max(A_YEAR[grain], 3), grain)
    of_year = {name: of for name in year if len(of := held[held["period"] == name])}
    told = {name: foretell(of, name) for name, of in of_year.items()}
    rows = held[held["period"] == period]
    standing = bool(rows["standing"].any())
    factor = np.ones((len(cells.streets), len(cells.products)))
    if of_year and not standing:
        factor = _recorded_by_group(of_year, told, cells)
    shares = {name: _share(of, told[name] * cells.at(factor, of)) for name, of in of_year.items()}
    scale = shares.get(year[-1], 1.0)

    def recorded(some: pd.DataFrame, attendances: Floats) -> Floats:
        limit = some["seats"].fillna(np.inf).to_numpy()
        return np.asarray(np.minimum(scale * attendances * cells.at(factor, some), limit))

    seen = {
        name: Window(
            cells.table(of, of["attendances"].to_numpy()), cells.table(of, recorded(of, told[name]))
        )
        for name, of in of_year.items()
    }
    windows = [
        Window(*(np.sum([seen[name][i] for name in span], axis=0) for i in (0, 1)))
        if seen.keys() >= set(span)
        else None
        for span in (year[-1:], year[-3:], [year[-A_YEAR[grain]]])
    ]
    windows.append(None)
    if year[-1] in of_year:
        last = of_year[year[-1]]
        windows[-1] = Window(
            _late(cells, last, last["of_late"].to_numpy(), seen[year[-1]].attended),
            _late(
                cells,
                last,
                recorded(last, told[year[-1]]) * last["share"].to_numpy(),
                seen[year[-1]].foretold,
            ),
        )
    foretold = cells.table(rows, recorded(rows, foretell(rows, period)))
    if standing and year[-1] in of_year and foretold.any():
        # It is not the number of things on the shelf that draws.
        foretold *= seen[year[-1]].foretold.sum() / foretold.sum()
    if standing:
        shares = {name: float(of["attendances"].sum()) for name, of in of_year.items()}
    return Origin(foretold, windows, trend=_trend(shares, year), standing=standing)


def _late(cells: Cells, rows: pd.DataFrame, values: Floats, whole: Floats) -> Floats:
    """A table of values with the sum of another."""
    table = cells.table(rows, values)
    return np.asarray(table * (whole.sum() / table.sum())) if table.any() else whole


def _trend(levels: dict[str, float], year: list[str]) -> float:
    """Growth of a logarithm a period, over the last three."""
    known = [np.log(levels[name]) for name in year[-4:] if levels.get(name, 0.0) > 0]
    return float((known[-1] - known[0]) / (len(known) - 1)) if len(known) > 1 else 0.0


def _recorded_by_group(
    of_year: dict[str, pd.DataFrame], told: dict[str, Floats], cells: Cells
) -> Floats:
    """Recorded over foretold attendances of a year by street times by category, mean about 1."""
    seen, expected = np.zeros((2, len(cells.streets), len(cells.products)))
    for name, of in of_year.items():
        seen += cells.table(of, of["attendances"].to_numpy())
        expected += cells.table(of, told[name])
    expected = expected * (seen.sum() / max(expected.sum(), 1e-12))
    category = np.eye(int(cells.groups["category"].max(initial=0)) + 1)[cells.groups["category"]]
    seen, expected = seen @ category, expected @ category
    by_street, by_category = np.ones((len(seen), 1)), np.ones((1, category.shape[1]))
    for _ in range(3):
        by_street = (seen.sum(axis=1, keepdims=True) + SHARE_WEIGHT) / (
            (expected * by_category).sum(axis=1, keepdims=True) + SHARE_WEIGHT
        )
        by_category = (seen.sum(axis=0, keepdims=True) + SHARE_WEIGHT) / (
            (expected * by_street).sum(axis=0, keepdims=True) + SHARE_WEIGHT
        )
    return np.asarray((by_street * by_category)[:, cells.groups["category"]])


def _share(rows: pd.DataFrame, foretold: Floats) -> float:
    """The share of foretold attendances that is recorded, so that a period's total is met.

    Found by bisection, since sessions hold at most their seats.
    """
    seats = rows["seats"].fillna(np.inf).to_numpy()
    wanted = min(float(rows["attendances"].sum()), 0.99 * float(seats.sum()))
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
