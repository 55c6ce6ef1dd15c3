"""New products: a rate from what they are, learnt from the products that have been seen.

``log rate_p = x_p·β + ε_p`` with ε_p ~ N(0, σ²), fitted by ridge regression on the smoothed log
rates of seen products, each weighted by how well its own rate is known; the penalty is chosen by
cross-validation over products. A seen product's rate is then shrunk to its prediction with a
Gamma prior of shape 1/σ², so that its weight grows with its own counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.demand.observations.surveys import adjust_products

Floats = NDArray[np.float64]

PENALTIES: Floats = np.geomspace(0.3, 3000.0, 13)
FOLDS = 5


@dataclass(frozen=True, slots=True)
class ProductRates:
    """Rates of all products before anything is said of streets.

    Attributes
    ----------
    predicted
        From features alone, shape (products,), > 0, by cross-fitting for seen products.
    rate
        With the product's own counts, same shape.
    log_sd
        Standard deviation of the logarithm of ``rate``.
    scatter
        σ, the part of log rates that features do not explain; >= 0.1.
    survey_reliability
        ρ of product surveys; 0 where there were none.
    """

    predicted: Floats
    rate: Floats
    log_sd: Floats
    scatter: float
    survey_reliability: float = 0.0


def learn_product_rates(
    counts: Floats,
    exposure: Floats,
    product_features: Floats,
    group: NDArray[np.intp],
    *,
    rng: np.random.Generator,
    overdispersion: Floats | float = 0.0,
    survey: tuple[Floats, NDArray[np.bool_]] | None = None,
) -> ProductRates:
    """Rates of seen and new products.

    Parameters
    ----------
    counts, exposure
        Shape (products,); exposure 0 for products never offered.
    product_features
        Shape (products, features), columns of mean about 0.
    group
        Category of each product, shape (products,).
    rng
        Deals products to folds.
    overdispersion
        Variance of the logarithm of a product's counts beyond Poisson (session-level
        effects such as weather), shape (products,): a few well-attended sessions are not many.
    survey
        Score of each product and whether it was asked about
        (:mod:`recommender.demand.observations.surveys`).

    Returns
    -------
    Rate of every product with the standard deviation of its logarithm.
    """
    # What was seen counts for as much as Poisson counts of the same relative error would.
    trust = 1.0 / (1.0 + counts * overdispersion)
    counts, exposure = counts * trust, exposure * trust
    seen = exposure > 0
    if not seen.any():
        flat = np.ones(len(counts))
        return ProductRates(flat * 1e-6, flat * 1e-6, flat * 2.0, 2.0)
    overall = max(counts[seen].sum(), 0.5) / exposure[seen].sum()
    level = _group_rates(counts, exposure, group, overall)[group]
    smooth = np.log((counts[seen] + 0.5) / (exposure[seen] + 0.5 / level[seen]))
    noise = 1.0 / (counts[seen] + 0.5)
    target = smooth - np.log(level[seen])
    X = product_features[seen]
    sigma2 = float(max(np.var(target) - noise.mean(), 0.05))
    guess = np.zeros(len(counts))
    held = np.zeros(len(target))
    if len(target) >= 4 * FOLDS and X.shape[1]:
        for _ in range(2):
            weight = 1.0 / (sigma2 + noise)
            penalty, held = _choose(X, target, weight, rng.permutation(len(target)) % FOLDS)
            residual = target - held
            sigma2 = float(
                np.clip((weight * (residual**2 - noise)).sum() / weight.sum(), 0.01, 4.0)
            )
        weight = 1.0 / (sigma2 + noise)
        intercept, beta = _ridge(X, target, weight, penalty)
        guess = intercept + product_features @ beta
        guess[seen] = held
    predicted = level * np.exp(np.clip(guess, -4.0, 4.0))
    # The mean of a lognormal lies above its median: make the totals agree.
    total = (predicted[seen] * exposure[seen]).sum()
    predicted = predicted * np.clip(max(counts[seen].sum(), 0.5) / total, 0.2, 5.0)
    unexplained = np.full(len(counts), sigma2)
    reliability = 0.0
    if survey is not None:
        weight = np.where(seen, 1.0 / (sigma2 + 1.0 / (counts + 0.5)), 0.0)
        observed = (counts + 0.5) / np.where(seen, exposure + 0.5 / level, 1.0)
        predicted, reliability, explained = adjust_products(
            predicted, observed, weight, survey[0], survey[1]
        )
        unexplained = np.where(survey[1], sigma2 * (1.0 - explained), sigma2)
    shape = 1.0 / np.expm1(np.maximum(unexplained, 0.01))
    rate = (counts + shape) / (exposure + shape / predicted)
    log_sd = np.sqrt(np.log1p(1.0 / (counts + shape)))
    return ProductRates(predicted, rate, log_sd, float(np.sqrt(sigma2)), reliability)


def _group_rates(
    counts: Floats, exposure: Floats, group: NDArray[np.intp], overall: float
) -> Floats:
    size = int(group.max()) + 1
    y = np.bincount(group, weights=counts, minlength=size)
    e = np.bincount(group, weights=exposure, minlength=size)
    return np.asarray((y + 5.0) / (e + 5.0 / overall))


def _ridge(X: Floats, y: Floats, weight: Floats, penalty: float) -> tuple[float, Floats]:
    centre = (weight[:, None] * X).sum(axis=0) / weight.sum()
    middle = float((weight * y).sum() / weight.sum())
    Z = X - centre
    gram = Z.T @ (weight[:, None] * Z)
    beta = np.linalg.solve(
        gram + penalty * weight.mean() * np.eye(X.shape[1]), Z.T @ (weight * (y - middle))
    )
    return middle - float(centre @ beta), beta


def _choose(X: Floats, y: Floats, weight: Floats, fold: NDArray[np.intp]) -> tuple[float, Floats]:
    """The penalty with the least held-out error, and its held-out predictions."""
    held = np.zeros((len(PENALTIES), len(y)))
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        w, T = weight[train], X[train]
        centre = (w[:, None] * T).sum(axis=0) / w.sum()
        middle = float((w * y[train]).sum() / w.sum())
        values, vectors = np.linalg.eigh((T - centre).T @ (w[:, None] * (T - centre)))
        right = vectors.T @ ((T - centre).T @ (w * (y[train] - middle)))
        left = (X[test] - centre) @ vectors
        for index, penalty in enumerate(PENALTIES):
            scaled = right / (np.maximum(values, 0.0) + penalty * w.mean())
            held[index, test] = middle + left @ scaled
    error = (weight * (held - y) ** 2).sum(axis=1)
    best = int(np.argmin(error))
    return float(PENALTIES[best]), held[best]
