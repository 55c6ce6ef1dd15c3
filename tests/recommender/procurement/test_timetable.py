"""Days and hours of a schedule: known answers, and what no timetable may do."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.procurement.audience_times import CalendarDays
from recommender.procurement.schedule import Slot
from recommender.procurement.timetable import Appointment, Engagements, Timing, arrange

FIRST = date(2027, 3, 1)  # a Monday
DAYS = 31
PARTS = {570: 0, 840: 1, 990: 1, 1140: 2}


def march(*closed: int, off: tuple[int, ...] = ()) -> CalendarDays:
    days = tuple(FIRST + timedelta(days=n) for n in range(DAYS))
    return CalendarDays(
        days=days,
        month=np.zeros(DAYS, dtype=np.intp),
        off=np.array([day.weekday() >= 5 or n in off for n, day in enumerate(days)]),
        school_holiday=np.zeros(DAYS, dtype=np.bool_),
        closed=np.isin(np.arange(DAYS), closed),
        early=np.zeros(DAYS, dtype=np.bool_),
    )


def timing(
    *audience: str, run: tuple[int, ...] = (), series: tuple[int, ...] = (), category: int = 0
) -> Timing:
    n = len(audience)
    return Timing(
        audience=tuple((group,) for group in audience),
        category=np.full(n, category, dtype=np.intp),
        run_days=np.where(np.isin(np.arange(n), run), 14, 1).astype(np.int64),
        series=np.isin(np.arange(n), series),
    )


def slot(product: int, sessions: int = 1, *, street: int = 0, venue: int = 0) -> Slot:
    return Slot(0, street, product, venue, 0, sessions, True)


def when(found: tuple[Appointment, ...]) -> list[tuple[str, int]]:
    return [(each.first.strftime("%a"), each.minute // 60) for each in found]


def test_older_people_come_on_weekday_mornings_and_workers_in_the_evening() -> None:
    found = arrange([slot(0), slot(1)], march(), timing("senior", "adult"))
    assert when(found)[0] == ("Mon", 9)
    assert when(found)[1][1] in (14, 19)
    assert found[1].first.weekday() >= 5 or found[1].minute == 1140


def test_children_come_on_days_off_or_after_school() -> None:
    weekends = [n for n in range(DAYS) if (FIRST + timedelta(days=n)).weekday() >= 5]
    assert arrange([slot(0)], march(), timing("children"))[0].first.weekday() == 5
    after = arrange([slot(0)], march(*weekends), timing("children"))
    assert after[0].minute == 990


def test_nothing_is_held_on_closed_days() -> None:
    found = arrange([slot(0, 3)], march(*range(25)), timing("senior"))
    assert len(found) == 3
    assert all(each.first >= FIRST + timedelta(days=25) for each in found)


def test_an_adjusted_working_saturday_is_a_working_day() -> None:
    calendar = march(*(n for n in range(DAYS) if n != 5))
    working = CalendarDays(
        calendar.days, calendar.month, np.zeros(DAYS, dtype=np.bool_),
        calendar.school_holiday, calendar.closed, calendar.early,
    )  # fmt: skip
    assert when(arrange([slot(0)], calendar, timing("adult"))) == [("Sat", 14)]
    assert when(arrange([slot(0)], working, timing("adult"))) == [("Sat", 19)]


def test_what_stands_in_the_hall_and_street_is_kept_clear_of() -> None:
    free = arrange([slot(0)], march(), timing("senior"))[0]
    taken = Engagements(venues=frozenset({(0, 0, 0)}))
    moved = arrange([slot(0)], march(), timing("senior"), taken)[0]
    assert (moved.first, moved.minute) != (free.first, free.minute)
    alike = Engagements(kinds=frozenset({(0, 0, 0, 0)}))
    elsewhere = arrange([slot(0, venue=1)], march(), timing("senior"), alike)[0]
    assert (elsewhere.first, elsewhere.minute) != (FIRST, 570)


def test_a_run_lasts_its_days_and_one_place_has_one_at_a_time() -> None:
    found = arrange([slot(0), slot(1)], march(), timing("all", "all", run=(0, 1)))
    assert [(each.last - each.first).days for each in found] == [13, 13]
    assert found[0].last < found[1].first
    busy = Engagements(runs=frozenset((0, day) for day in range(20)))
    assert arrange([slot(0)], march(), timing("all", run=(0,)), busy)[0].first >= date(2027, 3, 21)


def test_lessons_come_weekly_at_one_hour() -> None:
    found = arrange([slot(0, 4)], march(8), timing("senior", series=(0,)))
    assert len({(each.first.weekday(), each.minute) for each in found}) == 1
    gaps = np.diff([each.first.toordinal() for each in found])
    assert (gaps % 7 == 0).all()
    assert len(found) == 4


def test_a_product_comes_again_a_week_later_at_the_earliest() -> None:
    found = arrange([slot(0, 3)], march(), timing("senior"))
    assert np.diff([each.first.toordinal() for each in found]).min() >= 7


def test_tours_keep_the_days_they_agreed_on() -> None:
    pair = (date(2027, 3, 6), date(2027, 3, 7))
    sides = [Slot(0, s, 0, s, 0, 1, True, tour=0) for s in (0, 1)]
    found = arrange(sides, march(), timing("all"), tours={0: pair})
    assert [each.first for each in found] == list(pair)


def test_what_finds_no_time_is_left_out() -> None:
    assert arrange([slot(0, 4)], march(*range(1, DAYS)), timing("all", category=1)) != ()
    assert len(arrange([slot(0, 4)], march(*range(1, DAYS)), timing("all"))) == 3
    assert arrange([Slot(0, 0, 0, -1, 0, 1, False)], march(), timing("all")) == ()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 2), st.integers(1, 3)),
        max_size=14,
    )
)
def test_no_hall_and_no_street_is_booked_twice(rows: list[tuple[int, int, int, int]]) -> None:
    slots = [slot(p, n, street=s, venue=3 * s + v) for p, s, v, n in rows]
    closed = (0, 1, 2, 13, 14)
    taken = Engagements(venues=frozenset({(0, 3, 0), (3, 5, 1)}))
    found = arrange(slots, march(*closed), timing("senior", "adult", "children", "all"), taken)
    halls = Counter((slots[a.slot].venue, a.first, PARTS[a.minute]) for a in found)
    streets = Counter((slots[a.slot].street, a.first, a.minute) for a in found)
    assert set(halls.values()) | set(streets.values()) <= {1}
    assert not {a.first for a in found} & {FIRST + timedelta(days=n) for n in closed}
    assert (0, FIRST + timedelta(days=3), 0) not in halls
    by_slot = Counter(a.slot for a in found)
    assert all(by_slot[n] <= each.sessions for n, each in enumerate(slots))
