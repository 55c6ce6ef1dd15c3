"""How products that nobody had seen opened, against what was expected of them.

A new product's rate is a prediction from its features, and features are learnt from products that
were held again and again, most of them chosen to be. Each of the latest periods is foretold with
what was known before it; what its fresh products drew, over what was expected of them and relative
to how the other products of the period did, is a factor on the products to come. A few products
that the whole town talks of make a period, so rates move only where all periods agree, and no
further than the most doubtful of them says.

Rates only fall. What was bought had been chosen from a catalogue for what it promised, and opens
better than what nobody chose: that fresh products drew more than expected says little of all that
is listed (in simulated districts following it made totals worse), that even the chosen ones drew
less says much.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR_SD = 0.15
"""How far openings may lie from what is expected, in logarithms."""
LEAST_PRODUCTS, LEAST_PERIODS = 10, 2
"""With fewer fresh products in a period, and fewer periods, nothing is learnt."""


class Openings(NamedTuple):
    """What the fresh products of a period drew and what was expected, shape (products,) each."""

    demand: Floats
    expected: Floats


def learn_openings(periods: Sequence[Openings]) -> float:
    """Factor on the rates of new products.

    Parameters
    ----------
    periods
        The latest periods, in any order.

    Returns
    -------
    In (0, 1]; 1 where periods are few or do not agree that fresh products drew less.
    """
    told = [one for one in periods if len(one.demand) >= LEAST_PRODUCTS and one.expected.any()]
    if len(told) < LEAST_PERIODS:
        return 1.0
    return min(1.0, float(np.exp(max(_shrunk_log_ratio(one) for one in told))))


def _shrunk_log_ratio(opened: Openings) -> float:
    """Logarithm of the ratio of two sums, shrunk by its variance over products."""
    came = max(float(opened.demand.sum()), 0.5)
    ratio = came / float(opened.expected.sum())
    variance = float(((opened.demand - ratio * opened.expected) ** 2).sum()) / came**2
    return float(np.log(ratio)) * PRIOR_SD**2 / (PRIOR_SD**2 + variance)
