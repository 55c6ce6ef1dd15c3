"""The latest periods foretold by products' rates as they were known before each of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.demand.counts import Sessions
from features.demand.products import ProductFeatures
from recommender.demand.products.new_products import ProductRates, learn_product_rates
from recommender.demand.products.openings import Openings, learn_openings
from recommender.demand.products.session_age import Held, age_weights, learn_half_life
from recommender.demand.small_areas.interval_backtest import backtest_factor
from training.demand.sessions import SessionDemand

Floats = NDArray[np.float64]

PERIOD = np.timedelta64(92, "D")
"""Length of a period."""
PERIODS = 3
"""How many of the latest are foretold."""


@dataclass(frozen=True, slots=True)
class RolledPeriod:
    """A period and what was known before it.

    Attributes
    ----------
    late
        Which of the past sessions were held in it, shape (past,).
    held
        Sessions of each product before it, shape (products,).
    rates
        Of all products, as learnt before it.
    """

    late: NDArray[np.bool_]
    held: NDArray[np.intp]
    rates: ProductRates


def roll(
    sessions: Sessions,
    session_demand: SessionDemand,
    product_features: ProductFeatures,
    *,
    rng: np.random.Generator,
) -> list[RolledPeriod]:
    """Learn rates before each of the latest periods.

    Parameters
    ----------
    sessions
        The sessions.
    session_demand
        Their demand, as learnt.
    product_features
        Features of the products.
    rng
        Deals products to folds.

    Returns
    -------
    The latest first; none before which no product was held twice.
    """
    seen = sessions.past.nonzero()[0]
    starts, product, n = sessions.starts[seen], sessions.product[seen], len(product_features.group)
    size = session_demand.size[product_features.group]
    found: list[RolledPeriod] = []
    for back in range(PERIODS if len(seen) else 0):
        until = starts.max() - back * PERIOD
        late, before = (starts > until - PERIOD) & (starts <= until), starts <= until - PERIOD
        held = np.bincount(product[before], minlength=n)
        if held.max(initial=0) < 2:
            # Without a second session, overdispersion and appeal are confounded.
            break
        rates = learn_product_rates(
            np.bincount(product[before], session_demand.demand[before], n).astype(np.float64),
            np.bincount(product[before], session_demand.opportunity[before], n).astype(np.float64),
            product_features.matrix,
            product_features.group,
            rng=rng,
            overdispersion=1.0 / (size * np.maximum(held, 1)),
        )
        found.append(RolledPeriod(late, held, rates))
    return found


def backtest_factors(
    rolled: list[RolledPeriod],
    sessions: Sessions,
    session_demand: SessionDemand,
    product_features: ProductFeatures,
) -> tuple[float, float]:
    """Factors on the spread of new and of seen products, from the latest period with sessions.

    Parameters
    ----------
    rolled
        As of :func:`roll`.
    sessions, session_demand, product_features
        As there.

    Returns
    -------
    Both factors, >= 1; 1 where there are too few sessions to tell.
    """
    if not rolled:
        return 1.0, 1.0
    latest, product = rolled[0], sessions.product[sessions.past]
    size = session_demand.size[product_features.group]
    fresh = latest.held[product] == 0
    factors = [
        backtest_factor(
            session_demand.demand[these],
            session_demand.opportunity[these] * latest.rates.rate[product[these]],
            size[product[these]],
            product[these],
            latest.rates.log_sd,
        )
        for these in (latest.late & fresh, latest.late & ~fresh)
    ]
    return factors[0], factors[1]


def opening_factor(
    rolled: list[RolledPeriod],
    sessions: Sessions,
    session_demand: SessionDemand,
    product_features: ProductFeatures,
) -> float:
    """How new products open, against what is expected of them.

    Parameters
    ----------
    rolled, sessions, session_demand, product_features
        As in :func:`backtest_factors`.

    Returns
    -------
    Factor on the rates of products not held yet.
    """
    product, n = sessions.product[sessions.past], len(product_features.group)
    found = []
    for period in rolled:
        expected = session_demand.opportunity * period.rates.rate[product]
        fresh = period.late & (period.held[product] == 0)
        known = period.late & ~fresh
        if not fresh.any() or not known.any():
            continue
        # What has changed for all products alike is no matter of their being new.
        level = session_demand.demand[known].sum() / max(expected[known].sum(), 1e-12)
        opened = np.unique(product[fresh])
        came = np.bincount(product[fresh], session_demand.demand[fresh], n)
        told = np.bincount(product[fresh], level * expected[fresh], n)
        found.append(Openings(came[opened], told[opened]))
    return learn_openings(found)


def session_weights(
    sessions: Sessions,
    session_demand: SessionDemand,
    product_features: ProductFeatures,
    moment: np.datetime64,
) -> Floats:
    """What sessions count for as they grow old, by the half-life that is learnt from them.

    Parameters
    ----------
    sessions, session_demand, product_features
        As in :func:`roll`.
    moment
        The present.

    Returns
    -------
    In (0, 1], shape (events,).
    """
    age = (moment - sessions.starts) / np.timedelta64(1, "D")
    product = sessions.product[sessions.past]
    group = product_features.group[product]
    held = Held(
        session_demand.demand,
        session_demand.opportunity,
        age[sessions.past],
        product,
        group,
        session_demand.size[group],
    )
    return age_weights(age, learn_half_life(held))
