"""Similar streets inform each other: a Poisson model with correlated street effects.

For every product p the logarithms of the streets' ratios are one sample
``η_p ~ N(0, τ_p·Σ)`` and ``y_sp ~ Poisson(E_sp · exp(η_sp))``. Σ (streets x streets) is learnt from
all products by EM with a Laplace approximation (the multivariate Poisson-lognormal model of
Aitchison & Ho 1989) and shrunk to equal variances and correlations, so that with few products it
falls back to plain shrinkage and with many it estimates which streets are similar. τ_p says how
local a product is: demand for some is even over streets, for others it is local. It has an
inverse-gamma prior of :data:`FREEDOM` degrees, which makes η a multivariate t (Lange, Little &
Taylor 1989); with one scale for all, a few local products would loosen the shrinkage of all others.
With many streets Σ is a diagonal and a few common patterns
(:mod:`~recommender.demand.small_areas.low_rank`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.demand.small_areas.low_rank import laplace as laplace_low_rank

Floats = NDArray[np.float64]

FREEDOM = 1.0
"""Degrees of freedom of τ's prior: next to nothing is assumed of how products differ."""
_LARGE = 100  # streets from which on their covariance is a diagonal and a few common patterns
_LEARNT = 300  # products from which such a covariance is learnt: evenly chosen where there are more
_CHUNK = 512  # products at a time: bounds memory at _CHUNK * streets**2 doubles


@dataclass(frozen=True, slots=True)
class PoissonLognormalFit:
    """Posterior of the log ratios under the fitted covariance.

    Attributes
    ----------
    mode
        Shape (streets, products); ``exp`` of it is the ratio.
    log_sd
        Posterior standard deviation, same shape.
    covariance
        Σ, shape (streets, streets).
    scale
        τ, how local each product is, shape (products,); geometric mean 1 over those seen.
    """

    mode: Floats
    log_sd: Floats
    covariance: Floats
    scale: Floats


def fit_poisson_lognormal(
    counts: Floats, offset: Floats, *, iterations: int = 20, prior_products: float = 10.0
) -> PoissonLognormalFit:
    """Fit Σ and the posterior of every product's street effects.

    Parameters
    ----------
    counts, offset
        Shape (streets, products); counts >= 0, offsets > 0.
    iterations
        Steps of EM.
    prior_products
        How many products' worth of weight the shrinkage target of Σ has.

    Returns
    -------
    Posterior of the effects of streets, and the covariance that they share.
    """
    streets, products = counts.shape
    covariance = np.eye(streets) + 0.2
    mode = np.zeros((products, streets))
    variance = np.ones((products, streets))
    scale = np.ones(products)
    y, e = np.ascontiguousarray(counts.T), np.ascontiguousarray(offset.T)
    # A cell with next to nothing expected says nothing about Σ.
    told = (e.sum(axis=1) > 0.5).nonzero()[0]
    many = streets >= _LARGE
    if many and len(told) > _LEARNT:
        told = told[np.linspace(0, len(told) - 1, _LEARNT).astype(np.intp)]
    for step in range(iterations + 1):
        last = step == iterations
        which = np.arange(products) if last else told
        if not last and not len(told):
            continue
        steps = 8 if step else 30
        if many:
            found = laplace_low_rank(
                y[which], e[which], mode[which], covariance, scale[which], steps, moments=not last
            )
            mode[which], variance[which] = found.mode, found.variance
            total, distance = found.second, np.zeros(products)
            distance[which] = found.distance
        else:
            total, distance = _moments(y, e, mode, variance, covariance, scale, which, steps)
        if not last:
            covariance = _shrunk(total, len(told), prior_products)
            scale[told] = (distance[told] + FREEDOM) / (streets + FREEDOM)
            scale[told] /= np.exp(np.log(scale[told]).mean())
    return PoissonLognormalFit(mode.T.copy(), np.sqrt(variance).T.copy(), covariance, scale)


def _moments(
    y: Floats,
    e: Floats,
    mode: Floats,
    variance: Floats,
    covariance: Floats,
    scale: Floats,
    which: NDArray[np.intp],
    steps: int,
) -> tuple[Floats, Floats]:
    """Second moments over τ of some products, and their distances; their posterior is written."""
    streets = len(covariance)
    precision: Floats = np.asarray(
        np.linalg.inv(covariance + 1e-6 * np.eye(streets)), dtype=np.float64
    )
    total, distance = np.zeros((streets, streets)), np.zeros(len(mode))
    for start in range(0, len(which), _CHUNK):
        part = which[start : start + _CHUNK]
        mode[part], spread = _laplace(y[part], e[part], mode[part], precision, scale[part], steps)
        variance[part] = np.diagonal(spread, axis1=1, axis2=2)
        second = mode[part][:, :, None] * mode[part][:, None, :] + spread
        distance[part] = np.einsum("st,pst->p", precision, second)
        total += np.tensordot(1.0 / scale[part], second, axes=1)
    return total, distance


def _laplace(
    y: Floats, e: Floats, start: Floats, precision: Floats, scale: Floats, steps: int
) -> tuple[Floats, Floats]:
    """Newton's method for a block of products at once: posterior mode and covariance."""
    eye = np.eye(len(precision))
    mode = start
    for _ in range(steps):
        rate = e * np.exp(np.clip(mode, -12.0, 8.0))
        gradient = y - rate - (mode @ precision) / scale[:, None]
        curvature = rate[:, :, None] * eye + precision / scale[:, None, None]
        move = np.clip(np.linalg.solve(curvature, gradient[..., None])[..., 0], -1.5, 1.5)
        mode = mode + move
        if np.abs(move).max(initial=0.0) < 1e-4:
            break
    rate = e * np.exp(np.clip(mode, -12.0, 8.0))
    spread = np.linalg.inv(rate[:, :, None] * eye + precision / scale[:, None, None])
    return mode, np.asarray(spread, dtype=np.float64)


def _shrunk(total: Floats, products: int, weight: float) -> Floats:
    """Scatter matrix to covariance, shrunk to equal variances and equal correlations."""
    streets = len(total)
    raw = total / products
    variance = np.trace(raw) / streets
    common = (raw.sum() - np.trace(raw)) / max(streets * (streets - 1), 1)
    target = np.eye(streets) * (variance - common) + common
    return np.asarray((total + weight * target) / (products + weight))
