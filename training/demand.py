"""Fit street demand from a data set: the chain of `recommender.demand`, fed from frames."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.snapshot import as_of as snapshot
from features.street_counts import (
    Sessions,
    Wishes,
    count_streets,
    product_ids,
    read_sessions,
    read_wishes,
    show_rates,
)
from features.street_products import ProductTraits, read_products
from features.street_tables import StreetResidents, Streets, read_residents, read_streets
from features.time import LOCAL
from recommender.demand.model import DemandModel
from recommender.demand.new_products import learn_product_rates
from recommender.demand.rates import estimate_rates
from recommender.demand.sessions import learn_decay
from recommender.types import IdMap

Progress = Callable[[str, float], None]


def fit_demand(
    dataset: Dataset,
    *,
    as_of: datetime,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> DemandModel:
    """Fit demand on what was known at a moment.

    Parameters
    ----------
    dataset
        Any folder's or database's tables; only those needed to train must hold rows.
    as_of
        Nothing later is used.
    rng
        Deals products to folds.
    progress
        Called with what is being done and the share done so far.
    """
    report = progress or _silent
    report("reading", 0.0)
    known = snapshot(dataset, as_of)
    streets = read_streets(known)
    residents = read_residents(known, streets)
    products = product_ids(known)
    traits = read_products(known, products)
    sessions = read_sessions(known, streets, products, as_of)
    wishes = read_wishes(known, residents, sessions)

    report("counting", 0.3)
    n_streets, n_products = len(streets.streets), len(products)
    counted = count_streets(residents, sessions, wishes, n_streets, n_products)

    report("products", 0.5)
    general = learn_product_rates(
        counted.counts.sum(axis=(0, 1)),
        counted.exposure.sum(axis=(0, 1)),
        traits.matrix,
        traits.group,
        rng=rng,
    )
    report("streets", 0.6)
    fitted = estimate_rates(
        counted.counts,
        counted.exposure,
        streets.population,
        product_rates=general.rate,
        group=traits.group,
    )
    shows = show_rates(sessions, wishes)
    price = _last_free(sessions, n_products)
    expected = fitted.expected * np.where(price, shows[True], shows[False])
    report("done", 1.0)
    planned = (~sessions.past) & (sessions.street >= 0)
    return DemandModel(
        streets=streets.streets,
        products=products,
        street_names=streets.names,
        titles=traits.titles,
        categories=traits.categories,
        group=traits.group,
        expected=expected,
        log_sd=np.sqrt(fitted.log_sd**2 + general.log_sd**2),
        bookings=counted.bookings,
        survey_votes=_survey_votes(known, streets, products, traits),
        behind=_behind(residents, sessions, wishes, traits, n_streets),
        decay=_decay(sessions, wishes, traits),
        season=np.ones(12),
        listed_from=traits.listed_from,
        listed_until=traits.listed_until,
        planned_street=sessions.street[planned],
        planned_product=sessions.product[planned],
        planned_month=_local_months(sessions.starts[planned]),
        planned_seats=np.nan_to_num(sessions.seats[planned]),
    )


def _silent(text: str, share: float) -> None:
    del text, share


def _local_months(starts: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    local = pd.DatetimeIndex(starts).tz_localize("UTC").tz_convert(LOCAL).tz_localize(None)
    return local.to_numpy().astype("datetime64[M]")


def _last_free(sessions: Sessions, n_products: int) -> NDArray[np.bool_]:
    """Whether most sessions of each product are free; free where there were none."""
    held = np.bincount(sessions.product, minlength=n_products)
    free = np.bincount(sessions.product, weights=sessions.free, minlength=n_products)
    return np.asarray(free * 2 >= held)


def _behind(
    residents: StreetResidents,
    sessions: Sessions,
    wishes: Wishes,
    traits: ProductTraits,
    n_streets: int,
) -> NDArray[np.int64]:
    """Distinct residents of the street who booked in the product's category."""
    groups = len(traits.categories)
    street = residents.street[wishes.resident]
    used = (street >= 0) & sessions.past[wishes.session]
    group = traits.group[sessions.product[wishes.session]]
    pairs = np.unique(wishes.resident[used] * groups + group[used])
    home = residents.street[pairs // groups]
    distinct = np.bincount(home * groups + pairs % groups, minlength=n_streets * groups)
    return distinct.reshape(n_streets, groups)[:, traits.group].astype(np.int64)


def _survey_votes(
    tables: Dataset, streets: Streets, products: IdMap, traits: ProductTraits
) -> NDArray[np.int64]:
    """Votes of the street for the product itself and for its category."""
    surveys = tables["surveys"]
    votes = np.zeros((len(streets.streets), len(products)), dtype=np.int64)
    street = np.array([streets.area_street.get(str(a), -1) for a in surveys["area_code"]], int)
    count = surveys["votes"].astype("float64").fillna(0).to_numpy().astype(np.int64)
    kind = surveys["target_kind"].astype(object).to_numpy()
    target = surveys["target"].astype(str).to_numpy()
    product = products.positions(target, missing=-1)
    own = (kind == "product") & (product >= 0) & (street >= 0)
    np.add.at(votes, (street[own], product[own]), count[own])
    by_group = np.zeros((len(streets.streets), len(traits.categories)), dtype=np.int64)
    group = IdMap(traits.categories).positions(target, missing=-1)
    of = (kind == "category") & (group >= 0) & (street >= 0)
    np.add.at(by_group, (street[of], group[of]), count[of])
    return votes + by_group[:, traits.group]


def _decay(sessions: Sessions, wishes: Wishes, traits: ProductTraits) -> NDArray[np.float64]:
    """Decay by category, from sessions of one product in one street and quarter."""
    total = np.bincount(wishes.session, weights=wishes.seats, minlength=len(sessions.events))
    # A session that was full says nothing about how many more would have come.
    room = ~(total >= 0.95 * np.nan_to_num(sessions.seats, nan=np.inf))
    held = (sessions.past & (sessions.street >= 0) & room).nonzero()[0]
    quarter = sessions.starts[held].astype("datetime64[M]").astype(int) // 3
    frame = pd.DataFrame(
        {
            "product": sessions.product[held],
            "street": sessions.street[held],
            "quarter": quarter,
            "starts": sessions.starts[held],
        }
    ).sort_values("starts", kind="stable")
    grouped = frame.groupby(["product", "street", "quarter"], sort=False)
    series = grouped.ngroup().to_numpy().astype(np.intp)
    order = grouped.cumcount().to_numpy().astype(np.intp)
    index = held[frame.index.to_numpy()]
    return learn_decay(
        total[index], order, series, traits.group[sessions.product[index]], len(traits.categories)
    )
