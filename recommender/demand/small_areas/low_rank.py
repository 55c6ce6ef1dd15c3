"""Many streets: their covariance as a diagonal and a few common patterns.

With hundreds of streets one matrix of all of them a product and step is too much. Here

    Σ = D + L Lᵀ,    Σ⁻¹ = D⁻¹ - B Bᵀ,    B = D⁻¹ L R⁻¹,    RᵀR = I + Lᵀ D⁻¹ L

with D diagonal and L of :data:`RANK` columns, so that by the Woodbury identity every system to
solve has :data:`RANK` rows: the inverse of W + Σ⁻¹/τ with W diagonal is

    C + C B K Bᵀ C / τ,    C = (W + D⁻¹/τ)⁻¹,    K = (I - Bᵀ C B / τ)⁻¹.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, eigh, solve_triangular

Floats = NDArray[np.float64]

RANK = 12
_CHUNK = 64  # products at a time


@dataclass(frozen=True, slots=True)
class Posterior:
    """Effects of streets on products.

    Attributes
    ----------
    mode, variance
        Shape (products, streets).
    distance
        Expected squared Mahalanobis distance of each product's effects, shape (products,).
    second
        Sum over products of their second moments over τ, shape (streets, streets).
    """

    mode: Floats
    variance: Floats
    distance: Floats
    second: Floats


def split_covariance(covariance: Floats) -> tuple[Floats, Floats]:
    """The diagonal and the common patterns of a covariance.

    Parameters
    ----------
    covariance
        Σ, shape (streets, streets), positive definite.

    Returns
    -------
    Diagonal of D, shape (streets,), > 0, and B, shape (streets, rank).
    """
    size = len(covariance)
    rank = min(RANK, size - 1)
    values, vectors = eigh(covariance, subset_by_index=[size - rank, size - 1])
    # What the patterns leave is alike in all directions.
    rest = max((np.trace(covariance) - values.sum()) / (size - rank), 1e-9)
    patterns = vectors * np.sqrt(np.maximum(values - rest, 0.0))
    diagonal = np.maximum(np.diag(covariance) - (patterns**2).sum(axis=1), 0.1 * rest)
    scaled = patterns / diagonal[:, None]
    root = cholesky(np.eye(rank) + patterns.T @ scaled)
    return diagonal, np.asarray(solve_triangular(root, scaled.T, trans="T").T)


def laplace(
    y: Floats,
    e: Floats,
    mode: Floats,
    covariance: Floats,
    scale: Floats,
    steps: int,
    *,
    moments: bool,
) -> Posterior:
    """Posterior of all products' effects by Newton's method.

    Parameters
    ----------
    y, e
        Counts and what is expected of them, shape (products, streets).
    mode
        Where to begin, same shape.
    covariance
        Σ, shape (streets, streets).
    scale
        τ, shape (products,).
    steps
        Most steps of Newton's method.
    moments
        Whether ``second`` is wanted; else it is zero.

    Returns
    -------
    The posterior.
    """
    diagonal, shared = split_covariance(covariance)
    streets, rank = shared.shape
    pairs = (shared[:, :, None] * shared[:, None, :]).reshape(streets, rank**2)
    found = Posterior(
        mode.copy(), np.zeros_like(mode), np.zeros(len(mode)), np.zeros((streets, streets))
    )
    for start in range(0, len(y), _CHUNK):
        part = slice(start, start + _CHUNK)
        tau, at = scale[part][:, None], mode[part]

        def curvature(at: Floats, part: slice = part, tau: Floats = tau) -> tuple[Floats, ...]:
            rate = e[part] * np.exp(np.clip(at, -12.0, 8.0))
            c = 1.0 / (rate + 1.0 / (tau * diagonal))
            inner = (c @ pairs).reshape(-1, rank, rank) / tau[:, :, None]
            return rate, c, np.asarray(np.linalg.inv(np.eye(rank) - inner), dtype=np.float64)

        for _ in range(steps):
            rate, c, k = curvature(at)
            pull = at / diagonal - (at @ shared) @ shared.T
            first = c * (y[part] - rate - pull / tau)
            back = np.einsum("pqr,pr->pq", k, first @ shared) / tau
            move = np.clip(first + c * (back @ shared.T), -1.5, 1.5)
            at = at + move
            if np.abs(move).max(initial=0.0) < 1e-4:
                break
        rate, c, k = curvature(at)
        variance = c + c**2 * (k.reshape(len(k), -1) @ pairs.T) / tau
        pull = at / diagonal - (at @ shared) @ shared.T
        found.mode[part], found.variance[part] = at, variance
        # tr(Σ⁻¹ V) follows from the diagonal, since Σ⁻¹/τ is the curvature without W.
        found.distance[part] = (at * pull).sum(axis=1) + tau[:, 0] * (
            streets - (rate * variance).sum(axis=1)
        )
        if moments:
            root = np.linalg.cholesky(k)
            wide = c[:, :, None] * np.einsum("sr,prq->psq", shared, root) / tau[:, :, None]
            flat = wide.transpose(1, 0, 2).reshape(streets, -1)
            scaled = at / np.sqrt(tau)
            found.second[:] += flat @ flat.T + scaled.T @ scaled
            found.second[np.diag_indices(streets)] += (c / tau).sum(axis=0)
    return found
