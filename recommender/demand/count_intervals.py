"""80 % intervals of counts: whole numbers, however small the expected count."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

Floats = NDArray[np.float64]


def count_interval(expected: Floats, log_sd: Floats) -> tuple[Floats, Floats]:
    """Lower and upper end of the 80 % interval of a count.

    The count is Poisson around a Gamma mean with the relative error of the lognormal, which makes
    it negative binomial with size ``1 / (exp(log_sd²) - 1)``.

    Parameters
    ----------
    expected
        Mean, >= 0.
    log_sd
        Standard deviation of the mean's logarithm, same shape.

    Returns
    -------
    Whole numbers, same shape: at least 80 % of counts lie between them, both included.
    """
    size = 1.0 / np.expm1(np.clip(log_sd, 0.01, 2.0) ** 2)
    chance = size / (size + np.maximum(expected, 1e-9))
    return np.asarray(nbinom.ppf(0.1, size, chance)), np.asarray(nbinom.ppf(0.9, size, chance))
