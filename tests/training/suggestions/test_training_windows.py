"""Which past windows are replayed."""

from dataclasses import dataclass

import numpy as np
import pytest

from training.suggestions.time_splits import DAY
from training.suggestions.training_windows import past_windows


@dataclass
class Log:
    """As much of a snapshot as windows are cut from."""

    log_time: np.ndarray
    as_of: np.datetime64


def log_of(days, bookings):
    start = np.datetime64("2026-01-01", "us")
    times = start + (np.arange(bookings) * (days * DAY / bookings)).astype("timedelta64[us]")
    return Log(times, start + days * DAY)


@pytest.mark.parametrize(
    ("days", "bookings", "step", "count", "stride"),
    [
        (1000, 50_000, 14, 28, 14.0),  # enough of both: windows stand side by side
        (1000, 5_000, 14, 94, 7.0),  # few bookings: they overlap by half
        (150, 80_000, 33, 13, 5.6),  # little time: as many as asked for, overlapping
        (40, 80_000, 14, 13, 1.0),  # never closer than a day
    ],
)
def test_windows_overlap_where_bookings_or_time_are_short(days, bookings, step, count, stride):
    log = log_of(days, bookings)
    found = past_windows(log, step * DAY, bookings=20_000, least=12, most=120)
    starts = np.array([start for start, _ in found])
    assert found[-1][1] == log.as_of
    assert all(end - start == step * DAY for start, end in found)
    assert starts[0] >= log.log_time[bookings // 3]
    assert len(found) == count
    assert np.diff(starts).astype(np.int64) / DAY.astype(np.int64) == pytest.approx(stride, abs=0.1)
