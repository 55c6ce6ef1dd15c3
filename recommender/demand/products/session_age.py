"""How fast what past sessions tell of a product grows old: a half-life learnt in time.

Each of the latest periods is foretold from the sessions before it, weighted by ``0.5 ** (age /
half_life)``, with rates of products shrunk to their category's; a session counts as a negative
binomial. Only who draws more than others is compared, for the level of all is learnt elsewhere.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

HALF_LIVES = (np.inf, 1460.0, 730.0, 365.0, 182.0, 91.0)
"""Days; infinite: all of the past counts alike."""
PERIODS = 4
"""Latest periods that are foretold."""
PERIOD = 91.0
"""Days."""
SHRINK = 4.0
"""Gamma shape of a product's rate around its category's."""
SURE = 2.0
"""Standard errors by which a half-life must be better than none."""


class Held(NamedTuple):
    """Past sessions, shape (sessions,) each.

    ``demand`` and ``opportunity`` (demand at a rate of one), days before the present, product,
    category of the product, and the negative-binomial size.
    """

    demand: Floats
    opportunity: Floats
    age: Floats
    product: NDArray[np.intp]
    group: NDArray[np.intp]
    size: Floats


def age_weights(age: Floats, half_life: float) -> Floats:
    """Weights of sessions.

    Parameters
    ----------
    age
        Days before the present; those to come count 1.
    half_life
        Days; may be infinite.

    Returns
    -------
    In (0, 1].
    """
    return np.asarray(0.5 ** (np.maximum(age, 0.0) / half_life))


def learn_half_life(held: Held, half_lives: Sequence[float] = HALF_LIVES) -> float:
    """The half-life under which the latest periods were foretold best.

    Parameters
    ----------
    held
        Past sessions.
    half_lives
        Days, in falling order; the first stays unless another is better beyond doubt.

    Returns
    -------
    One of them.
    """
    gains = np.zeros((len(half_lives), int(held.product.max(initial=-1)) + 1))
    for period in range(PERIODS):
        until = period * PERIOD
        late = (held.age >= until) & (held.age < until + PERIOD)
        before = held.age >= until + PERIOD
        known = np.unique(held.product[before])
        late &= np.isin(held.product, known)
        if not late.any():
            continue
        for k, half_life in enumerate(half_lives):
            weight = np.where(before, age_weights(held.age - until - PERIOD, half_life), 0.0)
            fit = _log_likelihood(held, weight, late)
            np.add.at(gains[k], held.product[late], fit)
    gains = gains[:, (gains != 0).any(axis=0)] if gains.size else gains
    more = gains - gains[0]
    total, error = more.sum(axis=1), np.sqrt((more**2).sum(axis=1))
    best = int(np.argmax(total - SURE * error))
    return half_lives[best]


def _log_likelihood(held: Held, weight: Floats, late: NDArray[np.bool_]) -> Floats:
    """Of the late sessions, at weighted rates that meet their total."""
    # As in the rates themselves: r / (r + expected) is what a session's count is worth.
    level = (weight * held.demand).sum() / max((weight * held.opportunity).sum(), 1e-12)
    trust = weight * held.size / (held.size + held.opportunity * level)
    seen, met = trust * held.demand, trust * held.opportunity
    by_group = _shrunk(seen, met, held.group, np.full(len(seen), level))
    rate = _shrunk(seen, met, held.product, by_group)
    expected = np.maximum(rate * held.opportunity, 1e-9)[late]
    y, r = held.demand[late], held.size[late]
    expected *= y.sum() / expected.sum() if y.any() else 1.0
    return np.asarray(
        gammaln(y + r)
        - gammaln(r)
        - gammaln(y + 1.0)
        + r * np.log(r / (r + expected))
        + y * np.log(expected / (r + expected))
    )


def _shrunk(seen: Floats, met: Floats, code: NDArray[np.intp], prior: Floats) -> Floats:
    size = int(code.max(initial=0)) + 1
    total = np.bincount(code, weights=seen, minlength=size)
    expected = np.bincount(code, weights=met * prior, minlength=size)
    return np.asarray(prior * ((total + SHRINK) / (expected + SHRINK))[code])
