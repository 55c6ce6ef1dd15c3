"""Rooms of sittings and of runs, by known answers."""

import numpy as np
import pandas as pd

from data.dataset import canonical
from data.schema import TABLES
from features.event_runs import days_of, room_of


def test_the_room_of_a_run_is_that_of_its_days() -> None:
    rows = [
        ("a", "2027-01-01 01:00", "2027-01-14 09:00", 30),
        ("b", "2027-01-01 11:00", "2027-01-01 13:00", 30),
        ("c", "2027-01-01 11:00", None, 30),
        ("d", "2027-01-01 01:00", "2027-01-02 09:00", None),
    ]
    frame = pd.DataFrame(rows, columns=["event_id", "starts_at", "ends_at", "seats"])
    for name in ("starts_at", "ends_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    events = canonical(frame, TABLES["events"])
    assert days_of(events).tolist() == [14, 1, 1, 2]
    np.testing.assert_equal(room_of(events), [420.0, 30.0, 30.0, np.nan])
