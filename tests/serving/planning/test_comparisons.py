"""What a plan is read beside comes from the tables: last year's quarter, buyers, streets."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.dataset import canonical
from data.schema import TABLES
from recommender.demand.competition import Competition
from serving.planning.comparisons import last_year_of, of_streets
from serving.planning.problem.building import Planning
from serving.planning.rules import PlanRules


def frame(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    return canonical(pd.DataFrame(rows), TABLES[name])


@pytest.fixture
def planning(dataset_of, monkeypatch: pytest.MonkeyPatch) -> Planning:
    """Only what the comparison reads of a planning: streets and the period."""
    from features.demand.streets import read_streets
    from recommender.types import IdMap

    class Posed:
        period = "2027Q1"
        streets = IdMap(["S1", "S2"])

    class Stated:
        problem = Posed()
        streets = read_streets(dataset_of())

    return Stated()  # type: ignore[return-value]


def test_last_years_quarter_is_counted_by_street_and_category(dataset_of, planning) -> None:
    at = pd.Timestamp("2026-02-01T10:00+08:00")
    event = {"product_id": "P1", "title": "x", "ends_at": at, "seats": 50, "status": "done"}
    events = [
        {**event, "event_id": "e1", "venue_id": "V1", "starts_at": at},
        {**event, "event_id": "e2", "venue_id": "V1", "starts_at": at},
        {**event, "event_id": "gone", "venue_id": "V1", "starts_at": at, "status": "cancelled"},
        {**event, "event_id": "e3", "venue_id": "V2", "starts_at": at},
        {**event, "event_id": "later", "venue_id": "V1",
         "starts_at": pd.Timestamp("2026-04-01T10:00+08:00")},
    ]  # fmt: skip
    bookings = [
        {"booking_id": f"b{n}", "resident_id": f"r{n}", "event_id": "e1" if n < 15 else "e3",
         "booked_at": at, "updated_at": at, "seats": 1, "status": "attended" if n else "no_show"}
        for n in range(20)
    ]  # fmt: skip
    orders = [
        {"order_id": name, "buyer_code": "S1", "product_id": "P1", "venue_id": "V1",
         "scheduled_on": day, "sessions": 1, "amount_fen": 70_000, "status": status}
        for name, day, status in (
            ("o1", "2026-01-01", "accepted"), ("o2", "2026-03-31", "approved"),
            ("o3", "2026-03-31", "rejected"), ("o4", "2025-12-31", "accepted"),
        )
    ]  # fmt: skip
    tables = dataset_of().replace(
        events=frame("events", events),
        bookings=frame("bookings", bookings),
        orders=frame("orders", orders),
    )
    found = last_year_of(tables, planning).set_index("street_code")
    assert found["category"].unique().tolist() == ["performance"]
    assert found.loc["S1", ["sessions", "amount_fen", "attendances"]].tolist() == [
        2,
        140_000,
        15,
    ]  # of 14
    assert found.loc["S2", "sessions"] == 1
    assert pd.isna(found.loc["S2", "attendances"])  # five people are not shown


def test_without_history_there_is_nothing_beside(dataset_of, planning) -> None:
    assert len(last_year_of(dataset_of(), planning)) == 0


def test_wants_by_audience_are_each_categorys_divided_as_its_demand_is(planning_of) -> None:
    """Two thirds of one category's demand are for older people; they and adults share the rest."""
    rows = [
        {"product_id": code, "supplier_id": "A", "title": code, "category": category,
         "price_fen": 100_000, "audience_groups": groups}
        for code, category, groups in (
            ("P1", "lecture", "senior"), ("P2", "lecture", "senior;adult"), ("P3", "film", None),
        )
    ]  # fmt: skip
    planning = planning_of(PlanRules(), products=rows)
    assert of_streets(planning, planning.problem)["S1"]["audiences"] == {}
    wants = np.array([[0.6, 0.4], [0.0, 1.0]])
    problem = replace(
        planning.problem,
        expected=np.array([[30.0, 60.0, 5.0], [30.0, 60.0, 5.0]]),
        competition=Competition(np.ones(2), np.ones((2, 2)), wants, wants),
        category=np.array([0, 0, 1]),
    )
    found = of_streets(planning, problem)
    assert found["S1"]["audiences"] == {
        "adult": pytest.approx(0.2), "all": pytest.approx(0.4), "senior": pytest.approx(0.4),
    }  # fmt: skip
    assert found["S2"]["audiences"] == {"adult": 0.0, "all": 1.0, "senior": 0.0}
