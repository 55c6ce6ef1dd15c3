"""Public holidays and school holidays of sessions and of the months to come."""

from datetime import date
from unittest.mock import MagicMock

import numpy as np
import pytest

from data.working_days import WorkingDays
from training.demand.day_kinds import (
    ORDINARY,
    PUBLIC_HOLIDAY,
    SCHOOL_HOLIDAY,
    month_day_kinds,
    session_day_kinds,
)

CHINA = WorkingDays("CN", {date(2026, 9, 3): True})


def test_the_kind_of_day_is_that_of_the_local_date() -> None:
    sessions = MagicMock()
    sessions.local_starts = np.array(
        ["2026-10-01T19:30", "2026-08-05T09:00", "2026-09-12T14:00", "2026-09-03T10:00", "NaT"],
        dtype="datetime64[us]",
    )
    found = session_day_kinds(sessions, CHINA).tolist()
    # National day, the summer holidays, a Saturday of term, a day of the table, no time at all.
    assert found == [PUBLIC_HOLIDAY, SCHOOL_HOLIDAY, ORDINARY, PUBLIC_HOLIDAY, ORDINARY]


def test_shares_of_the_months_are_those_of_the_year_ahead() -> None:
    found = month_day_kinds(CHINA, date(2026, 9, 1))
    assert found.shape == (12, 3)
    assert found.sum(axis=1) == pytest.approx(np.ones(12))
    assert found[8, PUBLIC_HOLIDAY] >= 1 / 30
    assert found[9, PUBLIC_HOLIDAY] >= 6 / 31
    # August is the next one's, and all holidays.
    assert found[7, SCHOOL_HOLIDAY] == pytest.approx(1.0)
    assert found[10].tolist() == [1.0, 0.0, 0.0]
