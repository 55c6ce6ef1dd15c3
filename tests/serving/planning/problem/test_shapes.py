"""Kinds have their own shapes: from the catalogue and history to problem, plan and lines."""

import json
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from recommender.types import DemandEstimate, IdMap
from serving.exports.saving import plan_json
from serving.planning.document import write_document
from serving.planning.drafts.draft import draft_lines, hosted, sessions_of
from serving.planning.drafts.judging import judge
from serving.planning.kept_plans import take_up
from serving.planning.problem.building import Planning, build_planning
from serving.planning.problem.shapes import host_streets, lesson_factors, read_shapes
from serving.planning.questions import explain_choice
from serving.planning.rules_file import parse_rules
from serving.planning.solution import solve_planning

NOW = datetime(2026, 12, 1, tzinfo=UTC)
KINDS = ("exhibition", "course", "tour", "online", "performance")
LOOSE = (
    "[evenness]\ngini_max = false\n[supplier]\nshare_max = 1.0\n[plan]\nsessions_per_product = 3\n"
    "shrinkage = 0.0\n[category.performance]\nmax_share = 1.0\n[new]\nproducts_min_share = 0.0\n"
)


def products() -> list[dict[str, object]]:
    return [
        {"product_id": f"P-{kind}", "supplier_id": "A", "title": kind, "category": kind,
         "price_fen": 10_000, "sessions_max": 40, "audience_max": 30, "audience_groups": "all"}
        for kind in KINDS
    ]  # fmt: skip


def estimate(people: float = 100.0) -> DemandEstimate:
    demand = np.full((2, len(KINDS)), people)
    none = np.zeros_like(demand)
    return DemandEstimate(
        streets=IdMap(["S1", "S2"]), products=IdMap([f"P-{kind}" for kind in KINDS]),
        period="2027Q1", expected=demand, low=demand, high=demand,
        evidence_bookings=none.astype(np.int64), evidence_surveys=none.astype(np.int64),
        supply=none, gap=demand, suppressed=none.astype(np.bool_),
    )  # fmt: skip


@pytest.fixture
def planning(dataset_of) -> Planning:
    budgets = [{"buyer_code": "D", "period": "2027Q1", "amount_fen": 10_000_000}]
    dataset = dataset_of(products=products(), budgets=budgets)
    return build_planning(dataset, estimate(), parse_rules(LOOSE), as_of=NOW)


def row(planning: Planning, kind: str) -> int:
    return planning.problem.products.position(f"P-{kind}")


def test_the_problem_has_the_shapes(planning: Planning) -> None:
    problem = planning.problem
    seats = {kind: problem.seats[0, row(planning, kind)] for kind in KINDS}
    assert seats == {
        "exhibition": 14 * 30, "course": 8 * 30, "tour": 30, "online": 30, "performance": 30,
    }  # fmt: skip
    assert problem.price_fen[row(planning, "course")] == 80_000
    assert problem.sessions_max[row(planning, "course")] == 5
    assert problem.most_in_street[row(planning, "exhibition")] == 1
    assert problem.most_in_street[row(planning, "performance")] == 3
    assert problem.allowed[:, row(planning, "online")].sum() == 1
    assert problem.allowed[:, row(planning, "tour")].all()
    slots = problem.groups["seats>0"]
    assert slots.tolist() == [kind in ("course", "performance") for kind in KINDS]


def test_the_plan_an_officer_sees(planning: Planning) -> None:
    solved = solve_planning(planning, time_limit_s=5)
    document = write_document(planning, solved, model_version="m", data_date=NOW)
    lines = document.lines.set_index(["category", "street_code"])
    # Once for the district, whoever may buy it.
    assert lines.loc["online"].index.tolist() == ["D"]
    assert lines.loc[("online", "D"), "street"] == "区"
    for asked in ("S1", "S2", "区"):  # and whichever street is asked about, it says so
        told = explain_choice(planning, solved, "P-online", asked, time_limit_s=2)
        assert (told["planned"], told["street_code"], told["street"]) == (True, "D", "区")
        assert told["reasons"][0] == "全区采购一次，各街镇共用"
    # Its draft counts it, though it names no street of the problem.
    assert document.posed is not None
    kept = draft_lines(json.loads(plan_json(document)), [])
    kept = hosted(document.posed, kept)
    assert np.array_equal(sessions_of(document.posed, kept), solved.plan.sessions)
    # And judges it as it was planned, though courses are bought whole and told by lessons.
    judged = judge(document.posed, kept)
    assert (judged.violations, judged.misplaced) == ((), ())
    assert judged.amount_fen == document.summary["amount_fen"]
    assert judged.sessions == document.summary["sessions"]
    assert judged.expected == pytest.approx(document.summary["expected"], rel=0.01)
    assert sum(each["amount_fen"] for each in judged.by_line.values()) == judged.amount_fen
    # So do questions about the plan on the table.
    again = take_up(planning, json.loads(plan_json(document))["lines"], gap=0.0)
    assert again is not None
    assert np.array_equal(again.plan.sessions, solved.plan.sessions)
    # An exhibition is one run a street, with the room of its days.
    shown = lines.loc["exhibition"]
    assert shown["sessions"].tolist() == [1, 1]
    assert shown["expected"].max() == pytest.approx(100)
    first, last = shown["dates"].iloc[0].split("/")
    assert (pd.Timestamp(last) - pd.Timestamp(first)).days == 13
    # A course: lessons week by week in one room, each paid.
    course = lines.loc["course"].iloc[0]
    assert course["sessions"] % 8 == 0
    assert course["amount_fen"] == course["sessions"] * course["price_fen"]
    dates = [pd.Timestamp(each) for each in course["dates"].split(";")]
    assert len(dates) == course["sessions"]
    assert f"{course['sessions'] // 8} 期，每期 8 课时" in course["reasons"]
    assert shown["reasons"].str.contains("展期 14 天").all()
    # Tours need no hall.
    assert set(lines.loc["tour", "venue"]) == {"无需场馆"}
    assert lines.loc["tour", "venue_id"].isna().all()
    assert not lines.loc["tour", "warnings"].str.contains("场馆").any()


