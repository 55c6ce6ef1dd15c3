"""Runs of days in the table `events`: an event's seats are a day's, its room those of all days."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.runs import run_days


def days_of(events: pd.DataFrame) -> NDArray[np.int64]:
    """Days that each event lasts, shape (n_events,), >= 1."""
    starts, ends = (
        events[name].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        for name in ("starts_at", "ends_at")
    )
    return run_days(starts, ends)


def room_of(events: pd.DataFrame) -> NDArray[np.float64]:
    """Seats of all days of each event, shape (n_events,); NaN where unknown."""
    seats = events["seats"].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(seats * days_of(events), dtype=np.float64)
