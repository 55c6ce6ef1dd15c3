"""*Last period again* as evidence: the chain's forecasts and naive ones combined, level by level.

The chain rests on all of the past and on features; what came last period, in the mean of the last
three, and in the same period last year knows what has changed since. At every level the logarithm
of a forecast is the chain's plus a weighted sum of the log ratios of naive forecasts to it,

    log f = log c + sum_k w_k * t_k / (t_k + KAPPA) * log(n_k / c),   w_k >= 0, sum w_k <= 1,

with t_k the attendances expected in the periods that n_k rests on: the weight of what was seen
grows with the audience that could return, and a cell that few come to stays with the chain. A
fourth forecast is last period with its end counting most, since who came once is not there for
ever; the district's total also follows a damped trend. The weights are learnt per level from past
periods (:mod:`~recommender.demand.recency_learning`), with the variance of the forecast's
logarithm, a + b / c, and so its interval. Levels share the district's total; street, category and
total are reconciled (:mod:`~recommender.demand.reconciliation`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommender.demand.reconciliation import reconcile, sums_of

Floats = NDArray[np.float64]
Groups = Mapping[str, NDArray[np.intp]]

WINDOWS = {"last period": 1, "mean of 3 periods": 3, "same period last year": 1}
"""Naive forecasts, and how many periods each rests on."""
EVIDENCE: Mapping[str, int] = {**WINDOWS, "of late": 1}
"""The same, and last period with its end counting most."""
TREND = len(EVIDENCE)
"""Position of the trend's weight, after those of the evidence."""
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
"""Levels of many attendances each, whose forecasts are surer."""
KAPPA = 2.0
MAX_LOG_RATIO = 2.0
"""Log ratios are cut there, on both sides."""


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
        In the order of :data:`EVIDENCE`; None where the data does not reach back.
    attended
        What came; None where it is not known yet.
    trend
        Growth of the logarithm of all attendances beyond the chain's, a period.
    standing
        Whether sessions last a whole period, as books on a shelf do: then it is not their number
        that draws.
    """

    foretold: Floats
    windows: Sequence[Window | None]
    attended: Floats | None = None
    trend: float = 0.0
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Combination:
    """What is learnt of naive forecasts, by level.

    Attributes
    ----------
    weights
        Of the evidence, in the order of :data:`EVIDENCE`, with a sum in [0, 1]; at last that of
        the trend.
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
        np.array(w)
        for w in ([0.4, 0.1, 0.05, 0.1, 0.5], [0.1, 0.2, 0.05, 0.3, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0])
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
        ratios, base = log_ratios(level, origin, groups)
        moved = np.clip(
            np.tensordot(learnt.weights[level], ratios, axes=1), -MAX_LOG_RATIO, MAX_LOG_RATIO
        )
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


def log_ratios(level: str, origin: Origin, groups: Groups) -> tuple[Floats, Floats]:
    """Log ratios of what was seen to the chain's figures, damped where few come.

    Parameters
    ----------
    level
        One of :data:`LEVELS`.
    origin
        The period to foretell.
    groups
        By name, each product's group, shape (products,).

    Returns
    -------
    Of every evidence and the trend, shape (TREND + 1, streets or 1, groups), 0 where there is none;
    the trend is the district's, whose total all levels share. And the chain's figures, shape
    (streets or 1, groups).
    """
    base = sum_level(level, origin.foretold, groups)
    ratios = np.zeros((TREND + 1, *base.shape))
    if level == "district":
        ratios[TREND] = origin.trend
    for k, (window, periods) in enumerate(zip(origin.windows, EVIDENCE.values(), strict=True)):
        if window is None:
            continue
        seen, told = (sum_level(level, table, groups) for table in window)
        expected = told
        if origin.standing and LEVELS[level][1] != "product":
            seen, told, expected = seen / periods, base, periods * base
        ratios[k] = np.log((seen + 0.5) / (told + 0.5)) * expected / (expected + KAPPA)
    return np.clip(np.where(base > 0, ratios, 0.0), -MAX_LOG_RATIO, MAX_LOG_RATIO), base


def _ratio(wanted: Floats, found: Floats) -> Floats:
    return np.divide(wanted, found, out=np.ones_like(found), where=found > 0)


def _variance(forecast: Floats, log_variance: Floats) -> Floats:
    return np.asarray((np.maximum(forecast**2, 1e-6) * log_variance).ravel() + 1e-9)
