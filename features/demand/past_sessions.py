"""What past sessions say of a product: what it costs, where it is, and who was there."""

import numpy as np
from numpy.typing import NDArray

from features.demand.counts import ActiveBookings, Sessions
from features.demand.products import ProductFeatures
from features.demand.streets import StreetResidents


def mostly_free(sessions: Sessions, n_products: int) -> NDArray[np.bool_]:
    """Whether most sessions of each product are free; free where there were none.

    Parameters
    ----------
    sessions
        The sessions, with their prices.
    n_products
        Number of products.

    Returns
    -------
    Shape (products,).
    """
    held = np.bincount(sessions.product, minlength=n_products)
    free = np.bincount(sessions.product, weights=sessions.free, minlength=n_products)
    return np.asarray(free * 2 >= held)


def count_contributors(
    residents: StreetResidents,
    sessions: Sessions,
    active: ActiveBookings,
    product_features: ProductFeatures,
    n_streets: int,
) -> NDArray[np.int64]:
    """Distinct residents of the street who booked in the product's category.

    Parameters
    ----------
    residents, sessions, active
        Residents, sessions, and bookings that were not cancelled.
    product_features
        The products, with their categories.
    n_streets
        Number of streets.

    Returns
    -------
    Shape (streets, products).
    """
    groups = len(product_features.categories)
    street = residents.street[active.resident]
    used = (street >= 0) & sessions.past[active.session]
    group = product_features.group[sessions.product[active.session]]
    pairs = np.unique(active.resident[used] * groups + group[used])
    home = residents.street[pairs // groups]
    distinct = np.bincount(home * groups + pairs % groups, minlength=n_streets * groups)
    return distinct.reshape(n_streets, groups)[:, product_features.group].astype(np.int64)


def take_place_nowhere(
    sessions: Sessions, product_features: ProductFeatures, n_products: int
) -> NDArray[np.bool_]:
    """Products that take place nowhere in particular: by category, or all their sessions so far.

    Parameters
    ----------
    sessions
        The sessions, with their streets.
    product_features
        The products, with their categories.
    n_products
        Number of products.

    Returns
    -------
    Shape (products,).
    """
    held = np.bincount(sessions.product, minlength=n_products)
    placed = np.bincount(sessions.product, weights=sessions.street >= 0, minlength=n_products)
    named = np.array([name == "online" for name in product_features.categories])[
        product_features.group
    ]
    return np.asarray(named | ((held > 0) & (placed == 0)))
