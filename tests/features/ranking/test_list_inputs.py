"""Tables of five events and three residents as the arrays that lists are made from."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.list_inputs import (
    aligned,
    build_list_inputs,
    describe_events,
    facts_of_residents,
)
from features.ranking.reach import LEAST_REACH_M
from features.ranking.snapshot import build_snapshot
from recommender.ranking.lists.boosts import Boosts
from recommender.types import IdMap

NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)


def rows(name: str, *records: dict[str, object]) -> pd.DataFrame:
    return canonical(pd.DataFrame(list(records)), TABLES[name])


def event(name: str, starts_h: float, **more: object) -> dict[str, object]:
    starts = NOW + timedelta(hours=starts_h)
    return {
        "event_id": name, "product_id": "p1", "venue_id": "v1", "starts_at": starts,
        "ends_at": starts + timedelta(hours=2), "published_at": NOW - timedelta(days=9),
        "seats": 5, "status": "open",
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> Dataset:
    booking = {"booked_at": NOW - timedelta(days=1), "status": "booked", "seats": 1}
    return Dataset(
        {
            "areas": rows(
                "areas",
                {"area_code": "310105101", "name": "甲", "level": "street"}
                | {"lat": 31.2, "lon": 121.4},
            ),
            "venues": rows(
                "venues",
                {"venue_id": "v1", "name": "馆", "area_code": "310105101"}
                | {"lat": 31.2, "lon": 121.4},
            ),
            "products": rows(
                "products",
                {"product_id": "p1", "title": "评弹", "category": "performance"}
                | {"tags": "曲艺;海派", "supplier_id": "s1"},
            ),
            "events": rows(
                "events",
                event("z_next", 30),
                event("running", -1),
                event("over", -9),
                event("next", 20),
                event("cancelled", 40, status="cancelled"),
                event("soon_public", 50, published_at=NOW + timedelta(hours=1)),
            ),
            "residents": rows(
                "residents",
                {"resident_id": "r2", "area_code": "310105101", "personalised": True},
                {"resident_id": "r1", "area_code": "310105101", "personalised": True},
            ),
            "bookings": rows(
                "bookings",
                {"booking_id": "b1", "resident_id": "r1", "event_id": "running"} | booking,
                {"booking_id": "b2", "resident_id": "r2", "event_id": "next"} | booking,
                {"booking_id": "b3", "resident_id": "r2", "event_id": "over"} | booking,
            ),
            "impressions": rows(
                "impressions",
                *(
                    {"impression_id": f"i{n}", "resident_id": "r1", "event_id": "next"}
                    | {"shown_at": NOW - timedelta(hours=n)}
                    for n in range(1, 31)
                ),
            ),
        }
    )


@pytest.fixture(scope="module")
def made(tables: Dataset):
    return build_list_inputs(tables, NOW, DEFAULT_ZONE)


def test_candidates_are_what_can_be_booked_now(made) -> None:
    inputs, upcoming = made
    assert inputs.at == np.datetime64("2027-03-01T04:00", "us")
    names = inputs.snapshot.events.take(inputs.candidates)
    assert sorted(names) == ["next", "z_next"]
    # Whatever is not over yet keeps people busy, candidate or not.
    assert set(upcoming.ids.ids) == {"cancelled", "next", "running", "soon_public", "z_next"}
    assert [upcoming.ids.ids[c] for c in upcoming.candidates] == list(names)
    assert tuple(inputs.snapshot.events.take(upcoming.positions)) == upcoming.ids.ids


def test_all_arrays_are_in_the_order_of_the_candidates(made) -> None:
    inputs, _ = made
    names = list(inputs.snapshot.events.take(inputs.candidates))
    context = inputs.eligibility_context
    now_s = int(NOW.timestamp())
    starts = {"next": 20, "z_next": 30}
    assert context.now_s == now_s
    assert context.events.starts_s.tolist() == [now_s + starts[name] * 3600 for name in names]
    left = dict(zip(names, context.events.seats_left, strict=True))
    assert left == {"next": 4, "z_next": 5}
    assert context.distance_m.shape == (2, 2)
    assert context.distance_m[0].tolist() == [0, 0]
    assert len(inputs.similarity.product) == len(inputs.rates.trials) == 2
    trials = dict(zip(names, inputs.rates.trials, strict=True))
    assert trials["next"] - trials["z_next"] == pytest.approx(30)
    assert inputs.boost is None


def test_residents_are_in_the_order_of_the_snapshot_and_busy_with_what_runs(made) -> None:
    inputs, _ = made
    assert inputs.snapshot.residents.ids == ("r1", "r2")
    assert inputs.reach_m == LEAST_REACH_M
    residents = inputs.residents
    names = list(inputs.snapshot.events.take(inputs.candidates))
    booked = residents.booked.toarray()
    assert booked[:, names.index("next")].tolist() == [False, True]
    now_s = int(NOW.timestamp())
    assert residents.busy_from.tolist() == [0, 1, 2]
    assert residents.busy_starts_s.tolist() == [now_s - 3600, now_s + 20 * 3600]


def test_one_resident_alone_has_the_facts_of_the_block(tables: Dataset, made) -> None:
    inputs, upcoming = made
    people = tables["residents"].query("resident_id == 'r2'")
    alone = facts_of_residents(
        tables, people, upcoming, reach_m=inputs.reach_m, needs_step_free=["r2"]
    )
    block = inputs.residents.block(1, 2)
    assert alone.needs_step_free.tolist() == [True]
    assert alone.busy_starts_s.tolist() == block.busy_starts_s.tolist()
    np.testing.assert_array_equal(alone.booked.toarray(), block.booked.toarray())


def test_policy_mutes_and_needs_reach_the_arrays(tables: Dataset) -> None:
    muted = pd.DataFrame({"resident_id": ["r1"], "target_kind": ["event"], "target": ["z_next"]})
    boosts = Boosts.parse(
        {"district": {"tag:海派": 0.5}, "streets": {"310105101": {"venue:v1": 1}}}
    )
    inputs, _ = build_list_inputs(
        tables, NOW, DEFAULT_ZONE, boosts=boosts, muted=muted, needs_step_free=["r1"]
    )
    assert inputs.boost is not None
    assert inputs.boost.tolist() == [[1.5, 1.5], [0.5, 0.5]]
    names = list(inputs.snapshot.events.take(inputs.candidates))
    assert inputs.residents.muted.toarray()[0].tolist() == [name == "z_next" for name in names]
    assert inputs.residents.needs_step_free.tolist() == [True, False]


def test_the_day_is_that_of_the_district(tables: Dataset) -> None:
    late = datetime(2027, 3, 1, 23, tzinfo=UTC)
    shanghai, paris = (
        build_list_inputs(tables, late, ZoneInfo(zone))[0].day
        for zone in ("Asia/Shanghai", "Europe/Paris")
    )
    assert (shanghai, paris) == (np.datetime64("2027-03-02"), np.datetime64("2027-03-02"))
    before = build_list_inputs(tables, late - timedelta(hours=1), ZoneInfo("Europe/Paris"))[0]
    assert before.day == np.datetime64("2027-03-01")


def test_a_given_snapshot_is_not_built_again(tables: Dataset) -> None:
    snapshot = build_snapshot(tables, NOW, DEFAULT_ZONE)
    inputs, _ = build_list_inputs(tables, NOW, DEFAULT_ZONE, snapshot=snapshot)
    assert inputs.snapshot is snapshot


def test_events_are_described_by_their_product() -> None:
    events = rows(
        "events",
        {"event_id": "a", "product_id": "p1", "venue_id": "v1", "starts_at": NOW},
        {"event_id": "b", "starts_at": NOW},
    )
    products = rows(
        "products",
        {"product_id": "p1", "title": "t", "category": "film", "tags": "x;y", "supplier_id": "s"},
    )
    told, alone = describe_events(events, products)
    assert told == {
        "category": ["film"], "tag": ["x", "y"], "supplier": ["s"], "venue": ["v1"],
        "product": ["p1"],
    }  # fmt: skip
    assert (alone["category"], alone["tag"], alone["supplier"]) == ([""], [""], [""])


def test_rows_follow_the_order_of_an_id_map() -> None:
    table = pd.DataFrame({"event_id": ["a", "b", "c"], "seats": [1, 2, 3]}, index=[7, 8, 9])
    found = aligned(table, "event_id", IdMap(["c", "a", "b"]))
    assert found["seats"].tolist() == [3, 1, 2]
    assert found.index.tolist() == [0, 1, 2]
