"""How much sessions take from each other, learnt from where and when there were more of them."""

import numpy as np
from numpy.typing import NDArray

from features.demand.counts import Sessions
from features.demand.products import ProductFeatures
from features.demand.sessions import months
from features.demand.surveys import SurveyVotes
from recommender.demand.competition import Competition, estimate_wants, learn_multiples
from training.demand.sessions import SessionDemand

Floats = NDArray[np.float64]

_YEAR = np.timedelta64(365, "D")
HEADROOM = 1.5
"""A street has evenings for at least so much of what it already comes to."""


def learn_competition(
    sessions: Sessions,
    session_demand: SessionDemand,
    product_features: ProductFeatures,
    surveyed: SurveyVotes,
    expected: Floats,
    population: Floats,
    as_of: np.datetime64,
) -> Competition | None:
    """Caps of streets and categories, wants, and the attendances of a usual quarter.

    Parameters
    ----------
    sessions, session_demand
        The sessions, and their demand as learnt.
    product_features, surveyed
        Products, and votes by street and category.
    expected
        Attendances of one session as things stand, shape (streets, products).
    population
        People, shape (streets,).
    as_of
        The moment; the year before it is what is usual.

    Returns
    -------
    For a quarter; ``None`` where the year before had no session in any street.
    """
    categories, group = len(product_features.categories), product_features.group
    recent = sessions.past & (sessions.street >= 0) & (sessions.starts > as_of - _YEAR)
    at = recent.nonzero()[0]
    if not len(at) or not population.any():
        return None
    quarters = max(1.0, float((as_of - sessions.starts[at].min()) / np.timedelta64(91, "D")))
    street, product = sessions.street[at], sessions.product[at]
    room = np.where(np.isnan(sessions.seats[at]), np.inf, sessions.seats[at])
    came = np.minimum(expected[street, product], room) / quarters
    usual = np.zeros((len(population), categories))
    np.add.at(usual, (street, group[product]), came)
    offered = np.zeros_like(usual)
    listed = _listed(product_features, as_of)
    np.add.at(offered.T, group[listed], expected[:, listed].T)
    wants = estimate_wants(offered, surveyed.category, surveyed.category_expected)
    multiples = _learn(sessions, session_demand, product_features, wants, population)
    a_head = usual.sum() / population.sum()
    people = np.maximum(multiples[0] * a_head * population, HEADROOM * usual.sum(axis=1))
    street_caps = np.maximum(people, 1.0)
    category_caps = np.maximum(multiples[1] * wants * street_caps[:, None], HEADROOM * usual)
    return Competition(street_caps, np.maximum(category_caps, 1.0), wants, usual)


def _listed(product_features: ProductFeatures, as_of: np.datetime64) -> NDArray[np.intp]:
    """Products in the catalogue at a moment; all where none is."""
    day = as_of.astype("datetime64[D]")
    first, last = product_features.listed_from, product_features.listed_until
    now = (np.isnat(first) | (first <= day)) & (np.isnat(last) | (last >= day))
    return np.asarray((now if now.any() else np.ones(len(now), dtype=np.bool_)).nonzero()[0])


def _learn(
    sessions: Sessions,
    session_demand: SessionDemand,
    product_features: ProductFeatures,
    wants: Floats,
    population: Floats,
) -> tuple[float, float]:
    """Multiples from the loads beside every past session: its street's and quarter's."""
    seen = sessions.past.nonzero()[0]
    placed = sessions.street[seen] >= 0
    at = seen[placed]
    product, street = sessions.product[at], sessions.street[at]
    group = product_features.group[product]
    quarter = months(sessions)[at].astype(int) // 3
    quarter -= quarter.min(initial=0)
    mass = session_demand.opportunity[placed] * session_demand.rate[product]
    load = np.zeros((len(population), int(quarter.max(initial=0)) + 1, wants.shape[1]))
    np.add.at(load, (street, quarter, group), mass)
    held = (load.sum(axis=2) > 0).any(axis=0)
    a_head = load[:, held].sum() / max(held.sum() * population.sum(), 1e-12)
    usual = np.maximum(a_head * population, 1e-9)[:, None]
    streets = load.sum(axis=2) / usual
    shares = load / np.maximum(usual[:, :, None] * wants[:, None, :], 1e-9)
    return learn_multiples(
        session_demand.demand[placed],
        mass,
        streets[street, quarter],
        shares[street, quarter, group],
        product,
        session_demand.size[group],
    )
