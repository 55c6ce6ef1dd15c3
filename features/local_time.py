"""Moments in UTC → what the clock of the district shows, which hours and weekdays go by."""

from datetime import tzinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def local_times(moments: NDArray[np.datetime64], zone: tzinfo) -> NDArray[np.datetime64]:
    """Wall-clock times.

    Parameters
    ----------
    moments
        ``datetime64[us]`` in UTC, any length; NaT stays NaT.
    zone
        The district's time zone; daylight saving is that of each moment.

    Returns
    -------
    ``datetime64[us]`` without a zone, of the same shape.
    """
    local = pd.DatetimeIndex(moments).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    return np.asarray(local.to_numpy(), dtype="datetime64[us]")
