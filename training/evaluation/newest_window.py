"""The newest stretch of time on which a new model and the served one can be compared."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from data.dataset import Dataset
from data.district_time import district_zone
from features.ranking.snapshot import build_snapshot
from training.registry.bundle import Manifest
from training.suggestions.time_splits import step_of

_ENOUGH_BOOKINGS = 1000
_STEPS = 4


@dataclass(frozen=True, slots=True)
class BacktestWindow:
    """The newest stretch of time that bookings can be compared on.

    Attributes
    ----------
    cutoff, until
        It is (cutoff, until]; ``until`` is the last booking.
    step
        How often people are asked within it.
    """

    cutoff: datetime
    until: datetime
    step: timedelta


def newest_window(snapshot: Dataset, as_of: datetime) -> BacktestWindow:
    """As many steps back from the last booking as it takes to hold enough, but at most four.

    A step is a fortnight, or a quarter where items stand for long. Enough is 1,000 bookings, or
    a tenth of all where there are fewer than 10,000. Four, for the time each takes.

    Parameters
    ----------
    snapshot
        What was known at ``as_of``; at least one booking.
    as_of
        The moment of the snapshot, with time zone.

    Returns
    -------
    Where the window begins and ends, and how long its steps are.
    """
    booked = snapshot["bookings"]["booked_at"].sort_values()
    enough = min(_ENOUGH_BOOKINGS, len(booked) // 10)
    until = booked.iloc[-1]
    step = pd.Timedelta(step_of(build_snapshot(snapshot, as_of, district_zone())))
    needed = (until - booked.iloc[-enough]) // step + 1 if enough else 1
    return BacktestWindow(
        (until - min(needed, _STEPS) * step).to_pydatetime(),
        until.to_pydatetime(),
        step.to_pytimedelta(),
    )


def not_before(window: BacktestWindow, old: Manifest) -> BacktestWindow:
    """Begin where the old model stopped looking, if that leaves half a step.

    Parameters
    ----------
    window
        The newest one.
    old
        Manifest of the served model.

    Returns
    -------
    The window, perhaps shortened.
    """
    looked = datetime.fromisoformat(old.metrics.get("tried_from", old.as_of.isoformat()))
    fits = window.cutoff < looked <= window.until - window.step / 2
    return replace(window, cutoff=looked) if fits else window
