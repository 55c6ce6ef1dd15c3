"""Totals, series, saturation, times and origins of the sessions of a hand-made district."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from data.district_time import DEFAULT_ZONE
from features.demand.counts import (
    ActiveBookings,
    Sessions,
    product_ids,
    read_active_bookings,
    read_sessions,
)
from features.demand.sessions import (
    months,
    on_sale,
    read_booking_curve,
    read_session_totals,
    registered_by_session,
    saturation_level,
    session_series,
    street_pair_counts,
    time_slots,
)
from features.demand.streets import StreetResidents, read_residents, read_streets
from features.local_time import local_times
from recommender.types import IdMap


@pytest.fixture
def read(tables: Dataset) -> tuple[StreetResidents, Sessions, ActiveBookings]:
    streets = read_streets(tables)
    residents = read_residents(tables, streets)
    sessions = read_sessions(
        tables, streets, product_ids(tables), datetime(2027, 1, 1, tzinfo=UTC), DEFAULT_ZONE
    )
    return residents, sessions, read_active_bookings(tables, residents, sessions)


def made(
    starts: list[str],
    product: list[int],
    published: list[str] | None = None,
    zone: ZoneInfo = DEFAULT_ZONE,
) -> Sessions:
    n = len(starts)
    return Sessions(
        events=IdMap([f"e{i}" for i in range(n)]),
        product=np.array(product),
        venues=IdMap(["v"]),
        venue=np.zeros(n, dtype=np.intp),
        street=np.zeros(n, dtype=np.intp),
        starts=np.array(starts, "datetime64[us]"),
        local_starts=local_times(np.array(starts, "datetime64[us]"), zone),
        seats=np.full(n, 50.0),
        free=np.ones(n, dtype=bool),
        past=np.ones(n, dtype=bool),
        published=np.array(published or ["NaT"] * n, "datetime64[us]"),
        days=np.ones(n, dtype=np.int64),
    )


def test_sessions_with_no_seats_are_not_sold_out(tables: Dataset) -> None:
    events = tables["events"].assign(seats=pd.array([0] * 4, dtype="Int64"))
    bookings = tables["bookings"].assign(status="attended")
    tables = tables.replace(events=events, bookings=bookings)
    streets = read_streets(tables)
    sessions = read_sessions(
        tables, streets, product_ids(tables), datetime(2027, 1, 1, tzinfo=UTC), DEFAULT_ZONE
    )
    active = read_active_bookings(tables, read_residents(tables, streets), sessions)
    totals = read_session_totals(sessions, active)
    assert totals.taken.sum() > 0
    assert not totals.full.any()


def test_totals_tell_seats_from_the_waiting_list(read) -> None:
    _, sessions, active = read
    totals = read_session_totals(sessions, active)
    assert totals.taken.tolist() == [2, 1, 0]
    assert totals.waiting.tolist() == [6, 0, 0]
    assert totals.full.tolist() == [True, False, False]


def test_few_bookings_give_no_curve(read) -> None:
    _, sessions, active = read
    totals = read_session_totals(sessions, active)
    early, elapsed = read_booking_curve(sessions, active, totals)
    np.testing.assert_array_equal(early, totals.taken)
    assert np.isnan(elapsed).all()


def test_a_session_that_filled_at_half_time_saw_half_of_an_even_demand() -> None:
    rng = np.random.default_rng(0)
    sessions = made(["2026-02-01"] * 11, [0] * 11, ["2026-01-01"] * 11)
    begin, length = np.datetime64("2026-01-01", "us"), 31 * 86_400_000_000
    # Ten sessions with room: bookings even over the time on sale. One fills up half way.
    session = np.r_[np.repeat(np.arange(10), 40), np.full(30, 10)]
    share = np.r_[rng.random(400), np.linspace(0.01, 0.5, 30)]
    waiting = np.zeros(430, dtype=bool)
    waiting[-1] = True
    active = ActiveBookings(
        resident=np.zeros(430, dtype=np.intp),
        session=session,
        seats=np.ones(430),
        waiting=waiting,
        attended=np.zeros(430, dtype=bool),
        missed=np.zeros(430, dtype=bool),
        at=begin + (share * length).astype("timedelta64[us]"),
    )
    totals = read_session_totals(sessions, active)
    early, elapsed = read_booking_curve(sessions, active, totals)
    assert totals.full.tolist() == [False] * 10 + [True]
    assert elapsed[10] == pytest.approx(0.5, abs=0.08)
    assert early[10] == 30
    assert np.isnan(elapsed[:10]).all()


def test_saturation_counts_the_sessions_of_the_year_before() -> None:
    sessions = made(["2025-01-01", "2025-06-01", "2026-03-01", "2026-03-01"], [0, 0, 0, 1])
    np.testing.assert_allclose(saturation_level(sessions), [0, 1, 1, 0])


def test_a_series_is_one_product_street_and_quarter() -> None:
    sessions = made(["2026-02-01", "2026-01-01", "2026-04-01", "2026-01-15"], [0, 0, 0, 1])
    series, place = session_series(sessions)
    assert place.tolist() == [1, 0, 0, 0]
    assert series[0] == series[1]
    assert len(set(series.tolist())) == 3


def test_months_and_slots_are_local() -> None:
    # 23:00 UTC on 31 January is 07:00 on 1 February (a Sunday) in Shanghai.
    sessions = made(["2026-01-31T23:00", "2026-02-02T11:30"], [0, 0])
    assert months(sessions).astype(str).tolist() == ["2026-02", "2026-02"]
    weekend_morning, monday_evening = time_slots(sessions).tolist()
    assert weekend_morning != monday_evening
    assert {weekend_morning, monday_evening} <= set(range(6))


def test_summer_time_moves_a_session_to_another_slot() -> None:
    # 10:30 UTC is 11:30 in Paris in winter and 12:30, an afternoon, in summer.
    sessions = made(["2027-01-13T10:30", "2027-07-14T10:30"], [0, 0], zone=ZoneInfo("Europe/Paris"))
    assert time_slots(sessions).tolist() == [0, 1]
    late = made(["2027-01-31T23:30", "2027-06-30T22:30"], [0, 0], zone=ZoneInfo("Europe/Paris"))
    assert months(late).astype(str).tolist() == ["2027-02", "2027-07"]


def test_without_publication_times_nothing_is_known_of_being_on_sale() -> None:
    for levels in on_sale(made(["2026-01-01", "2026-01-02"], [0, 0])):
        assert levels.tolist() == [-1, -1]


def test_residents_are_counted_from_their_joining_on(read) -> None:
    residents, sessions, _ = read
    found = registered_by_session(sessions, residents, 2)
    assert found[0].tolist() == [1, 1, 1]
    # The second street's resident joined between the two sessions: a quarter before.
    assert found[1].tolist() == [0.25, 1, 1]


def test_pairs_of_streets(read) -> None:
    residents, sessions, active = read
    found = street_pair_counts(sessions, residents, active, np.array([1.0, 3.0, 1.0]), 2)
    assert found.tolist() == [[2, 0], [6, 3]]
