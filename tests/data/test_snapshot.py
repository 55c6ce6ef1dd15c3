"""A snapshot knows nothing of what comes after it."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.dataset import Dataset, canonical
from data.schema import BOOKING_STATUSES, EVENT_STATUSES, ORDER_STATUSES, TABLES
from data.snapshot import as_of

MOMENT = pd.Timestamp("2026-06-15T04:00:00Z")
DAY = pd.Timedelta(days=1)


def days(rng, n, low=-300, high=300, empty=0.0):
    """Times around the moment, at least an hour from it, a share of them empty."""
    times = MOMENT + pd.to_timedelta(rng.integers(low * 24, high * 24, n) * 3600 + 1800, unit="s")
    return pd.Series(times).mask(rng.random(n) < empty).dt.as_unit("us")


def world(seed: int, n: int = 40) -> Dataset:
    rng = np.random.default_rng(seed)
    ids = np.arange(n).astype(str)
    starts = days(rng, n)
    booked = days(rng, n)

    def pick(choices):
        return rng.choice(choices, n)

    frames = {
        "residents": {"resident_id": "r" + pd.Series(ids), "joined_at": days(rng, n, empty=0.3)},
        "events": {
            "event_id": "e" + pd.Series(ids),
            "starts_at": starts,
            "ends_at": starts + 2 * pd.Timedelta(hours=1),
            "published_at": (starts - 30 * DAY).mask(rng.random(n) < 0.4),
            "status": pick([s for s in EVENT_STATUSES if s != "cancelled"]),
        },
        "bookings": {
            "booking_id": "b" + pd.Series(ids),
            "resident_id": "r" + pd.Series(pick(ids)),
            "event_id": "e" + pd.Series(pick(ids)),
            "booked_at": booked,
            "status": pick(BOOKING_STATUSES),
            "updated_at": (booked + DAY * rng.integers(0, 90, n)).mask(rng.random(n) < 0.3),
        },
        "ratings": {
            "resident_id": "r" + pd.Series(ids),
            "event_id": "e" + pd.Series(pick(ids)),
            "stars": rng.integers(1, 6, n),
            "rated_at": days(rng, n),
        },
        "surveys": {
            "survey_id": "s" + pd.Series(ids),
            "area_code": "1",
            "target_kind": "tag",
            "target": "x",
            "votes": 1,
            "collected_at": days(rng, n).dt.tz_localize(None).dt.normalize(),
        },
        "orders": {
            "order_id": "o" + pd.Series(ids),
            "buyer_code": "1",
            "product_id": "p1",
            "sessions": 1,
            "status": pick(ORDER_STATUSES),
            "scheduled_on": days(rng, n).dt.tz_localize(None).dt.normalize(),
            "decided_at": days(rng, n, empty=0.3),
            "satisfaction": rng.integers(1, 6, n),
        },
    }
    return Dataset(
        {name: canonical(pd.DataFrame(data), TABLES[name]) for name, data in frames.items()}
    )


def scramble_future(dataset: Dataset, seed: int) -> Dataset:
    """The same past with another future: later rows gone or changed, later states others."""
    rng = np.random.default_rng(seed)
    changed = {}
    for name, column in (
        ("bookings", "booked_at"),
        ("ratings", "rated_at"),
        ("orders", "decided_at"),
    ):
        frame = dataset[name]
        later = (frame[column] > MOMENT).to_numpy()
        changed[name] = frame[~later | (rng.random(len(frame)) < 0.5)].reset_index(drop=True)
    bookings = changed["bookings"]
    late = (bookings["updated_at"] > MOMENT).to_numpy()
    states = bookings["status"].to_numpy(dtype=object).copy()
    states[late] = rng.choice(BOOKING_STATUSES, late.sum())
    times = bookings["updated_at"].mask(late, bookings["updated_at"] + 7 * DAY)
    starts = bookings["event_id"].map(dataset["events"].set_index("event_id")["starts_at"])
    # Without a time, attendance and cancelling before an event that is still to come are unknown.
    open_end = (bookings["updated_at"].isna() & (starts > MOMENT)).to_numpy()
    final = open_end & np.isin(states, ["attended", "no_show", "cancelled", "booked"])
    states[final] = rng.choice(["attended", "no_show", "cancelled", "booked"], final.sum())
    changed["bookings"] = bookings.assign(
        status=pd.Categorical(states, categories=list(BOOKING_STATUSES)), updated_at=times
    )
    events = dataset["events"]
    future = events["starts_at"] > MOMENT
    status = events["status"].to_numpy(dtype=object).copy()
    status[future] = rng.choice(["open", "done"], future.sum())
    changed["events"] = events.assign(
        status=pd.Categorical(status, categories=list(EVENT_STATUSES))
    )
    orders = changed["orders"]
    coming = orders["scheduled_on"] > MOMENT.tz_localize(None)
    changed["orders"] = orders.assign(satisfaction=orders["satisfaction"].mask(coming, 1))
    return dataset.replace(**changed)


@given(seed=st.integers(0, 10_000), other=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_another_future_gives_the_same_snapshot(seed, other):
    dataset = world(seed)
    one, two = as_of(dataset, MOMENT), as_of(scramble_future(dataset, other), MOMENT)
    for name in TABLES:
        pd.testing.assert_frame_equal(one[name], two[name], obj=name)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_nothing_in_a_snapshot_is_dated_later(seed):
    snapshot = as_of(world(seed), MOMENT)
    for table, column in (
        ("bookings", "booked_at"),
        ("bookings", "updated_at"),
        ("ratings", "rated_at"),
        ("orders", "decided_at"),
        ("events", "published_at"),
    ):
        assert not (snapshot[table][column] > MOMENT).any()
    ends = snapshot["events"]["ends_at"]
    assert not ((snapshot["events"]["status"] == "done") & (ends > MOMENT)).any()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_a_snapshot_of_a_snapshot_is_the_earlier_one(seed):
    dataset = world(seed)
    direct = as_of(dataset, MOMENT - 60 * DAY)
    stepped = as_of(as_of(dataset, MOMENT), MOMENT - 60 * DAY)
    for name in ("bookings", "ratings", "surveys", "events"):
        pd.testing.assert_frame_equal(direct[name], stepped[name], obj=name)


def one_booking(status, updated, starts="2026-07-01") -> str:
    frames = {
        "events": {"event_id": ["e"], "starts_at": pd.to_datetime([starts], utc=True)},
        "bookings": {
            "booking_id": ["b"],
            "resident_id": ["r"],
            "event_id": ["e"],
            "booked_at": pd.to_datetime(["2026-06-01"], utc=True),
            "status": [status],
            "updated_at": pd.to_datetime([updated], utc=True),
        },
    }
    dataset = Dataset({n: canonical(pd.DataFrame(d), TABLES[n]) for n, d in frames.items()})
    return as_of(dataset, MOMENT)["bookings"]["status"][0]


@pytest.mark.parametrize(
    ("status", "updated", "starts", "then"),
    [
        ("cancelled", "2026-06-10", "2026-07-01", "cancelled"),
        ("cancelled", "2026-06-20", "2026-07-01", "booked"),
        ("cancelled", None, "2026-07-01", "booked"),
        ("cancelled", None, "2026-06-10", "cancelled"),
        ("attended", "2026-07-01", "2026-07-01", "booked"),
        ("attended", None, "2026-06-10", "attended"),
        ("attended", "2026-06-11", "2026-06-10", "attended"),
        ("waitlisted", None, "2026-07-01", "waitlisted"),
    ],
)
def test_states_read_as_they_were(status, updated, starts, then):
    assert one_booking(status, updated, starts) == then


def test_an_event_is_known_once_published_booked_or_near():
    events = pd.DataFrame(
        {
            "event_id": ["published", "later", "far", "booked", "near"],
            "starts_at": pd.to_datetime(
                ["2026-07-01"] * 2 + ["2026-12-01"] * 2 + ["2026-09-12"], utc=True
            ),
            "published_at": pd.to_datetime(
                ["2026-06-01", "2026-06-20", None, None, None], utc=True
            ),
        }
    )
    bookings = pd.DataFrame(
        {
            "booking_id": ["b"],
            "resident_id": ["r"],
            "event_id": ["booked"],
            "booked_at": pd.to_datetime(["2026-06-01"], utc=True),
            "status": ["booked"],
        }
    )
    dataset = Dataset(
        {
            "events": canonical(events, TABLES["events"]),
            "bookings": canonical(bookings, TABLES["bookings"]),
        }
    )
    known = as_of(dataset, MOMENT)["events"]["event_id"].tolist()
    assert known == ["published", "booked", "near"]


def test_a_moment_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        as_of(Dataset({}), datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
