"""80 % intervals of counts: whole numbers, however small the expected count."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma, nbinom

Floats = NDArray[np.float64]

WIDEST = 1.5
"""Of the logarithm's standard deviation: from 0 to twenty times the expected."""


def count_interval(expected: Floats, log_sd: Floats) -> tuple[Floats, Floats]:
    """Lower and upper end of the 80 % interval of a count.

    The count is Poisson around a Gamma variable with the relative spread of a lognormal, which
    makes it negative binomial with size ``k = 1 / (exp(log_sd²) - 1)``. Errors of forecasts are
    measured on the logarithm, so the forecast is the Gamma's median: were it its mean, the interval
    of a wide forecast would lie below the forecast.

    Parameters
    ----------
    expected
        Forecast, >= 0.
    log_sd
        Standard deviation of the forecast's logarithm, same shape.

    Returns
    -------
    Whole numbers, same shape: at least 80 % of counts lie between them, both included.
    """
    size = 1.0 / np.expm1(np.clip(log_sd, 0.01, WIDEST) ** 2)
    mean = np.maximum(expected, 1e-9) * size / gamma.ppf(0.5, size)
    chance = size / (size + mean)
    return np.asarray(nbinom.ppf(0.1, size, chance)), np.asarray(nbinom.ppf(0.9, size, chance))
