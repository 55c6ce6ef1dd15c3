"""Impressions by session, from a hand-made log."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.demand.counts import product_ids, read_active_bookings, read_sessions
from features.demand.exposure import SessionImpressions, read_impressions
from features.demand.streets import read_residents, read_streets


def impressions_of(tables: Dataset) -> SessionImpressions:
    streets = read_streets(tables)
    residents = read_residents(tables, streets)
    sessions = read_sessions(
        tables, streets, product_ids(tables), datetime(2027, 1, 1, tzinfo=UTC), DEFAULT_ZONE
    )
    active = read_active_bookings(tables, residents, sessions)
    return read_impressions(tables, residents, sessions, active)


def test_without_a_log_nothing_is_known(tables: Dataset) -> None:
    found = impressions_of(tables)
    assert len(found.logged) == 3
    assert not found.logged.any()


def test_shown_sessions_are_logged(tables: Dataset) -> None:
    rows = [
        {"impression_id": f"i{i}", "resident_id": "r1", "event_id": event, "position": 1,
         "shown_at": pd.Timestamp("2026-05-01", tz="UTC") + pd.Timedelta(i, "h")}
        for i, event in enumerate(["e1", "e1", "e2", "gone"])
    ]  # fmt: skip
    frame = canonical(pd.DataFrame(rows), TABLES["impressions"])
    found = impressions_of(Dataset({**tables, "impressions": frame}))
    assert found.logged.tolist()[:2] == [True, True]
    assert found.weighted_impressions[0] > found.weighted_impressions[1] > 0
    assert np.isfinite(found.weighted_impressions).all()
