"""How far the latest periods tell the next one: weights and errors learnt from past periods.

Each past period was foretold with what was known when it began. The log ratio of what came to the
chain's forecast is regressed on those of naive forecasts (Granger & Ramanathan 1984), with
non-negative weights, shrunk to a prior; what is left over gives the errors.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from recommender.demand.count_intervals import count_interval
from recommender.demand.recency import (
    KAPPA,
    LEVELS,
    MAX_LOG_RATIO,
    TREND,
    Combination,
    Groups,
    Origin,
    combine,
    log_ratios,
    prior_combination,
    sum_level,
)

Floats = NDArray[np.float64]

PRIOR_WEIGHT = 10.0
"""How many cells of a past period the prior of weights and variances is worth."""
LATEST = 3
"""Past periods from which errors are learnt."""
MIN_EXPECTED = 1.0
WIDTHS: Floats = np.geomspace(0.2, 4.0, 91)
_LEAST = 1e-4


def learn_combination(origins: Sequence[Origin], groups: Groups) -> Combination:
    """Weights of naive forecasts, and errors of the combined ones, from past periods.

    Parameters
    ----------
    origins
        Past periods with what came, the latest last.
    groups
        By name, each product's group, shape (products,).

    Returns
    -------
    The prior where there is no past period.
    """
    known = [o for o in origins if o.attended is not None]
    prior = prior_combination()
    if not known:
        return prior
    weights = {
        level: _learn_weights(level, known, groups, prior.weights[level]) for level in LEVELS
    }
    found = replace(prior, weights=weights)
    # Errors are those of late: where more is known, they are smaller.
    latest = known[-LATEST:]
    told = [_with_truth(o, combine(o, groups, found), groups) for o in latest]
    variances = dict(prior.variances)
    for level in LEVELS:
        guess, _, came = np.concatenate([each[level] for each in told], axis=1)
        used = guess >= MIN_EXPECTED
        guess, came = guess[used], came[used]
        error = np.clip(np.log((came + 0.5) / (guess + 0.5)), -MAX_LOG_RATIO, MAX_LOG_RATIO)
        # The count itself is no error of the forecast.
        noise = 1.0 / (guess + 0.5)
        variances[level] = _line(error**2 - noise, noise, prior.variances[level])
    found = replace(found, variances=variances)
    told = [_with_truth(o, combine(o, groups, found), groups) for o in latest]
    widths = {
        level: _width(np.concatenate([each[level] for each in told], axis=1)) for level in LEVELS
    }
    return replace(found, widths=widths)


def _with_truth(
    origin: Origin, forecasts: Mapping[str, tuple[Floats, Floats]], groups: Groups
) -> dict[str, Floats]:
    """Forecast, variance of its logarithm and what came, by level, shape (3, cells)."""
    came = np.zeros_like(origin.foretold) if origin.attended is None else origin.attended
    return {
        level: np.stack([t.ravel() for t in (*of, sum_level(level, came, groups))])
        for level, of in forecasts.items()
    }


def _learn_weights(level: str, origins: Sequence[Origin], groups: Groups, prior: Floats) -> Floats:
    """Weights of one level; of all but the district's, relative to the district's total."""
    ratios, targets, bases = [], [], []
    for origin in origins:
        if origin.attended is None:
            continue
        ratio, base = log_ratios(level, origin, groups)
        came = sum_level(level, origin.attended, groups)
        used = base >= MIN_EXPECTED
        ratio, base, came = ratio[:, used], base[used], came[used]
        target = np.clip(np.log((came + 0.5) / (base + 0.5)), -MAX_LOG_RATIO, MAX_LOG_RATIO)
        if level != "district" and len(base):
            ratio = ratio - np.average(ratio, axis=1, weights=base)[:, None]
            target = target - np.average(target, weights=base)
        ratios.append(ratio)
        targets.append(target)
        bases.append(base)
    return _weights(
        np.concatenate(ratios, axis=1), np.concatenate(targets), np.concatenate(bases), prior
    )


def _weights(ratios: Floats, target: Floats, base: Floats, prior: Floats) -> Floats:
    """Non-negative weights by least squares, shrunk to a prior; evidence sums to 1 at most."""
    root = np.sqrt(base / (base + KAPPA))
    # A cell of the prior is one whose naive forecasts are off by half.
    pull = 0.5 * np.sqrt(PRIOR_WEIGHT) * np.eye(len(prior))
    design = np.vstack([(ratios * root).T, pull])
    found, _ = nnls(design, np.concatenate([target * root, pull @ prior]))
    found[:TREND] /= max(found[:TREND].sum(), 1.0)
    found[TREND] = min(found[TREND], 1.0)
    return np.asarray(found)


def _width(cells: Floats) -> float:
    """The smallest factor under which four fifths of past cells lie in their intervals.

    Split-conformal in time: the fifth left out is one of n + 1 (Vovk et al. 2005), so that few
    cells widen.
    """
    forecast, variance, seen = cells[:, cells[0] >= MIN_EXPECTED]
    n = len(seen)
    if n == 0:
        return 1.0
    wanted = min(np.ceil(0.8 * (n + 1)) / n, 1.0)

    def held(width: float) -> float:
        low, high = count_interval(forecast, width * np.sqrt(variance))
        return float(((low <= seen) & (seen <= high)).mean())

    best = WIDTHS[min(bisect_left(WIDTHS, wanted, key=held), len(WIDTHS) - 1)]
    return float(best ** (n / (n + PRIOR_WEIGHT)))


def _line(squares: Floats, inverse: Floats, prior: Floats) -> Floats:
    """a, b >= 0 of ``squares = a + b * inverse`` by least squares, shrunk to a prior."""
    pull = np.sqrt(PRIOR_WEIGHT) * np.eye(2) * [1.0, 0.3]
    design = np.vstack([np.stack([np.ones_like(inverse), inverse], axis=1), pull])
    found, _ = nnls(design, np.concatenate([squares, pull @ prior]))
    return np.asarray(np.maximum(found, [_LEAST, 0.0]))
