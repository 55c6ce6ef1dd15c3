"""Demand as the console's pages show it: by street, by category and audience."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from fastapi import HTTPException, Request

from data.district_time import next_period, period_of
from recommender.errors import UsageError
from serving.api.routes.suggestions import current_state
from serving.demand.frames import demand_frame, location_quotient_frame

LEAD = timedelta(days=76)
"""How far ahead the period shown first lies: two weeks into a quarter it is the next one."""

_KEPT = 4


@dataclass(frozen=True, slots=True)
class DistrictDemand:
    """Demand of all streets in a period.

    Attributes
    ----------
    model
        The demand model.
    version
        Of the model.
    frame
        See :func:`serving.demand.frames.demand_frame`.
    streets
        One row a street: code, name, ``expected`` (mean attendances at a session over products
        that may be shown), ``supply`` (seats planned), ``gap`` (attendances beyond the seats,
        summed over products), ``speciality``.
    """

    model: Any
    version: str
    period: str
    frame: pd.DataFrame
    streets: pd.DataFrame

    def of_street(self, code: str) -> pd.DataFrame:
        """One street's rows, ranked from 1."""
        rows = self.frame[self.frame["street_code"] == code].reset_index(drop=True)
        return rows.assign(rank=np.arange(1, len(rows) + 1))


_cache: OrderedDict[tuple[int, str], DistrictDemand] = OrderedDict()
"""By the model itself, which each entry keeps alive: two homes may call their models alike."""


def offered_periods(now: datetime) -> list[str]:
    """The current quarter and the next two."""
    first = period_of(now)
    second = next_period(first)
    return [first, second, next_period(second)]


async def demand_model(request: Request) -> tuple[Any, str]:
    """The served demand model and its version.

    Raises
    ------
    HTTPException
        503 before there is one.
    """
    await current_state(request, None)
    loaded = request.app.state.service.refresher.loaded
    if loaded is None or loaded.demand is None:
        raise HTTPException(503, "No demand model is served yet.", {"Retry-After": "30"})
    return loaded.demand, loaded.served.version


def default_period(model: Any, now: datetime) -> str:
    """The quarter that is being planned: the next one, unless this one has just begun.

    Parameters
    ----------
    model
        The demand model.
    now
        The clock.

    Returns
    -------
    The quarter that lies :data:`LEAD` ahead; the current one while nothing is listed in that.
    """
    planned = period_of(now + LEAD)
    return planned if len(model.listed(planned)) else period_of(now)


def district_demand(model: Any, version: str, period: str) -> DistrictDemand | None:
    """Demand of all streets; kept for the next question about the same model and period.

    Parameters
    ----------
    model, version
        The demand model.
    period
        Such as ``2027Q1``.

    Returns
    -------
    ``None`` when nothing is listed in the period.
    """
    key = (id(model), period)
    if key in _cache:
        return _cache[key]
    try:
        frame = demand_frame(model, period)
    except UsageError:
        return None
    made = DistrictDemand(model, version, period, frame, _streets(model, period, frame))
    _cache[key] = made
    while len(_cache) > _KEPT:
        _cache.popitem(last=False)
    return made


def _streets(model: Any, period: str, frame: pd.DataFrame) -> pd.DataFrame:
    grouped = frame.groupby("street_code")
    found = pd.DataFrame(
        {
            "expected": grouped["expected"].mean(),
            "supply": grouped["supply"].sum(),
            "gap": grouped["gap"].agg(lambda gap: gap.clip(lower=0).sum()),
        }
    ).reindex(list(model.streets.ids))
    found.insert(0, "name", list(model.street_names))
    try:
        special = location_quotient_frame(model, period)
        marked = special[special["speciality"]].set_index("street_code")["category"]
        found["speciality"] = marked.reindex(found.index)
    except UsageError:
        found["speciality"] = None
    found.index.name = "street_code"
    return found.reset_index()


def shares(rows: pd.DataFrame, groups: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Share of demand beside share of supply, by group.

    Parameters
    ----------
    rows
        A street's demand.
    groups
        The groups each row counts for; a row of several counts for each in equal parts.

    Returns
    -------
    One entry a group: ``group``, ``demand``, ``supply`` (shares of 1; NaN where there is no
    supply at all) and ``difference``; largest demand first.
    """
    demand: dict[str, float] = {}
    supply: dict[str, float] = {}
    values = zip(groups, rows["expected"].fillna(0.0), rows["supply"].fillna(0.0), strict=True)
    for names, wanted, seats in values:
        for name in names:
            demand[name] = demand.get(name, 0.0) + wanted / len(names)
            supply[name] = supply.get(name, 0.0) + seats / len(names)
    all_demand, all_supply = sum(demand.values()), sum(supply.values())
    found: list[dict[str, Any]] = [
        {
            "group": name,
            "demand": wanted / all_demand if all_demand else float("nan"),
            "supply": supply[name] / all_supply if all_supply else float("nan"),
        }
        for name, wanted in demand.items()
    ]
    for entry in found:
        entry["difference"] = entry["demand"] - entry["supply"]
    return sorted(found, key=lambda entry: -entry["demand"])


def audience_groups(products: Mapping[str, Sequence[str]], ids: Sequence[str]) -> list[list[str]]:
    """Audience groups of products; ``all`` where none is named.

    Parameters
    ----------
    products
        Audience groups by product.
    ids
        The products asked for.

    Returns
    -------
    One list a product.
    """
    told = [products.get(code) for code in ids]
    return [list(groups) if groups else ["all"] for groups in told]
