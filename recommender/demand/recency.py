"""*Last period again* as evidence: the chain's forecasts and naive ones combined, level by level.

The chain rests on all of the past and on features; what came last period, in the mean of the last
three, and in the same period last year knows what has changed since. At every level the logarithm
of a forecast is the chain's plus a weighted sum of the log ratios of naive forecasts to it,

    log f = log c + sum_k w_k * t_k / (t_k + KAPPA) * log(n_k / c),   w_k >= 0, sum w_k <= 1,

with t_k the attendances expected in the periods that n_k rests on: the weight of what was seen
grows with the audience that could return, and a cell that few come to stays with the chain. The
weights are learnt per level by regression on past periods, each foretold with what was known then
(Granger & Ramanathan 1984), and shrunk to a prior; the longer means damp a trend. What is left over
gives the variance of the forecast's logarithm, a + b / c, and so its interval. Levels share
the district's total; street, category and total are reconciled
(:mod:`~recommender.demand.reconciliation`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csr_array

from recommender.demand.count_intervals import count_interval
from recommender.demand.reconciliation import reconcile, sums_of

Floats = NDArray[np.float64]
Groups = Mapping[str, NDArray[np.intp]]

WINDOWS = {"last period": 1, "mean of 3 periods": 3, "same period last year": 1}
"""Naive forecasts, and how many periods each rests on."""
LEVELS: Mapping[str, tuple[bool, str]] = {
    "street x product": (True, "product"),
    "street x supplier": (True, "supplier"),
    "supplier": (False, "supplier"),
    "street x category": (True, "category"),
    "street": (True, "all"),
    "category": (False, "category"),
    "district": (False, "all"),
}
"""Whether a level tells streets apart, and by what it groups products."""

COARSE = ("street", "category", "district")
"""Levels whose naive forecast is what came, whatever the sessions; at finer levels programmes
differ from period to period, and it is what came to each session."""
KAPPA = 5.0
PRIOR_WEIGHT = 10.0
"""How many cells of a past period the prior of weights and variances is worth."""
MIN_EXPECTED = 1.0
WIDTHS: Floats = np.geomspace(0.2, 4.0, 31)
_LEAST = 1e-4
_MOST = 2.0  # of a log ratio


class Window(NamedTuple):
    """What came to the sessions of some periods, and what the chain foretells for them.

    Both of shape (streets, products), summed over the periods.
    """

    attended: Floats
    foretold: Floats


@dataclass(frozen=True, slots=True)
class Origin:
    """A period with what was known when it began.

    Attributes
    ----------
    foretold
        The chain's attendances of its sessions, shape (streets, products), in attendances recorded.
    windows
        In the order of :data:`WINDOWS`; None where the data does not reach back.
    attended
        What came; None where it is not known yet.
    """

    foretold: Floats
    windows: Sequence[Window | None]
    attended: Floats | None = None


@dataclass(frozen=True, slots=True)
class Combination:
    """What is learnt of naive forecasts, by level.

    Attributes
    ----------
    weights
        Of the naive forecasts, in the order of :data:`WINDOWS`, in [0, 1].
    variances
        a and b of the combined forecast.
    widths
        Factor on its standard deviation under which its 80 % intervals held in past periods.
    """

    weights: Mapping[str, Floats]
    variances: Mapping[str, Floats]
    widths: Mapping[str, float]


def prior_combination() -> Combination:
    """What is assumed before any past period was foretold: single products keep their rate."""
    district, sums, single = (
        np.array(w) for w in ([0.5, 0.1, 0.05], [0.15, 0.15, 0.05], [0.0, 0.0, 0.0])
    )
    return Combination(
        {
            level: district
            if level == "district"
            else sums
            if level in COARSE or group == "category"
            else single
            for level, (_, group) in LEVELS.items()
        },
        {level: np.array([0.02 if level in COARSE else 0.1, 0.5]) for level in LEVELS},
        dict.fromkeys(LEVELS, 1.0),
    )


def sum_level(level: str, table: Floats, groups: Groups) -> Floats:
    """Sums of a table at a level.

    Parameters
    ----------
    level
        One of :data:`LEVELS`.
    table
        Shape (streets, products).
    groups
        By name, each product's group, shape (products,).

    Returns
    -------
    Shape (streets or 1, groups).
    """
    by_street, name = LEVELS[level]
    group = groups[name]
    rows = table if by_street else table.sum(axis=0, keepdims=True)
    if name == "product":
        return rows
    size = int(group.max(initial=0)) + 1
    of = csr_array((np.ones(len(group)), (np.arange(len(group)), group)), shape=(len(group), size))
    return np.asarray(rows @ of)


def learn_combination(origins: Sequence[Origin], groups: Groups) -> Combination:
    """Weights of naive forecasts, and errors of the combined ones, from past periods.

    Parameters
    ----------
    origins
        Past periods with what came.
    groups
        By name, each product's group, shape (products,).

    Returns
    -------
    The prior where there is no past period.
    """
    prior = prior_combination()
    weights, variances = dict(prior.weights), dict(prior.variances)
    for level in LEVELS:
        told = [
            (*_ratios(level, o, groups), sum_level(level, o.attended, groups))
            for o in origins
            if o.attended is not None
        ]
        if not told:
            continue
        ratios = np.concatenate([x.reshape(len(x), -1) for x, _, _ in told], axis=1)
        base, came = (np.concatenate([t[i].ravel() for t in told]) for i in (1, 2))
        used = base >= MIN_EXPECTED
        ratios, base, came = ratios[:, used], base[used], came[used]
        target = np.clip(np.log((came + 0.5) / (base + 0.5)), -_MOST, _MOST)
        weights[level] = _weights(ratios, target, base, prior.weights[level])
        guess = base * np.exp(weights[level] @ ratios)
        error = np.clip(np.log((came + 0.5) / (guess + 0.5)), -_MOST, _MOST)
        # The count itself is no error of the forecast.
        noise = 1.0 / (guess + 0.5)
        variances[level] = _line(error**2 - noise, noise, prior.variances[level])
    found = Combination(weights, variances, prior.widths)
    return replace(found, widths=_widths(origins, groups, found))


def combine(
    origin: Origin, groups: Groups, learnt: Combination
) -> dict[str, tuple[Floats, Floats]]:
    """Combined forecast of every level, and the variance of its logarithm.

    Parameters
    ----------
    origin
        The period to foretell.
    groups
        By name, each product's group, shape (products,).
    learnt
        As of :func:`learn_combination`.

    Returns
    -------
    By level, forecast and log variance, shape (streets or 1, groups) each.
    """
    found = {}
    total = None
    for level in ("district", *LEVELS):
        ratios, base = _ratios(level, origin, groups)
        moved = np.clip(np.tensordot(learnt.weights[level], ratios, axes=1), -_MOST, _MOST)
        forecast = base * np.exp(moved)
        if total is None:
            total = float(forecast.sum())
        # Means of logarithms lie below logarithms of means: the district's total says how far.
        forecast *= total / forecast.sum() if forecast.any() else 1.0
        a, b = learnt.variances[level]
        found[level] = (forecast, learnt.widths[level] ** 2 * (a + b / (forecast + 0.5)))
    return found


def level_factors(origin: Origin, groups: Groups, learnt: Combination) -> Floats:
    """Factors on the chain's cells under which all levels agree with what was seen of late.

    Cells move to their own combined forecast, then to their supplier's, in the street and in all;
    at last all cells of a street and category share one factor, under which the sums over streets,
    over categories and over all are the reconciled ones.

    Parameters
    ----------
    origin
        The period to foretell.
    groups
        By name, each product's group, shape (products,).
    learnt
        As of :func:`learn_combination`.

    Returns
    -------
    Shape (streets, products); products without sessions in the period follow their supplier and
    category.
    """
    combined = combine(origin, groups, learnt)
    base = origin.foretold
    factor = _ratio(combined["street x product"][0], base)
    for level in ("street x supplier", "supplier"):
        moved = _ratio(combined[level][0], sum_level(level, base * factor, groups))
        factor = factor * moved[:, groups["supplier"]]
    cells, log_variance = combined["street x category"]
    upper = [combined[level] for level in ("street", "category", "district")]
    totals = np.concatenate([one[0].ravel() for one in upper])
    agreed = reconcile(
        cells.ravel(),
        _variance(cells, log_variance),
        sums_of(*cells.shape),
        totals,
        np.concatenate([_variance(*one) for one in upper]),
    ).reshape(cells.shape)
    last = _ratio(agreed, sum_level("street x category", base * factor, groups))
    factor = factor * last[:, groups["category"]]
    # What has no session yet moves as the rest of its supplier there does, or else its category.
    for name in ("category", "supplier"):
        before, after = (
            sum_level(f"street x {name}", table, groups) for table in (base, base * factor)
        )
        at = groups[name]
        follows = (base <= 0) & (before > 0)[:, at]
        factor = np.where(follows, _ratio(after, before)[:, at], factor)
    return np.asarray(factor)


def _ratios(level: str, origin: Origin, groups: Groups) -> tuple[Floats, Floats]:
    """Log ratios of the naive forecasts to the chain's, damped where few come; and the chain's.

    Shapes (naive, streets or 1, groups) and (streets or 1, groups); 0 where there is none.
    """
    base = sum_level(level, origin.foretold, groups)
    ratios = np.zeros((len(WINDOWS), *base.shape))
    for k, (window, periods) in enumerate(zip(origin.windows, WINDOWS.values(), strict=True)):
        if window is None:
            continue
        seen, told = (sum_level(level, table, groups) for table in window)
        expected = told
        if level in COARSE:
            seen, told, expected = seen / periods, base, periods * base
        ratios[k] = np.log((seen + 0.5) / (told + 0.5)) * expected / (expected + KAPPA)
    return np.clip(np.where(base > 0, ratios, 0.0), -_MOST, _MOST), base


def _weights(ratios: Floats, target: Floats, base: Floats, prior: Floats) -> Floats:
    """Non-negative weights by least squares, shrunk to a prior and summing to 1 at most."""
    root = np.sqrt(base / (base + KAPPA))
    # A cell of the prior is one whose naive forecasts are off by half.
    pull = 0.5 * np.sqrt(PRIOR_WEIGHT) * np.eye(len(prior))
    design = np.vstack([(ratios * root).T, pull])
    found, _ = nnls(design, np.concatenate([target * root, pull @ prior]))
    return np.asarray(found / max(found.sum(), 1.0))


def _widths(origins: Sequence[Origin], groups: Groups, learnt: Combination) -> dict[str, float]:
    """The smallest factors under which four fifths of past cells lie in their intervals.

    Split-conformal in time: the fifth left out is one of n + 1 (Vovk et al. 2005), so that few
    cells widen. A count that is an end of its interval is half inside: ends of small counts hold
    more than a tenth each.
    """
    told = [(o, combine(o, groups, learnt)) for o in origins if o.attended is not None]
    found = {}
    for level in LEVELS:
        cells = [
            np.stack([t.ravel() for t in (*forecasts[level], sum_level(level, o.attended, groups))])
            for o, forecasts in told
            if o.attended is not None
        ]
        rows = np.concatenate(cells, axis=1) if cells else np.zeros((3, 0))
        forecast, variance, seen = rows[:, rows[0] >= MIN_EXPECTED]
        n = len(seen)
        if n == 0:
            found[level] = 1.0
            continue
        wanted = min(np.ceil(0.8 * (n + 1)) / n, 1.0)
        held = []
        for width in WIDTHS:
            low, high = count_interval(forecast, width * np.sqrt(variance))
            inside = ((low < seen) & (seen < high)) + 0.5 * ((low == seen) | (seen == high))
            held.append(float(inside.mean()))
        enough = np.flatnonzero(np.array(held) >= wanted)
        best = WIDTHS[enough[0]] if len(enough) else WIDTHS[-1]
        found[level] = float(best ** (n / (n + PRIOR_WEIGHT)))
    return found


def _line(squares: Floats, inverse: Floats, prior: Floats) -> Floats:
    """a, b >= 0 of ``squares = a + b * inverse`` by least squares, shrunk to a prior."""
    pull = np.sqrt(PRIOR_WEIGHT) * np.eye(2) * [1.0, 0.3]
    design = np.vstack([np.stack([np.ones_like(inverse), inverse], axis=1), pull])
    found, _ = nnls(design, np.concatenate([squares, pull @ prior]))
    return np.asarray(np.maximum(found, [_LEAST, 0.0]))


def _ratio(wanted: Floats, found: Floats) -> Floats:
    return np.divide(wanted, found, out=np.ones_like(found), where=found > 0)


def _variance(forecast: Floats, log_variance: Floats) -> Floats:
    return np.asarray((np.maximum(forecast**2, 1e-6) * log_variance).ravel() + 1e-9)
