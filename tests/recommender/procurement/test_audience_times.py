"""Times by audience: the best ones by known answers."""

from datetime import date, timedelta

import numpy as np
import pytest

from recommender.procurement.audience_times import (
    AFTERNOON,
    EVENING,
    MORNING,
    CalendarDays,
    time_ranks,
)

MONDAY = date(2027, 3, 1)


def week(*, school_holiday: bool = False) -> CalendarDays:
    """Monday to Sunday."""
    return CalendarDays(
        days=tuple(MONDAY + timedelta(days=n) for n in range(7)),
        month=np.zeros(7, dtype=np.intp),
        off=np.arange(7) >= 5,
        school_holiday=np.full(7, school_holiday),
        closed=np.zeros(7, dtype=np.bool_),
        early=np.zeros(7, dtype=np.bool_),
    )


@pytest.mark.parametrize(
    ("audience", "days", "part"),
    [
        (("senior",), {0, 1, 2, 3, 4}, MORNING),
        (("adult",), {0, 1, 2, 3, 4, 5, 6}, None),
        (("children",), {5, 6}, None),
        ((), {5, 6}, AFTERNOON),
    ],
)
def test_the_best_times(audience: tuple[str, ...], days: set[int], part: int | None) -> None:
    ranks = time_ranks(audience, week())
    best = np.argwhere(ranks == ranks.min())
    assert set(best[:, 0].tolist()) == days
    if part is not None:
        assert set(best[:, 1].tolist()) == {part}


def test_workers_come_in_the_evening_or_on_days_off() -> None:
    ranks = time_ranks(("adult",), week())
    assert ranks[0].argmin() == EVENING
    assert ranks[0, MORNING] > ranks[6, AFTERNOON]


def test_children_come_on_weekdays_only_after_school_but_all_day_in_the_holidays() -> None:
    term, holiday = (time_ranks(("children",), week(school_holiday=free)) for free in (False, True))
    assert term[0, AFTERNOON] < term[0, MORNING]
    assert holiday[0, MORNING] < term[0, AFTERNOON]


def test_several_groups_meet_in_what_suits_all_on_average() -> None:
    ranks = time_ranks(("adult", "senior"), week())
    day, part = divmod(int(ranks.argmin()), 3)
    assert day >= 5
    assert part == AFTERNOON
