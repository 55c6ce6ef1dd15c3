"""Streets alike in taste inform each other: a Poisson model with correlated street effects.

For every product p the logarithms of the streets' ratios are one draw
``η_p ~ N(0, Σ)`` and ``y_sp ~ Poisson(E_sp · exp(η_sp))``. Σ (streets x streets) is learnt from
all products by EM with a Laplace approximation (the multivariate Poisson-lognormal model of
Aitchison & Ho 1989) and shrunk to equal variances and correlations, so that with few products it
falls back to plain shrinkage and with many it says whose taste goes with whose.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CHUNK = 512  # products at a time: bounds memory at _CHUNK * streets**2 doubles


@dataclass(frozen=True, slots=True)
class SharedRatios:
    """Posterior of the log ratios under the fitted covariance.

    Attributes
    ----------
    mode
        Shape (streets, products); ``exp`` of it is the ratio.
    log_sd
        Posterior standard deviation, same shape.
    covariance
        Σ, shape (streets, streets).
    """

    mode: Floats
    log_sd: Floats
    covariance: Floats


def share(
    counts: Floats, offset: Floats, *, iterations: int = 20, prior_products: float = 10.0
) -> SharedRatios:
    """Fit Σ and the posterior of every product's street effects.

    Parameters
    ----------
    counts, offset
        Shape (streets, products); counts >= 0, offsets > 0.
    iterations
        Steps of EM.
    prior_products
        How many products' worth of weight the shrinkage target of Σ has.
    """
    streets, products = counts.shape
    covariance = np.eye(streets) + 0.2
    mode = np.zeros((products, streets))
    variance = np.ones((products, streets))
    y, e = np.ascontiguousarray(counts.T), np.ascontiguousarray(offset.T)
    # A cell with next to nothing expected says nothing about Σ.
    told = (e.sum(axis=1) > 0.5).nonzero()[0]
    for step in range(iterations + 1):
        precision: Floats = np.asarray(
            np.linalg.inv(covariance + 1e-6 * np.eye(streets)), dtype=np.float64
        )
        last = step == iterations
        which = np.arange(products) if last else told
        if not last and not len(told):
            continue
        total = np.zeros((streets, streets))
        for start in range(0, len(which), _CHUNK):
            part = which[start : start + _CHUNK]
            mode[part], spread = _laplace(
                y[part], e[part], mode[part], precision, 8 if step else 30
            )
            variance[part] = np.diagonal(spread, axis1=1, axis2=2)
            total += mode[part].T @ mode[part] + spread.sum(axis=0)
        if not last:
            covariance = _shrunk(total, len(told), prior_products)
    return SharedRatios(mode.T.copy(), np.sqrt(variance).T.copy(), covariance)


def _laplace(
    y: Floats, e: Floats, start: Floats, precision: Floats, steps: int
) -> tuple[Floats, Floats]:
    """Newton's method for a block of products at once: posterior mode and covariance."""
    eye = np.eye(len(precision))
    mode = start
    for _ in range(steps):
        rate = e * np.exp(np.clip(mode, -12.0, 8.0))
        gradient = y - rate - mode @ precision
        curvature = rate[:, :, None] * eye + precision
        move = np.clip(np.linalg.solve(curvature, gradient[..., None])[..., 0], -1.5, 1.5)
        mode = mode + move
        if np.abs(move).max(initial=0.0) < 1e-4:
            break
    rate = e * np.exp(np.clip(mode, -12.0, 8.0))
    spread = np.linalg.inv(rate[:, :, None] * eye + precision)
    return mode, np.asarray(spread, dtype=np.float64)


def _shrunk(total: Floats, products: int, weight: float) -> Floats:
    """Scatter matrix to covariance, shrunk to equal variances and equal correlations."""
    streets = len(total)
    raw = total / products
    variance = np.trace(raw) / streets
    common = (raw.sum() - np.trace(raw)) / max(streets * (streets - 1), 1)
    target = np.eye(streets) * (variance - common) + common
    return np.asarray((total + weight * target) / (products + weight))
