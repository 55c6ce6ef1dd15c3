"""Rewinding a snapshot equals building one from the tables as of the earlier moment."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import BOOKING_STATUSES, TABLES
from data.snapshot import as_of
from features.ranking.snapshot import build_snapshot
from recommender.booking_states import ATTENDED, BOOKED, CANCELLED
from recommender.ranking.features.affinity import Affinity
from recommender.ranking.features.context import Context
from recommender.ranking.features.preference_deviation import PreferenceDeviation
from recommender.ranking.query import make_query
from recommender.ranking.snapshot import RankingSnapshot

LATE = datetime(2026, 9, 1, tzinfo=UTC)
MIDDLE = pd.Timestamp("2026-06-15T04:00:00Z")


def tables(seed: int, n: int = 60) -> Dataset:
    """A small district whose rows lie on both sides of ``MIDDLE``, many without their times."""
    rng = np.random.default_rng(seed)

    def times(size, empty=0.0):
        hours = pd.to_timedelta(rng.integers(-70 * 24, 70 * 24, size) * 3600 + 1800, unit="s")
        return pd.Series(MIDDLE + hours).mask(rng.random(size) < empty)

    def names(prefix, size):
        return pd.Series([f"{prefix}{i:02d}" for i in range(size)])

    def pick(values, size):
        return rng.choice(np.asarray(values, dtype=object), size)

    def hours(values, size):
        return pd.to_timedelta(rng.choice(values, size), unit="h")

    people, shows = names("r", 12), names("e", 24)
    starts = times(24)
    booked = times(n)
    frames = {
        "areas": {"area_code": ["1", "2"], "name": ["a", "b"], "level": "street",
                  "lat": [31.2, 31.25], "lon": [121.4, 121.45]},
        "venues": {"venue_id": ["v1", "v2"], "area_code": ["1", "2"]},
        "products": {"product_id": names("p", 6), "supplier_id": pick(["s1", "s2"], 6),
                     "title": pick(["合唱", "讲座", "观展"], 6), "tags": pick(["歌", "画"], 6),
                     "category": pick(["performance", "lecture"], 6), "price_fen": 100},
        "events": {"event_id": shows, "product_id": pick([*names("p", 6), "gone"], 24),
                   "title": pick(["合唱第1场", "讲座", "观展"], 24),
                   "venue_id": pick(["v1", "v2"], 24), "starts_at": starts,
                   "ends_at": (starts + hours([2, 400], 24)).mask(rng.random(24) < 0.3),
                   "seats": 20, "ticket_fen": pick([0, 500], 24),
                   "published_at": times(24, empty=0.4), "status": pick(["open", "done"], 24)},
        "residents": {"resident_id": people, "area_code": pick(["1", "2"], 12),
                      "age_band": pick(["18-34", "70+"], 12), "joined_at": times(12, empty=0.3)},
        "bookings": {"booking_id": names("b", n), "resident_id": pick(people, n),
                     "event_id": pick(shows, n), "booked_at": booked,
                     "status": pick(BOOKING_STATUSES, n),
                     "updated_at": (booked + hours([0, 24, 900], n)).mask(
                         rng.random(n) < 0.4)},
        "ratings": {"resident_id": people, "event_id": pick(shows, 12), "stars": pick([2, 5], 12),
                    "rated_at": times(12)},
        "impressions": {"impression_id": names("i", 12), "resident_id": pick(people, 12),
                        "event_id": pick(shows, 12), "shown_at": times(12), "position": 1},
        "follows": {"resident_id": people, "target_kind": "supplier",
                    "target": pick(["s1", "s2"], 12), "since": times(12, empty=0.3)},
    }  # fmt: skip
    return Dataset({k: canonical(pd.DataFrame(v), TABLES[k]) for k, v in frames.items()})


def visible(snapshot: RankingSnapshot) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the residents and events that the snapshot's moment knows."""
    return (
        np.flatnonzero(snapshot.resident_known <= snapshot.as_of),
        np.flatnonzero(snapshot.event_known <= snapshot.as_of),
    )


def described(snapshot: RankingSnapshot) -> dict[str, object]:
    """Everything a model reads of what is visible, by identifier instead of position."""
    people, shows = visible(snapshot)
    resident, event = np.array(snapshot.residents.ids), np.array(snapshot.events.ids)
    street = np.array([*snapshot.streets.ids, "none"])
    product = np.array(snapshot.products.ids)
    rows, columns = snapshot.ratings[:, 0].astype(int), snapshot.ratings[:, 1].astype(int)
    follows = {}
    for level, matrix in snapshot.follows.items():
        entries = matrix.tocoo()
        since = snapshot.follows_since[level].astype(str)
        follows[level] = list(zip(resident[entries.row], entries.col, since, strict=True))
    of_event = {
        name: getattr(snapshot, f"event_{name}")[shows].astype(str).tolist()
        for name in ("known", "starts", "ends", "closes", "open", "seats", "ticket_fen", "point")
    }
    return of_event | {
        "residents": resident[people].tolist(),
        "home": street[snapshot.resident_street[people]].tolist(),
        "age": snapshot.resident_age[people].tolist(),
        "since": snapshot.resident_known[people].astype(str).tolist(),
        "events": event[shows].tolist(),
        "product": product[snapshot.event_level["product"][shows]].tolist(),
        "supplier": snapshot.event_level["supplier"][shows].tolist(),
        "bookable": event[snapshot.bookable(snapshot.as_of)].tolist(),
        "log": list(
            zip(
                resident[snapshot.log_resident],
                event[snapshot.log_event],
                snapshot.log_time.astype(str),
                snapshot.log_outcome.tolist(),
                snapshot.log_known.astype(str),
                strict=True,
            )
        ),
        "ratings": sorted(zip(resident[rows], event[columns], snapshot.ratings[:, 2], strict=True)),
        "follows": follows,
    }


