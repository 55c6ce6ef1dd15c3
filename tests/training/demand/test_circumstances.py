"""Season and holidays of a category, from planted ones."""

from datetime import date
from unittest.mock import MagicMock

import numpy as np
import pytest

from data.working_days import WorkingDays
from recommender.demand.observations.session_effects import fit_session_effects
from training.demand.circumstances import (
    CATEGORY_SEASON,
    SEASON,
    read_circumstances,
    season,
)

CALENDAR = WorkingDays("CN", {})


def sessions_of(days: int) -> tuple[MagicMock, MagicMock]:
    """Two categories, a session of each every day; all at one hour and in one venue."""
    sessions, features = MagicMock(), MagicMock()
    day = np.datetime64("2024-01-01") + np.arange(days)
    starts = np.repeat(day, 2).astype("datetime64[us]") + np.timedelta64(19, "h")
    n = len(starts)
    sessions.local_starts = sessions.starts = starts
    sessions.past, sessions.venues = np.ones(n, dtype=bool), ["v"]
    sessions.venue = np.zeros(n, dtype=np.intp)
    sessions.published = np.full(n, np.datetime64("NaT", "us"))
    sessions.product = np.tile([0, 1], n // 2)
    features.group, features.audience = np.array([0, 1]), np.array([0, 0])
    features.categories = ("lecture", "performance")
    return sessions, features


def planted(sessions: MagicMock) -> np.ndarray:
    """Summer halves lectures; public holidays double performances."""
    month = sessions.starts.astype("datetime64[M]").astype(int) % 12
    summer = (month // 3 == 2) & (sessions.product == 0)
    days = sessions.starts.astype("datetime64[D]")
    off = np.array([CALENDAR.is_public_holiday(d.item()) for d in days])
    return 100.0 * np.where(summer, 0.5, 1.0) * np.where(off & (sessions.product == 1), 2.0, 1.0)


def fitted(days: int) -> np.ndarray:
    sessions, features = sessions_of(days)
    found = read_circumstances(sessions, features, CALENDAR)
    demand = planted(sessions)
    factors = fit_session_effects(
        demand, np.full(len(demand), demand.mean()), found.levels, found.sizes, size=50.0
    )
    return season(factors, 2, CALENDAR, date(2026, 1, 1))


def test_a_category_has_its_own_season_and_its_own_holidays() -> None:
    lectures, performances = fitted(3 * 365)
    assert lectures[7] / lectures[4] == pytest.approx(0.5, abs=0.08)
    assert performances[7] / performances[4] == pytest.approx(1.0, abs=0.12)
    # October has a week of holidays, November none.
    assert performances[9] / performances[10] == pytest.approx(1 + 7 / 31, abs=0.1)
    assert lectures[9] / lectures[10] == pytest.approx(1.0, abs=0.06)


def test_without_two_years_the_season_is_everybodys() -> None:
    sessions, features = sessions_of(365)
    found = read_circumstances(sessions, features, CALENDAR)
    assert (found.levels[CATEGORY_SEASON] == -1).all()
    assert set(found.levels[SEASON]) == {0, 1, 2, 3}
    # What the categories' holidays, of which summer is one, leave to the season is one for both.
    assert (found.sizes[SEASON], found.sizes[CATEGORY_SEASON]) == (4, 8)
