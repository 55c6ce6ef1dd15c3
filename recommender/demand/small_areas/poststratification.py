"""App users are not residents: rates by age band carry counts over to the population.

Indirect standardisation: every product gets a rate for each age band, estimated over all
streets and shrunk; the counts a street *should* have shown (``offset``) and the attendances its
whole population would bring (``target``) follow from the same rates, so that a street is judged
by how far it departs from them and not by how young its app users are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.demand.products.product_prior import ProductPrior

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standardised:
    """Counts beside what age alone explains.

    Attributes
    ----------
    counts
        Observed, shape (streets, products).
    offset
        Expected in the sample if every street had the overall rate of each age band, same shape.
    target
        Expected in the population under the same rates, same shape; attendances at one session.
    band_rates
        Rate of each age band, shape (bands, products).
    """

    counts: Floats
    offset: Floats
    target: Floats
    band_rates: Floats


def standardise(
    counts: Floats,
    exposure: Floats,
    population: Floats,
    product_rates: Floats,
    product_prior: ProductPrior | None = None,
) -> Standardised:
    """Split every cell into what age explains and what is the street's own.

    Parameters
    ----------
    counts
        Shape (streets, bands, products), >= 0.
    exposure
        Resident-sessions that gave the counts, shape (streets, bands, products) or
        (streets, bands, 1) where all products were open to the same residents.
    population
        People, shape (streets, bands).
    product_rates
        Overall rate of each product, shape (products,), > 0.
    product_prior
        Prior of the age-band ratios of each product; by default all products are alike.

    Returns
    -------
    Offsets are at least 1e-9 so that ratios exist.
    """
    band_counts = counts.sum(axis=0)
    band_exposure = np.broadcast_to(exposure.sum(axis=0), band_counts.shape)
    rates = band_rates(band_counts, band_exposure, product_rates, product_prior)
    if exposure.shape[2] == 1:
        offset = exposure[:, :, 0] @ rates
    else:
        offset = np.einsum("sap,ap->sp", exposure, rates)
    return Standardised(
        counts=counts.sum(axis=1),
        offset=np.maximum(offset, 1e-9),
        target=population @ rates,
        band_rates=rates,
    )


def band_rates(
    counts: Floats,
    exposure: Floats,
    product_rates: Floats,
    product_prior: ProductPrior | None = None,
) -> Floats:
    """Rates by age band, shrunk to the overall rate times the mean activity of the bands.

    The prior is worth one expected booking. (A strength learnt by likelihood shrinks harder and
    was worse: it weighs all bands alike, while the error lies where most people are.)

    Parameters
    ----------
    counts, exposure
        Shape (bands, products).
    product_rates
        Shape (products,), > 0.
    product_prior
        As in :func:`standardise`.

    Returns
    -------
    Shape (bands, products), > 0.
    """
    plain = exposure * product_rates
    activity = band_activity(counts, plain, product_prior)
    foreseen = plain * activity
    rates = product_rates * activity * (counts + 1.0) / (foreseen + 1.0)
    # Where a product was seen, the bands' rates must add up to what it showed over all of them.
    total = (exposure * rates).sum(axis=0)
    scale = np.where(total > 0, plain.sum(axis=0) / np.maximum(total, 1e-12), 1.0)
    return np.asarray(rates * scale)


def band_activity(
    counts: Floats, plain: Floats, product_prior: ProductPrior | None = None
) -> Floats:
    """How much each age band takes part, relative to all, by product; shape (bands, products).

    Parameters
    ----------
    counts
        Bookings, shape (bands, products), >= 0.
    plain
        What they would be if all bands took part alike, same shape.
    product_prior
        Prior of the ratios; by default all products are alike.

    Returns
    -------
    Ratios, > 0.
    """
    overall = (counts.sum(axis=1) + 1.0) / (plain.sum(axis=1) + 1.0)
    if product_prior is None:
        return np.asarray(np.repeat(overall[:, None], counts.shape[1], axis=1))
    return np.asarray(overall[:, None] * product_prior.ratios(counts, plain * overall[:, None]))
