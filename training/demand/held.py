"""What came to the sessions of past periods, and what a fitted model foretells for sessions."""

from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import district_zone
from data.snapshot import as_of as snapshot
from features.demand.counts import product_ids, read_active_bookings, read_sessions
from features.demand.products import read_products
from features.demand.sessions import months
from features.demand.streets import read_residents, read_streets
from recommender.demand.model import DemandModel
from recommender.types import IdMap

Floats = NDArray[np.float64]
Grain = Literal["month", "quarter", "year"]

_FREQUENCY: dict[Grain, str] = {"month": "M", "quarter": "Q", "year": "Y"}
A_YEAR: dict[Grain, int] = {"month": 12, "quarter": 4, "year": 1}
"""Periods in a year."""
OF_LATE = 0.2
"""Half-life, as a share of a period, with which attendances count for what came of late."""


def sessions_held(dataset: Dataset, as_of: datetime, grain: Grain = "quarter") -> pd.DataFrame:
    """Past sessions with their attendances.

    Parameters
    ----------
    dataset
        The contract's tables.
    as_of
        Nothing later is used.
    grain
        Length of a period.

    Returns
    -------
    One row a session: district (``all``), street, product, category, kind (the category, or the
    first tag where all products are of one category), supplier (the kind where there is none),
    period, starts, seats, attendances (seats of bookings that stood and were not missed), of_late
    and share (attendances, and the session itself, by how near the period's end they were),
    standing (whether most bookings are made a quarter before the session's day and earlier, as with
    what is on a shelf all year: then it is bookings that are near the end, not sessions). Where
    sessions are held in fewer than two streets, one row for each session and home street.
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
    month = months(sessions)
    ahead = sessions.starts[active.session] - active.at
    standing = bool(len(ahead) and np.nanmedian(ahead.astype("timedelta64[D]").astype(float)) > 90)
    share = _of_late(sessions.starts, month, grain)
    at = active.at if standing else sessions.starts[active.session]
    late = came * _of_late(at, month[active.session], grain)
    of_late = np.bincount(active.session, weights=late, minlength=size)
    seats = sessions.seats
    if len(np.unique(street[sessions.past & (street >= 0)])) < 2:
        home = residents.street[active.resident]
        used = home >= 0
        cell = active.session[used] * n + home[used]
        attended = np.bincount(cell, weights=came[used], minlength=size * n)
        of_late = np.bincount(cell, weights=late[used], minlength=size * n)
        session, street = np.repeat(session, n), np.tile(np.arange(n), size)
        # A session's seats are shared by all streets.
        seats = np.full(size, np.nan)
    category = np.array(features.categories, dtype=object)[features.group]
    catalogue = known["products"].set_index("product_id").reindex(list(products.ids))
    kind = category
    if len(set(category)) == 1:
        tag = catalogue["tags"].astype(object).fillna("").str.split(";").str[0].to_numpy()
        kind = np.where(tag == "", category, tag)
    supplier = catalogue["supplier_id"].astype(object).to_numpy()
    supplier = np.where(pd.isna(supplier), kind, supplier)
    product = sessions.product[session]
    frame = pd.DataFrame(
        {
            "district": "all",
            "street": np.array(streets.streets.ids, dtype=object)[np.maximum(street, 0)],
            "product": np.array(products.ids, dtype=object)[product],
            "category": category[product],
            "kind": kind[product],
            "supplier": supplier[product],
            "period": period_names(month, grain)[session],
            "starts": sessions.starts[session],
            "seats": seats[session],
            "attendances": attended,
            "of_late": of_late,
            "share": 1.0 if standing else share[session],
            "standing": standing,
        }
    )
    frame = frame[(street >= 0) & sessions.past[session]].reset_index(drop=True)
    # Hundreds of thousands of rows name a few streets and products.
    return frame.astype(dict.fromkeys(("street", "product", "category", "kind"), "category"))


def positions(ids: IdMap, column: pd.Series) -> NDArray[np.intp]:
    """Positions of a column's values, each looked up once.

    Parameters
    ----------
    ids
        Where they are looked up.
    column
        Of categories.

    Returns
    -------
    Shape (rows,); -1 where a value is unknown.
    """
    found = ids.positions(column.cat.categories.astype(object), missing=-1)
    return np.asarray(np.append(found, -1)[column.cat.codes.to_numpy()], dtype=np.intp)


def _of_late(
    moments: NDArray[np.datetime64], months: NDArray[np.datetime64], grain: Grain
) -> Floats:
    """Weights by how near the end of their period moments are; 0 where there is none."""
    periods = pd.PeriodIndex(months, freq="M").asfreq(_FREQUENCY[grain])
    begin = periods.start_time.to_numpy().astype("datetime64[s]").astype(np.int64)
    end = periods.end_time.to_numpy().astype("datetime64[s]").astype(np.int64)
    age = (end - moments.astype("datetime64[s]").astype(np.int64)) / (end - begin)
    return np.where(np.isnat(moments), 0.0, 0.5 ** (np.clip(age, 0.0, 1.0) / OF_LATE))


def natural_grain(held: pd.DataFrame) -> Grain:
    """A year where sessions are held in one quarter of the year only, else a quarter.

    Parameters
    ----------
    held
        Sessions as of :func:`sessions_held`.
    """
    quarters = held["starts"].dt.quarter.nunique()
    years = held["starts"].dt.year.nunique()
    return "year" if quarters == 1 and years > 1 else "quarter"


def period_names(months: NDArray[np.datetime64], grain: Grain) -> NDArray[np.object_]:
    """The period that holds each month.

    Parameters
    ----------
    months
        datetime64[M].
    grain
        Length of a period.

    Returns
    -------
    Names such as ``2027Q1``, shape as ``months``.
    """
    periods = pd.PeriodIndex(months, freq="M").asfreq(_FREQUENCY[grain])
    return np.asarray(periods.astype(str), dtype=object)


def periods_before(moment: datetime, number: int, grain: Grain = "quarter") -> list[str]:
    """The last periods that had ended by a moment.

    Parameters
    ----------
    moment
        With a time zone.
    number
        How many, >= 0.
    grain
        Length of a period.

    Returns
    -------
    Their names, the latest last.
    """
    local = moment.astimezone(district_zone())
    current = pd.Period(year=local.year, month=local.month, freq="M").asfreq(_FREQUENCY[grain])
    return [str(current - step) for step in range(number, 0, -1)]


def foretold_by_chain(model: DemandModel, rows: pd.DataFrame, period: str) -> Floats:
    """Expected attendances of each session, of all people, whatever its seats.

    Parameters
    ----------
    model
        A fitted model.
    rows
        Sessions as of :func:`sessions_held`.
    period
        The period they are held in.

    Returns
    -------
    Shape (rows,); a product that the model does not know is taken for a mean one of its category.
    """
    street = positions(model.streets, rows["street"])
    product = positions(model.products, rows["product"])
    category = positions(IdMap(model.categories), rows["category"])
    by_category = np.stack(
        [model.expected[:, model.group == k].mean(axis=1) for k in range(len(model.categories))],
        axis=1,
    )
    known = np.where(product >= 0, model.expected[street, product], by_category[street, category])
    expected = np.where((street >= 0) & (category >= 0), known, 0.0)
    return np.asarray(expected * circumstances(model, rows, period))


def circumstances(model: DemandModel, rows: pd.DataFrame, period: str) -> Floats:
    """Factor of season and of earlier sessions of the product there, shape (rows,).

    Parameters
    ----------
    model, rows, period
        As in :func:`foretold_by_chain`.

    Returns
    -------
    Factors, > 0.
    """
    category = positions(IdMap(model.categories), rows["category"])
    order = rows.sort_values("starts").groupby(["street", "product"], observed=True).cumcount()
    repeats = model.repeat_factor[category] ** order.reindex(rows.index).to_numpy()
    return np.asarray(model.season_of(period)[category] * repeats)