def test_lessons_of_one_course_are_on_one_weekday(planning: Planning) -> None:
    solved = solve_planning(planning, time_limit_s=5)
    by_line: dict[tuple[int, int], list[pd.Timestamp]] = {}
    for each in solved.appointments:
        slot = solved.slots[each.slot]
        if (
            planning.timing.series[slot.product]
            and solved.plan.sessions[slot.buyer, slot.street, slot.product] == 1
        ):
            by_line.setdefault((slot.street, slot.product), []).append(pd.Timestamp(each.first))
    for dates in by_line.values():
        assert len(dates) == 8
        assert all((b - a).days % 7 == 0 for a, b in pairwise(sorted(dates)))


def test_what_was_usual_so_far_is_the_shape(dataset_of) -> None:
    events = [
        {"event_id": f"x{n}", "product_id": "P-exhibition", "venue_id": "V1", "status": "done",
         "title": "t", "starts_at": pd.Timestamp("2026-03-01 01:00", tz="UTC"),
         "ends_at": pd.Timestamp("2026-03-01 09:00", tz="UTC") + pd.Timedelta(days=n)}
        for n in (9, 20, 29)
    ]  # fmt: skip
    events += [
        {"event_id": f"c{n}", "product_id": "P-course", "venue_id": f"V{1 + n % 2}",
         "status": "done", "title": "t", "starts_at": pd.Timestamp(day, tz="UTC")}
        for n, day in enumerate(["2026-01-10", "2026-02-10", "2026-03-10", "2026-04-10"] * 2)
    ]  # fmt: skip
    dataset = dataset_of(products=products(), events=events)
    table = dataset["products"].set_index("product_id")
    found = read_shapes(dataset, table, np.full(len(KINDS), 99), as_of=NOW)
    assert found.days[0] == 21
    assert found.series[1] == 2  # V1 had four in a quarter, V2 two and two
    few = read_shapes(dataset, table, np.full(len(KINDS), 1), as_of=NOW)
    assert few.series[1] == 1
    before = read_shapes(
        dataset, table, np.full(len(KINDS), 99), as_of=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert (before.days[0], before.series[1]) == (14, 8)


def test_two_streets_pay_together_for_what_serves_both(dataset_of) -> None:
    areas = dataset_of()["areas"].to_dict("records")
    areas[1]["population"] = 3000
    budgets = [
        {"buyer_code": code, "period": "2027Q1", "amount_fen": 1_000_000} for code in ("S1", "S2")
    ]
    online = [row for row in products() if row["category"] in ("online", "performance")]
    dataset = dataset_of(products=online, budgets=budgets, areas=areas)
    demand = np.full((2, 2), 100.0)
    given = DemandEstimate(
        streets=IdMap(["S1", "S2"]), products=IdMap([str(row["product_id"]) for row in online]),
        period="2027Q1", expected=demand, low=demand, high=demand,
        evidence_bookings=demand.astype(np.int64), evidence_surveys=demand.astype(np.int64),
        supply=demand, gap=demand, suppressed=demand < 0,
    )  # fmt: skip
    planned = build_planning(dataset, given, parse_rules(LOOSE), as_of=NOW)
    solved = solve_planning(planned, time_limit_s=5)
    lines = write_document(planned, solved, model_version="m", data_date=NOW).lines
    line = lines[lines["category"] == "online"].iloc[0]
    shares = {code: int(fen) for code, fen in (w.split(":") for w in line["payers"].split(";"))}
    assert shares == {"S1": 7_500, "S2": 2_500}
    assert "团购，按各自居民人数分摊：S1 75.00 元、S2 25.00 元" in line["reasons"]
    assert "全区采购一次" in line["reasons"]
    assert line["venue"] == "线上"
    alone = lines[lines["category"] == "performance"].iloc[0]
    assert alone["payers"] == f"{alone['buyer_code']}:{alone['amount_fen']}"


def test_what_serves_all_streets_is_not_bought_while_it_is_there(dataset_of) -> None:
    events = [
        {"event_id": "e", "product_id": "P-online", "status": "open", "title": "t", "seats": 100,
         "starts_at": pd.Timestamp("2027-02-01 11:00", tz="UTC")}
    ]  # fmt: skip
    budgets = [{"buyer_code": "D", "period": "2027Q1", "amount_fen": 10_000_000}]
    dataset = dataset_of(products=products(), budgets=budgets, events=events)
    known = pd.Timestamp("2026-11-01", tz="UTC")
    dataset = dataset.replace(events=dataset["events"].assign(published_at=known))
    planned = build_planning(dataset, estimate(), parse_rules(LOOSE), as_of=NOW)
    assert not planned.problem.allowed[:, row(planned, "online")].any()
    assert planned.problem.allowed[:, row(planned, "tour")].all()


@pytest.mark.parametrize(("people", "street"), [((25.0, 20.0), "S1"), ((20.0, 25.0), "S2")])
def test_what_is_scarce_comes_once_to_the_street_where_it_adds_most(
    dataset_of, people: tuple[float, float], street: str
) -> None:
    rows = [{**row, "sessions_max": 1} for row in products() if row["category"] == "performance"]
    rows += [{**rows[0], "product_id": "P-film", "category": "film", "sessions_max": 9}]
    budgets = [{"buyer_code": "D", "period": "2027Q1", "amount_fen": 1_000_000}]
    dataset = dataset_of(products=rows, budgets=budgets)
    demand = np.array([[people[0], 50.0], [people[1], 40.0]])
    given = DemandEstimate(
        streets=IdMap(["S1", "S2"]), products=IdMap(["P-performance", "P-film"]),
        period="2027Q1", expected=demand, low=demand, high=demand,
        evidence_bookings=demand.astype(np.int64), evidence_surveys=demand.astype(np.int64),
        supply=demand, gap=demand, suppressed=demand < 0,
    )  # fmt: skip
    planned = build_planning(dataset, given, parse_rules(LOOSE), as_of=NOW)
    assert planned.scarce.tolist() == [True, False]
    assert planned.problem.most_in_street.tolist() == [1, 3]
    solved = solve_planning(planned, time_limit_s=5)
    lines = write_document(planned, solved, model_version="m", data_date=NOW).lines
    line = lines[lines["product_id"] == "P-performance"]
    assert line[["street_code", "sessions"]].to_numpy().tolist() == [[street, 1]]
    assert line["reasons"].str.contains("紧缺：只有 1 场，2 个街镇可选").all()
    # The other street is told why it has none.
    other = "S2" if street == "S1" else "S1"
    told = explain_choice(planned, solved, "P-performance", other)["reasons"]
    assert told[1].endswith("产品 performance 最多可订 1 场")


def test_sessions_are_for_committees_and_those_without_are_named(dataset_of) -> None:
    areas = dataset_of()["areas"].to_dict("records") + [
        {"area_code": f"S1-{n}", "name": f"居委{n}", "level": "neighbourhood", "parent_code": "S1"}
        for n in range(6)
    ]
    budgets = [{"buyer_code": "D", "period": "2027Q1", "amount_fen": 10_000}]
    dataset = dataset_of(
        products=[row for row in products() if row["category"] == "performance"],
        budgets=budgets, areas=areas,
    )  # fmt: skip
    demand = np.array([[60.0], [40.0]])
    given = DemandEstimate(
        streets=IdMap(["S1", "S2"]), products=IdMap(["P-performance"]), period="2027Q1",
        expected=demand, low=demand, high=demand, evidence_bookings=demand.astype(np.int64),
        evidence_surveys=demand.astype(np.int64), supply=demand, gap=demand, suppressed=demand < 0,
    )  # fmt: skip
    planned = build_planning(dataset, given, parse_rules(LOOSE), as_of=NOW)
    solved = solve_planning(planned, time_limit_s=5)
    document = write_document(planned, solved, model_version="m", data_date=NOW)
    assert "面向居委会：居委0" in document.lines["reasons"].iloc[0]
    assert document.lines[["street_code", "committees"]].to_numpy().tolist() == [["S1", "居委0"]]
    left = [words for words in document.warnings if "居委会轮到" in words]
    assert left == ["S1有 2 个居委会轮到而没有场次：居委1、居委2"]


def test_hosts_follow_the_population() -> None:
    residents = np.array([3000.0, 1000.0])
    allowed, required = np.ones((2, 200), dtype=np.bool_), np.zeros((2, 200), dtype=np.int64)
    required[:, 7] = 1
    host_streets(np.ones(200, dtype=np.bool_), residents, allowed, required)
    assert (allowed.sum(axis=0) == 1).all()
    assert allowed[0].mean() == pytest.approx(0.75, abs=0.02)
    assert required[:, 7].sum() == 1
    assert (required <= allowed).all()


def test_attendances_of_a_series() -> None:
    found = lesson_factors(np.array([1.0, 0.5, 0.5]), np.array([8, 2, 1]))
    assert found.tolist() == pytest.approx([8.0, 1.5, 1.0])
