"""What the demand chain is measured beside, and the measures."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

Floats = NDArray[np.float64]


def wape(found: Floats, truth: Floats) -> float:
    """Weighted absolute percentage error: sum of absolute errors over the sum of the truth."""
    return float(np.abs(found - truth).sum() / truth.sum())


def ndcg(found: Floats, truth: Floats, k: int = 10) -> float:
    """Mean over streets of NDCG at k, gains being the true figures."""
    k = min(k, truth.shape[1])
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    values = []
    for guess, gain in zip(found, truth, strict=True):
        top = np.argsort(-guess, kind="stable")[:k]
        ideal = np.sort(gain)[::-1][:k] @ discount
        values.append(gain[top] @ discount / ideal if ideal > 0 else 1.0)
    return float(np.mean(values))


def scaled(counts: Floats, users: Floats, people: Floats) -> Floats:
    """The whole sample scaled up: counts times people over users."""
    return np.asarray(counts.sum(axis=1) * people.sum() / users.sum())


def city_wide(counts: Floats, users: Floats, people: Floats) -> Floats:
    """One rate for all streets."""
    return np.asarray(people.sum(axis=1)[:, None] * counts.sum(axis=(0, 1)) / users.sum())


def shrunk(counts: Floats, users: Floats, people: Floats) -> Floats:
    """Gamma-Poisson shrinkage of each street's rate to the city's, ages ignored."""
    y, n = counts.sum(axis=1), users.sum(axis=1)[:, None]
    return np.asarray(people.sum(axis=1)[:, None] * gamma_poisson(y, n * np.ones_like(y)))


def post_stratified_shrunk(counts: Floats, users: Floats, people: Floats) -> Floats:
    """The same of each street's ratio to what its age bands let expect.

    Rates of the bands are city-wide, shrunk to the product's rate as if by twenty people.
    """
    rate = counts.sum(axis=(0, 1)) / users.sum()
    bands = (counts.sum(axis=0) + 20.0 * rate) / (users.sum(axis=0)[:, None] + 20.0)
    offset = np.maximum(users @ bands, 1e-9)
    return np.asarray((people @ bands) * gamma_poisson(counts.sum(axis=1), offset))


def gamma_poisson(counts: Floats, exposure: Floats) -> Floats:
    """(y + a) / (E + b) with a and b of each product by the method of moments (Marshall 1991)."""
    mean = counts.sum(axis=0) / exposure.sum(axis=0)
    rate = counts / np.maximum(exposure, 1e-9)
    spread = (exposure * (rate - mean) ** 2).sum(axis=0) / exposure.sum(axis=0)
    between = np.maximum(spread - mean / exposure.mean(axis=0), 1e-8)
    b = mean / between
    return np.asarray((counts + mean * b) / (exposure + b))


def boosted(counts: Floats, users: Floats, people: Floats) -> Floats:
    """Gradient boosting (Poisson loss) over street, band and product, target-encoded."""
    streets, bands, products = counts.shape
    s, a, p = np.indices(counts.shape).reshape(3, -1)
    total = users.sum()
    rate = counts.sum(axis=(0, 1)) / total
    own = (counts.sum(axis=1) + 5 * rate) / (users.sum(axis=1)[:, None] + 5)
    age = (counts.sum(axis=0) + 5 * rate) / (users.sum(axis=0)[:, None] + 5)
    X = np.column_stack([s, a, rate[p], own[s, p], age[a, p]])
    n = np.repeat(users.reshape(-1), products)
    kept = n > 0
    model = HistGradientBoostingRegressor(
        loss="poisson", max_iter=150, learning_rate=0.05, max_leaf_nodes=15, random_state=0
    )
    model.fit(X[kept], counts.reshape(-1)[kept] / n[kept], sample_weight=n[kept])
    found = model.predict(X).reshape(streets, bands, products)
    return np.asarray(np.einsum("sa,sap->sp", people, found))


PEERS = {
    "scaled bookings": scaled,
    "city-wide rate": city_wide,
    "plain shrinkage": shrunk,
    "post-stratified shrinkage": post_stratified_shrunk,
    "gradient boosting": boosted,
}
