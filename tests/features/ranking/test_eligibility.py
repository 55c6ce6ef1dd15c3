"""Facts from tables, and each rule on one resident and one event."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from features.ranking.eligibility import (
    event_facts,
    resident_facts,
    standing_items,
)
from features.ranking.reach import distances_m, usual_reach_m
from recommender.ranking.lists.eligibility import bookable, eligible, refusals
from recommender.ranking.lists.facts import EligibilityContext
from recommender.types import IdMap

NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def frame(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    return canonical(pd.DataFrame(rows), TABLES[name])


AREA = {"area_code": "310105102000", "name": "天山路街道", "level": "street"}
FAR = {"area_code": "310151100000", "name": "远方", "level": "street", "lat": 31.9, "lon": 121.4}
VENUE = {"venue_id": "v1", "name": "文化中心", "lat": 31.215, "lon": 121.405, "step_free": False}
PRODUCT = {"product_id": "p1", "title": "评弹", "category": "performance"}
EVENT = {
    "event_id": "e1",
    "product_id": "p1",
    "venue_id": "v1",
    "starts_at": hours(48),
    "ends_at": hours(50),
    "seats": 2,
    "ticket_fen": 0,
    "published_at": hours(-10),
    "status": "open",
}
RESIDENT = {
    "resident_id": "r1",
    "area_code": "310105102000",
    "age_band": "35-59",
    "personalised": True,
}


def tables(
    *,
    event: dict[str, object] | None = None,
    resident: dict[str, object] | None = None,
    product: dict[str, object] | None = None,
    others: list[dict[str, object]] | None = None,
    bookings: list[tuple[str, str, str]] | None = None,
) -> Dataset:
    """One resident, one event to be judged, other events, and bookings (who, what, status)."""
    area = AREA | {"lat": 31.21, "lon": 121.40}
    people = [RESIDENT | (resident or {}), RESIDENT | {"resident_id": "r2"}]
    return Dataset(
        {
            "areas": frame("areas", [area, FAR]),
            "venues": frame("venues", [VENUE, VENUE | {"venue_id": "v2", "lat": 31.30}]),
            "products": frame("products", [PRODUCT | (product or {})]),
            "events": frame("events", [EVENT | (event or {}), *(others or [])]),
            "residents": frame("residents", people),
            "bookings": frame(
                "bookings",
                [
                    {
                        "booking_id": f"b{number}",
                        "resident_id": who,
                        "event_id": what,
                        "booked_at": hours(-5),
                        "seats": 1,
                        "status": status,
                    }
                    for number, (who, what, status) in enumerate(bookings or [])
                ],
            ),
        }
    )


def refused(dataset: Dataset, **options: object) -> list[str]:
    """Names of the rules that keep the first event from the first resident."""
    facts = event_facts(dataset)
    events = IdMap(dataset["events"]["event_id"])
    people = dataset["residents"].iloc[:1]
    residents = resident_facts(dataset, people, facts, events, **options)  # type: ignore[arg-type]
    context = EligibilityContext(int(NOW.timestamp()), facts, distances_m(dataset["areas"], facts))
    named = refusals(residents, context)[0]
    assert eligible(residents, context)[0, 0] == (not named)
    return [reason.code.removeprefix("not_") for reason in named]


def test_an_ordinary_event_is_shown() -> None:
    assert refused(tables()) == []


@pytest.mark.parametrize(
    ("rule", "event"),
    [
        ("future", {"starts_at": hours(-1), "ends_at": hours(1)}),
        ("published", {"published_at": hours(1)}),
        ("open", {"status": "cancelled"}),
        ("open", {"status": "done"}),
        ("open", {"booking_closes_at": hours(-0.1)}),
        ("seats", {"seats": 0}),
    ],
)
def test_rules_that_speak_of_the_event(rule: str, event: dict[str, object]) -> None:
    assert refused(tables(event=event)) == [rule]


def test_an_event_that_says_nothing_of_itself_is_shown() -> None:
    silent = dict.fromkeys(("seats", "ticket_fen", "published_at", "status", "ends_at"))
    assert refused(tables(event=silent)) == []


@pytest.mark.parametrize(
    ("bookings", "expected"),
    [
        ([("r2", "e1", "booked")], []),
        ([("r2", "e1", "booked")] * 2, ["seats"]),
        ([("r2", "e1", "booked"), ("r2", "e1", "cancelled")], []),
        # somebody waits: the list is open, until it could fill the house again
        ([("r2", "e1", "booked")] * 2 + [("r2", "e1", "waitlisted")], []),
        ([("r2", "e1", "booked")] * 2 + [("r2", "e1", "waitlisted")] * 2, ["seats"]),
    ],
)
def test_seats(bookings: list[tuple[str, str, str]], expected: list[str]) -> None:
    assert refused(tables(bookings=bookings)) == expected


@pytest.mark.parametrize(
    ("band", "product", "expected"),
    [
        ("0-13", {"min_age": 6}, []),
        ("0-13", {"min_age": 14}, ["age"]),
        ("14-17", {"min_age": 18}, ["age"]),
        ("18-34", {"min_age": 18}, []),
        (None, {"min_age": 18}, []),
        ("14-17", {"audience_groups": "senior"}, ["audience"]),
        ("35-59", {"audience_groups": "senior"}, []),
        ("0-13", {"audience_groups": "senior;children"}, []),
        ("0-13", {"audience_groups": "adult"}, ["audience"]),
        ("35-59", {"audience_groups": "children"}, []),
    ],
)
def test_age(band: str | None, product: dict[str, object], expected: list[str]) -> None:
    assert refused(tables(resident={"age_band": band}, product=product)) == expected


@pytest.mark.parametrize(
    ("band", "consent", "fen", "expected"),
    [
        ("14-17", False, 5000, ["guardian"]),
        ("14-17", None, 5000, ["guardian"]),
        ("14-17", True, 5000, []),
        ("14-17", False, 0, []),
        ("18-34", False, 5000, []),
    ],
)
def test_guardian(band: str, consent: bool | None, fen: int, expected: list[str]) -> None:
    person = {"age_band": band, "guardian_consent": consent}
    assert refused(tables(resident=person, event={"ticket_fen": fen})) == expected


def test_access_need() -> None:
    assert refused(tables(), needs_step_free=["r1"]) == ["access"]
    assert refused(tables(), needs_step_free=["r2"]) == []
    assert refused(tables(event={"venue_id": None}), needs_step_free=["r1"]) == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [("booked", ["booked", "clash"]), ("waitlisted", ["booked"]), ("cancelled", [])],
)
def test_own_booking(status: str, expected: list[str]) -> None:
    dataset = tables(bookings=[("r1", "e1", status)])
    assert refused(dataset) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"starts_at": hours(49), "ends_at": hours(51)}, ["clash"]),
        ({"starts_at": hours(50), "ends_at": hours(51)}, []),
        # the other venue is 9.5 km away, 38 minutes at 15 km/h
        ({"starts_at": hours(50.5), "ends_at": hours(52), "venue_id": "v2"}, ["clash"]),
        ({"starts_at": hours(50.7), "ends_at": hours(52), "venue_id": "v2"}, []),
        # an exhibition open for days can be visited at another hour
        ({"starts_at": hours(40), "ends_at": hours(90)}, []),
        ({"starts_at": hours(49), "ends_at": hours(51), "status": "cancelled"}, []),
    ],
)
def test_clash(other: dict[str, object], expected: list[str]) -> None:
    others = [EVENT | {"event_id": "e2"} | other]
    assert refused(tables(others=others, bookings=[("r1", "e2", "booked")])) == expected
    assert refused(tables(others=others, bookings=[("r2", "e2", "booked")])) == []


def test_reach() -> None:
    assert refused(tables(), reach_m=100.0) == ["reach"]
    assert refused(tables(), reach_m=2_000.0) == []
    assert refused(tables(event={"venue_id": None}), reach_m=100.0) == []
    assert refused(tables(resident={"area_code": None}), reach_m=100.0) == []


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("event", "e1", ["muted"]),
        ("product", "p1", ["muted"]),
        ("venue", "v1", ["muted"]),
        ("category", "performance", ["muted"]),
        ("tag", "曲艺", ["muted"]),
        ("tag", "曲", []),
        ("category", "film", []),
    ],
)
def test_muted(kind: str, target: str, expected: list[str]) -> None:
    muted = pd.DataFrame([{"resident_id": "r1", "target_kind": kind, "target": target}])
    assert refused(tables(product={"tags": "曲艺;江南"}), muted=muted) == expected


def test_several_refusals_are_all_told() -> None:
    dataset = tables(event={"status": "cancelled", "seats": 0}, product={"min_age": 70})
    assert refused(dataset, reach_m=1.0) == ["open", "seats", "age", "reach"]


def test_a_standing_item_lies_ahead_for_ever() -> None:
    old = {"starts_at": hours(-1000), "ends_at": None, "seats": None}
    dataset = tables(event=old, bookings=[("r2", "e1", "attended")])
    assert standing_items(dataset["events"], dataset["bookings"]).tolist() == [True]
    assert refused(dataset) == []
    assert refused(tables(event=old)) == ["future"]


def test_distance_and_reach_follow_the_tables() -> None:
    dataset = tables(bookings=[("r1", "e1", "attended")])
    distance = distances_m(dataset["areas"], event_facts(dataset))
    assert distance.shape == (3, 1)
    assert distance[0, 0] == pytest.approx(731, abs=5)  # 0.005 degrees each way at 31.2 north
    assert np.isnan(distance[2, 0])
    assert usual_reach_m(dataset) == 10_000.0  # short trips do not shrink it
    home = {"area_code": FAR["area_code"]}
    travelled = usual_reach_m(tables(resident=home, bookings=[("r1", "e1", "attended")]))
    assert travelled == pytest.approx(76_000, rel=0.01)


def test_blocks_and_choices_keep_the_answer() -> None:
    others = [
        EVENT | {"event_id": f"e{n}", "starts_at": hours(40 + n), "ends_at": hours(40.9 + n)}
        for n in range(2, 9)
    ]
    booked = [("r1", "e3", "booked"), ("r2", "e5", "booked"), ("r2", "e2", "waitlisted")]
    dataset = tables(others=others, bookings=booked)
    facts = event_facts(dataset)
    residents = resident_facts(
        dataset, dataset["residents"], facts, IdMap(dataset["events"]["event_id"])
    )
    context = EligibilityContext(int(NOW.timestamp()), facts, distances_m(dataset["areas"], facts))
    whole = eligible(residents, context)
    assert whole.any()
    assert not whole.all()
    np.testing.assert_array_equal(eligible(residents.block(1, 2), context), whole[1:])
    chosen = np.array([6, 1, 3])
    np.testing.assert_array_equal(
        eligible(residents.with_events(chosen), context.take(chosen)), whole[:, chosen]
    )
    assert bookable(context).all()


def test_a_run_of_days_has_the_room_of_all_and_stays_open_until_it_ends() -> None:
    run = {"starts_at": hours(-24), "ends_at": hours(8 * 24), "seats": 2}
    booked = [("r2", "e1", "attended")] * 3
    dataset = tables(event=run, bookings=booked)
    assert refused(dataset) == []
    assert event_facts(dataset).seats_left.tolist() == [2 * 9 - 3]
    assert refused(tables(event=run | {"ends_at": hours(-1)})) != []
