"""In which shapes the products of a catalogue are bought: by kind, and as it was done so far."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from recommender.procurement.kinds import shape_of
from recommender.runs import run_days


@dataclass(frozen=True, slots=True)
class Shapes:
    """How products are bought and held; P products.

    Attributes
    ----------
    days
        Days in a row of one session, shape (P,).
    series
        Sittings of one session that is bought (lessons), shape (P,).
    in_hall
        Whether a venue is needed, shape (P,).
    once
        Whether a street has it once at most, shape (P,).
    everywhere
        Whether one purchase serves all streets, shape (P,).
    """

    days: NDArray[np.int64]
    series: NDArray[np.int64]
    in_hall: NDArray[np.bool_]
    once: NDArray[np.bool_]
    everywhere: NDArray[np.bool_]

    @property
    def room(self) -> NDArray[np.int64]:
        """How often the seats of a place are filled in one session that is bought, shape (P,)."""
        return self.days * self.series


def read_shapes(
    dataset: Dataset, products: pd.DataFrame, available: NDArray[np.int64], *, as_of: datetime
) -> Shapes:
    """Shapes by kind; days of a run and lessons of a course are those usual so far.

    Parameters
    ----------
    dataset
        The tables; past events are read.
    products
        Rows of the catalogue, by identifier.
    available
        Sessions that can be had of each product, shape (P,); no series is longer.
    as_of
        Later events are not known.

    Returns
    -------
    By position.
    """
    category = products["category"].astype(str)
    events = dataset["events"]
    past = events[
        (events["starts_at"] < pd.Timestamp(as_of)) & (events["status"].astype(str) != "cancelled")
    ]
    kind = past["product_id"].map(
        dataset["products"].drop_duplicates("product_id").set_index("product_id")["category"]
    )
    shapes = {name: shape_of(name) for name in category.unique()}
    days = {name: _usual_days(past[(kind == name).to_numpy()], shape.days)
            for name, shape in shapes.items()}  # fmt: skip
    series = {name: _usual_series(past[(kind == name).to_numpy()], shape.series)
              for name, shape in shapes.items()}  # fmt: skip
    usual = category.map(series).to_numpy(dtype=np.int64)
    return Shapes(
        days=category.map(days).to_numpy(dtype=np.int64),
        series=np.clip(np.minimum(usual, available), 1, None),
        in_hall=np.array([shapes[name].hall for name in category], dtype=np.bool_),
        once=np.array([shapes[name].once for name in category], dtype=np.bool_),
        everywhere=np.array([shapes[name].everywhere for name in category], dtype=np.bool_),
    )


_ENOUGH = 3
"""Events from which what is usual is taken instead of the assumption."""


def _usual_days(past: pd.DataFrame, assumed: int) -> int:
    if assumed == 1 or len(past) < _ENOUGH:
        return assumed
    moments = (past[name].dt.tz_localize(None).to_numpy() for name in ("starts_at", "ends_at"))
    return int(np.median(run_days(*moments)))


def _usual_series(past: pd.DataFrame, assumed: int) -> int:
    """The middle number of sittings of one product in one place and quarter."""
    if assumed == 1:
        return 1
    quarter = past["starts_at"].dt.tz_localize(None).dt.to_period("Q")
    held = past.groupby(["product_id", past["venue_id"].astype(object), quarter]).size()
    return int(np.median(held)) if len(held) >= _ENOUGH else assumed


_GOLDEN = 0.6180339887498949


def host_streets(
    everywhere: NDArray[np.bool_],
    residents: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    required: NDArray[np.int64],
) -> None:
    """Leave each product that serves all streets to one of them, in place.

    Its attendances are those of all streets. Counted in one street each, in turn by population,
    such products weigh on evenness, competition and floors as their people do.

    Parameters
    ----------
    everywhere
        Whether a product serves all streets, shape (P,).
    residents
        People of each street, shape (S,).
    allowed, required
        What may and must be bought, shape (S, P); changed.
    """
    ends = np.cumsum(residents) / residents.sum()
    turn = (np.cumsum(everywhere) * _GOLDEN) % 1.0  # spreads evenly however many there are
    hosts = np.minimum(np.searchsorted(ends, turn, side="right"), len(residents) - 1)
    due = required.max(axis=0)
    for p in np.flatnonzero(everywhere):
        open_ = bool(allowed[:, p].any())
        allowed[:, p], required[:, p] = False, 0
        allowed[hosts[p], p], required[hosts[p], p] = open_, due[p]


def lesson_factors(
    repeat_factor: NDArray[np.float64], series: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Attendances of a series over those of one sitting: 1 + q + ... + q^(n-1), shape (P,).

    Parameters
    ----------
    repeat_factor
        q of each product, in (0, 1].
    series
        n of each product, >= 1.

    Returns
    -------
    From 1 to n.
    """
    q = np.asarray(repeat_factor, dtype=np.float64)
    near = np.abs(1 - q) < 1e-9
    return np.where(near, series, (1 - q**series) / np.where(near, 1.0, 1 - q))


def scarce_products(
    available: NDArray[np.int64], allowed: NDArray[np.bool_], required: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Products that cannot be had for every street: no street has a second one, shape (P,).

    The fair rule: each street has it once at most, and it comes to the streets where the whole
    plan gains most attendances, as far as budgets and rules (evenness among them) allow.

    Parameters
    ----------
    available
        Sessions that can be had, shape (P,).
    allowed, required
        What may and must be bought, shape (S, P); more than one required session is kept to.

    Returns
    -------
    Mask, shape (P,).
    """
    return np.asarray((available < allowed.sum(axis=0)) & (required.max(axis=0) <= 1))
