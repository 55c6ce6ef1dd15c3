"""Street and age-band ratios predicted from what it is.

Each row (a street, an age band) has its own coefficients β_r over product features:
``log(count / expected) = x_p·β_r``, fitted by weighted ridge regression on smoothed ratios with one
penalty for all rows, chosen by cross-validation over products. A seen product's prediction comes
from a fit without it, so that its own counts are not used twice.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PENALTIES: Floats = np.geomspace(1.0, 3000.0, 9)
FOLDS = 5
MIN_PRODUCTS = 60
"""With fewer seen products no coefficients are estimated."""


def predict_ratios(
    counts: Floats, expected: Floats, product_features: Floats, *, rng: np.random.Generator
) -> Floats:
    """Ratios of counts to expected predicted from features.

    Parameters
    ----------
    counts, expected
        Shape (rows, products), >= 0.
    product_features
        Shape (products, features), columns of mean about 0.
    rng
        Deals products to folds.

    Returns
    -------
    Shape (rows, products), in [1/8, 8]; ones where too few products were seen.
    """
    seen = (expected.sum(axis=0) > 1.0).nonzero()[0]
    if len(seen) < MIN_PRODUCTS or product_features.shape[1] == 0:
        return np.ones_like(expected)
    y, u, X = counts[:, seen], expected[:, seen], product_features[seen]
    target = np.log((y + 1.0) / (u + 1.0))
    # Ratios of single products vary beyond Poisson noise: cap the weight.
    weight = u / (1.0 + u / 4.0)
    fold = rng.permutation(len(seen)) % FOLDS
    held = np.zeros((len(PENALTIES), *target.shape))
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        held[:, :, test] = _fit(X[train], target[:, train], weight[:, train], X[test], PENALTIES)
    error = (weight * (held - target) ** 2).sum(axis=(1, 2))
    best = int(np.argmin(error))
    level = (weight * target).sum(axis=1, keepdims=True) / np.maximum(
        weight.sum(axis=1, keepdims=True), 1e-12
    )
    if error[best] >= (weight * (level - target) ** 2).sum():
        return np.ones_like(expected)
    found = _fit(X, target, weight, product_features, PENALTIES[best : best + 1])[0]
    found[:, seen] = held[best]
    return np.asarray(np.exp(np.clip(found - level, -2.08, 2.08)))


def _fit(X: Floats, target: Floats, weight: Floats, new: Floats, penalties: Floats) -> Floats:
    """Predictions for ``new`` at every penalty, shape (penalties, rows, new products)."""
    # One weight a product, not a cell: then one decomposition serves all rows.
    w = weight.mean(axis=0) + 1e-9
    centre = w @ X / w.sum()
    Z = X - centre
    values, vectors = np.linalg.eigh(Z.T @ (w[:, None] * Z))
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    middle = (share * target).sum(axis=1)
    # Cells that say little pull their row's target to its mean.
    trust = weight / (weight + w)
    residual = 2.0 * trust * (target - middle[:, None])
    right = vectors.T @ (Z.T @ (w[:, None] * residual.T))
    left = (new - centre) @ vectors
    found = np.zeros((len(penalties), len(target), len(new)))
    for index, penalty in enumerate(penalties):
        scaled = right / (np.maximum(values, 0.0) + penalty * w.mean())[:, None]
        found[index] = middle[:, None] + (left @ scaled).T
    return found
