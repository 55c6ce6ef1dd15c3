"""Who comes from where: reach of a session, from street to street.

The rate at which residents of street s go to sessions in street v, relative to the mean, is
``A_sv``. It starts from a gravity law ``exp(c + own·[s = v] - γ·distance)`` fitted by Poisson
regression, and each pair departs from that as far as its own counts ask (Gamma-Poisson).
A session in v then has the attendances ``Σ_s A_sv · (demand of s at reference reach)``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from sklearn.linear_model import PoissonRegressor

Floats = NDArray[np.float64]

RIDGE = 0.1
"""Penalty on the squared coefficients of the gravity law, in counts."""
SHAPES: Floats = np.geomspace(1.0, 1000.0, 20)


@dataclass(frozen=True, slots=True)
class Catchment:
    """Reach between streets.

    Attributes
    ----------
    reach
        A, shape (home streets, session streets), > 0.
    own, per_km
        Coefficients of the gravity law: log ratio for one's own street, and for a kilometre.
    """

    reach: Floats
    own: float
    per_km: float


def learn_reach(counts: Floats, expected: Floats, distance_m: Floats | None = None) -> Catchment:
    """Fit reach.

    Parameters
    ----------
    counts
        Bookings by residents of a street (row) for sessions in a street (column).
    expected
        What they would be if every resident went to every session alike, same shape; zero where
        no session was held.
    distance_m
        Metres between streets; ``None`` or NaN where unknown, which the law then does not use.

    Returns
    -------
    Reach of every pair, and the law it departs from.
    """
    size = len(counts)
    same = np.eye(size)
    far = np.zeros((size, size)) if distance_m is None else np.nan_to_num(distance_m) / 1000.0
    X = np.stack([same, far], axis=-1).reshape(-1, 2)
    beta = _gravity_law(X, counts.ravel(), np.maximum(expected, 0.0).ravel())
    law = np.exp(beta[0] + X @ beta[1:]).reshape(size, size)
    mean = np.maximum(expected, 0.0) * law
    evidence = [
        (
            gammaln(counts + shape)
            - gammaln(shape)
            + shape * np.log(shape)
            - (counts + shape) * np.log(mean + shape)
        ).sum()
        for shape in SHAPES
    ]
    shape = SHAPES[int(np.argmax(evidence))]
    return Catchment(law * (counts + shape) / (mean + shape), float(beta[1]), float(-beta[2]))


def _gravity_law(X: Floats, y: Floats, offset: Floats) -> Floats:
    """Intercept and coefficients of a Poisson regression with offset; zeros without any count."""
    if offset.sum() <= 0 or y.sum() <= 0:
        return np.zeros(1 + X.shape[1])
    # y / offset weighed by the offset has the likelihood of y with that offset.
    seen = offset > 0
    law = PoissonRegressor(alpha=RIDGE / offset.sum(), solver="newton-cholesky", tol=1e-8)
    law.fit(X[seen], y[seen] / offset[seen], sample_weight=offset[seen])
    return np.asarray(np.r_[law.intercept_, law.coef_])


def gravity_attendances(home_demand: Floats, reach: Floats) -> Floats:
    """Attendances at a session in each street, shape (streets, products).

    Parameters
    ----------
    home_demand
        Demand of each street's residents at mean reach, shape (streets, products).
    reach
        As learnt.

    Returns
    -------
    Attendances, >= 0.
    """
    return np.asarray(reach.T @ home_demand)
