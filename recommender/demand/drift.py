"""How fast patterns of demand change: what each period ahead adds to the spread of a forecast.

Let r_t be the logarithm of what came over what all of the past lets expect, of a street and
category in period t. If r is a random walk with innovations of variance q, seen with errors that
do not last, then beyond the noise of counts

    E (r_t - r_{t-1})² = 2 v + q,    E (r_t - r_{t-2})² = 2 v + 2 q,

so that their difference is q, whatever v (as in structural time series, Harvey 1989). It is shrunk
to a prior, since few periods tell little.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR = 0.01
"""Of a quarter: a tenth."""
PRIOR_CELLS = 50.0
MOST = 0.1
MIN_EXPECTED = 5.0


def learn_drift(seen: Floats, expected: Floats) -> float:
    """Variance that a period adds to the logarithm of a street's and category's demand.

    Parameters
    ----------
    seen, expected
        What came and what all of the past lets expect, shape (periods, cells), >= 0.

    Returns
    -------
    In [0, 0.1]; :data:`PRIOR` where there are fewer than three periods.
    """
    scale = seen.sum(axis=1, keepdims=True) / np.maximum(expected.sum(axis=1, keepdims=True), 1e-9)
    told = expected * scale
    log = np.log((seen + 0.5) / (told + 0.5))
    noise = 1.0 / (told + 0.5)
    means, pairs = [], 0.0
    for lag in (1, 2):
        both = (told[lag:] >= MIN_EXPECTED) & (told[:-lag] >= MIN_EXPECTED)
        square = (log[lag:] - log[:-lag]) ** 2 - noise[lag:] - noise[:-lag]
        pairs = float(both.sum())
        means.append(float(square[both].sum()) / max(pairs, 1.0))
    found = (means[1] - means[0]) if pairs else PRIOR
    return float(np.clip((pairs * found + PRIOR_CELLS * PRIOR) / (pairs + PRIOR_CELLS), 0.0, MOST))
