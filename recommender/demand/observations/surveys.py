"""Surveys as evidence, weighted by how well past surveys predicted bookings.

People say yes more readily than they come, and small committees answer noisily. So a survey is
never added to bookings; it moves the *expectation* of a product (or of a street's ratio) by a share
ρ of what it says, and ρ is learnt where surveys and later bookings exist side by side.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DEFAULT_RELIABILITY = 0.3
"""ρ assumed where no survey was ever followed by bookings (assumed, worth ten products)."""
STEPS: Floats = np.linspace(0.0, 1.2, 13)


def survey_score(votes: Floats, expected: Floats, *, noise: float = 5.0) -> Floats:
    """Log ratio of votes to what was expected of such respondents, shrunk to 0.

    Parameters
    ----------
    votes, expected
        Same shape; ``expected`` from the mean share of yes among respondents of the same
        channel and age, 0 where nobody was asked (the score is then 0).
    noise
        Votes' worth of shrinkage: a handful of answers carries little information.

    Returns
    -------
    Scores, same shape; 0 says nothing.
    """
    return np.asarray(np.log((votes + noise) / (expected + noise)))


def adjust_products(
    predicted: Floats, observed: Floats, weight: Floats, score: Floats, asked: NDArray[np.bool_]
) -> tuple[Floats, float, float]:
    """Predicted rates of products, moved by what surveys say beyond them.

    Parameters
    ----------
    predicted
        From features, > 0, without a product's own bookings.
    observed
        Smoothed rates from bookings; looked at where ``weight`` > 0.
    weight
        How well ``observed`` is known (inverse variance of its log), 0 for products never booked.
    score
        As :func:`survey_score` over all streets.
    asked
        Products that a survey asked about. All arrays have shape (products,).

    Returns
    -------
    The new predictions; ρ; and the share of the unexplained variance that surveys explain.
    """
    if asked.sum() == 0:
        return predicted, 0.0, 0.0
    log = np.log(predicted)
    # What the features predicted already must not count again.
    X = np.column_stack([np.ones(asked.sum()), log[asked]])
    gram = X.T @ X + np.diag([1e-9, 1.0])
    beyond = np.zeros(len(predicted))
    beyond[asked] = score[asked] - X @ np.linalg.solve(gram, X.T @ score[asked])
    both = asked & (weight > 0)
    residual = np.log(observed[both] / predicted[both])
    w, e = weight[both], beyond[both]
    prior = 10.0 * float(np.mean(w)) * float(np.mean(beyond[asked] ** 2)) if both.any() else 1.0
    centred = residual - np.average(residual, weights=w) if both.any() else residual
    slope = ((w * e * centred).sum() + prior * DEFAULT_RELIABILITY) / ((w * e**2).sum() + prior)
    slope = float(np.clip(slope, 0.0, 1.5))
    explained = 0.0
    if both.sum() >= 10:
        total = float((w * centred**2).sum())
        left = float((w * (centred - slope * e) ** 2).sum())
        explained = float(np.clip(1.0 - left / total, 0.0, 0.9)) if total > 0 else 0.0
    return np.asarray(predicted * np.exp(slope * beyond)), slope, explained


def reliability(counts: Floats, expected: Floats, log_ratio_prior: Floats) -> float:
    """The ρ at which ``expected·exp(ρ·log_ratio_prior)`` predicts street counts best.

    Each product keeps its total; only the pattern over streets is judged. Held near
    :data:`DEFAULT_RELIABILITY` where counts say little.

    Parameters
    ----------
    counts, expected, log_ratio_prior
        Shape (streets, products).

    Returns
    -------
    ρ in [0, 1].
    """
    if not np.abs(log_ratio_prior).any():
        return 0.0
    fit = -0.5 * ((STEPS - DEFAULT_RELIABILITY) / 0.5) ** 2
    for index, step in enumerate(STEPS):
        mean = expected * np.exp(step * log_ratio_prior)
        mean = mean * (expected.sum(axis=0) / np.maximum(mean.sum(axis=0), 1e-12))
        fit[index] += (counts * np.log(mean + 1e-12) - (counts + 1.0) * np.log1p(mean)).sum()
    return float(STEPS[int(np.argmax(fit))])
