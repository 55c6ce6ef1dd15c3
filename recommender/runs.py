"""Runs: events that last a day or longer, such as exhibitions; their seats are those of a day."""

import numpy as np
from numpy.typing import NDArray

DAY_S = 24 * 3600
"""What lasts longer is a run."""


def run_days(starts: NDArray[np.datetime64], ends: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Days that events last, shape (n,), >= 1; what ends within 24 hours is one sitting.

    Parameters
    ----------
    starts, ends
        Moments, shape (n,); NaT ends are sittings.

    Returns
    -------
    9:00 on the first to 17:00 on the fourteenth are 14.
    """
    known = ~np.isnat(ends) & ~np.isnat(starts)
    length = np.where(known, ends - starts, np.timedelta64(0, "us"))
    return np.asarray(np.maximum(1, -(-length // np.timedelta64(DAY_S, "s"))), dtype=np.int64)


SATURATION_DAYS = 7.0
"""After so many days 63 % of those who will ever come to a run have come (*assumed*)."""


def share_reached(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of those who will ever come to a run who come in so many days: 1 - exp(-d / s).

    Parameters
    ----------
    days
        Lengths d, >= 0; s is :data:`SATURATION_DAYS`.

    Returns
    -------
    In [0, 1).
    """
    return np.asarray(-np.expm1(-np.asarray(days, dtype=np.float64) / SATURATION_DAYS))