def signals(snapshot: RankingSnapshot) -> dict[str, np.ndarray]:
    """Every signal that is counted from the snapshot, over what is visible."""
    people, shows = visible(snapshot)
    query = make_query(snapshot, people, shows, snapshot.as_of)
    families = (Affinity(snapshot), PreferenceDeviation(snapshot), Context(snapshot, 30.0))
    found = {name: one for family in families for name, one in family.signals(query).items()}
    return {name: np.broadcast_to(values, query.shape) for name, values in found.items()}


@given(seed=st.integers(0, 100_000), days=st.integers(-50, 50))
@settings(max_examples=60, deadline=None)
def test_rewinding_equals_building_from_the_tables_as_of_then(seed, days):
    everything = tables(seed)
    moment = MIDDLE + pd.Timedelta(days=days)
    then = build_snapshot(as_of(everything, LATE), LATE, DEFAULT_ZONE).rewind(
        moment.tz_localize(None).to_datetime64().astype("datetime64[us]")
    )
    built = build_snapshot(as_of(everything, moment), moment.to_pydatetime(), DEFAULT_ZONE)
    assert described(then) == described(built)
    rewound, fresh = signals(then), signals(built)
    assert rewound.keys() == fresh.keys()
    for name, values in fresh.items():
        np.testing.assert_allclose(rewound[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("status", "updated", "then"),
    [
        ("attended", None, BOOKED),  # not recorded: known from the event's end on
        ("attended", "2026-06-02", BOOKED),  # dated before the event began
        ("attended", "2026-06-11", ATTENDED),  # a run of days: recorded while it lasts
        ("cancelled", "2026-06-02", CANCELLED),
        ("cancelled", None, CANCELLED),  # not recorded: known from the event's start on
        ("cancelled", "2026-06-20", BOOKED),
        ("waitlisted", "2026-06-20", BOOKED),
    ],
)
def test_an_outcome_is_not_known_before_it_can_be(status, updated, then):
    booking = {
        "booking_id": ["b"], "resident_id": ["r"], "event_id": ["e"], "status": [status],
        "booked_at": pd.to_datetime(["2026-06-01"], utc=True),
        "updated_at": pd.to_datetime([updated], utc=True),
    }  # fmt: skip
    event = {
        "event_id": ["e"], "starts_at": pd.to_datetime(["2026-06-10"], utc=True),
        "ends_at": pd.to_datetime(["2026-06-20"], utc=True),
    }  # fmt: skip
    frames = {"bookings": booking, "events": event, "residents": {"resident_id": ["r"]}}
    dataset = Dataset({k: canonical(pd.DataFrame(v), TABLES[k]) for k, v in frames.items()})
    snapshot = build_snapshot(dataset, LATE, DEFAULT_ZONE).rewind(np.datetime64("2026-06-15", "us"))
    assert snapshot.log_outcome.tolist() == [then]
    known = as_of(dataset, datetime(2026, 6, 15, tzinfo=UTC))["bookings"]["status"]
    assert known.cat.codes.tolist() == [then]


def test_a_rewound_snapshot_forgets_later_follows():
    frames = {
        "residents": {"resident_id": ["r"]},
        "products": {"product_id": ["p"], "supplier_id": ["s"], "title": ["会"]},
        "events": {"event_id": ["e"], "product_id": ["p"],
                   "starts_at": pd.to_datetime(["2026-07-10"], utc=True)},
        "follows": {"resident_id": ["r", "r"], "target_kind": ["supplier", "product"],
                    "target": ["s", "p"],
                    "since": pd.to_datetime(["2026-06-01", "2026-08-01"], utc=True)},
    }  # fmt: skip
    dataset = Dataset({k: canonical(pd.DataFrame(v), TABLES[k]) for k, v in frames.items()})
    snapshot = build_snapshot(dataset, LATE, DEFAULT_ZONE)
    assert snapshot.follows["supplier"].nnz == snapshot.follows["product"].nnz == 1
    then = snapshot.rewind(np.datetime64("2026-06-15", "us"))
    assert then.follows["supplier"].nnz == 1
    assert then.follows["product"].nnz == 0
