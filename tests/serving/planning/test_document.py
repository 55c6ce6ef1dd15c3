"""From tables to a plan: budgets, licences, venues, new products, warnings."""

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from recommender.errors import UnknownIdError, UsageError
from recommender.types import DemandEstimate, IdMap
from serving.planning.document import COLUMNS, PlanDocument, write_document
from serving.planning.explanations import NoPlanError
from serving.planning.problem.building import Planning, build_planning
from serving.planning.questions import (
    ask_equal_shares,
    compare_plans,
    explain_choice,
    trace_budget,
    trace_evenness,
)
from serving.planning.rules import PlanRules
from serving.planning.rules_file import parse_rules
from serving.planning.solution import solve_planning

NOW = datetime(2026, 12, 1, tzinfo=UTC)
STREETS = ("S1", "S2")
PRODUCTS = ("P0", "P1", "P2", "P3")


def tables(**changes: list[dict[str, Any]]) -> Dataset:
    rows: dict[str, list[dict[str, Any]]] = {
        "areas": [
            {"area_code": "D", "name": "区", "level": "district"},
            *(
                {"area_code": code, "name": f"{code}街道", "level": "street", "parent_code": "D",
                 "population": 1000}
                for code in STREETS
            ),
        ],
        "venues": [
            {"venue_id": f"V{n}", "name": f"{code}中心", "area_code": code, "level": "street",
             "seats": 100, "step_free": True}
            for n, code in enumerate(STREETS)
        ],
        "suppliers": [
            {"supplier_id": "A", "name": "甲", "licences": "performance",
             "licence_valid_until": pd.Timestamp("2027-02-15")},
            {"supplier_id": "B", "name": "乙"},
        ],
        "products": [
            {"product_id": "P0", "supplier_id": "A", "title": "演出", "category": "performance",
             "price_fen": 500_000, "licence_required": "performance", "audience_groups": "all"},
            {"product_id": "P1", "supplier_id": "B", "title": "讲座", "category": "lecture",
             "price_fen": 100_000, "audience_groups": "senior"},
            {"product_id": "P2", "supplier_id": "B", "title": "无证演出", "category": "performance",
             "price_fen": 100_000, "licence_required": "performance"},
            {"product_id": "P3", "supplier_id": "B", "title": "=SUM(1)", "category": "film",
             "price_fen": 200_000, "min_seats": 500},
        ],
        "events": [], "residents": [], "bookings": [],
        "budgets": [
            {"buyer_code": code, "period": "2027Q1", "amount_fen": 2_000_000} for code in STREETS
        ],
    }  # fmt: skip
    rows |= changes
    return Dataset(
        {
            name: canonical(pd.DataFrame(content, columns=None), TABLES[name])
            for name, content in rows.items()
            if content
        }
    )


def estimate(expected: list[list[float]] | None = None) -> DemandEstimate:
    demand = np.array(expected or [[90.0, 30.0, 80.0, 70.0], [60.0, 40.0, 80.0, 70.0]])
    zeros = np.zeros_like(demand)
    return DemandEstimate(
        streets=IdMap(STREETS),
        products=IdMap(PRODUCTS),
        period="2027Q1",
        expected=demand,
        low=demand * 0.7,
        high=demand * 1.4,
        evidence_bookings=zeros.astype(np.int64) + 20,
        evidence_surveys=zeros.astype(np.int64),
        supply=zeros,
        gap=demand,
        suppressed=zeros.astype(np.bool_),
    )


LOOSE = "[evenness]\ngini_max = false\n[supplier]\nshare_max = 1.0\n"


def make(rules: str = LOOSE, **changes: Any) -> tuple[Planning, PlanDocument]:
    given = changes.pop("dataset", None) or tables()
    planning = build_planning(given, estimate(), parse_rules(rules), **changes)
    solved = solve_planning(planning)
    return planning, write_document(planning, solved, model_version="m1", data_date=NOW)


def test_a_plan_keeps_budget_licence_and_venue() -> None:
    planning, document = make()
    lines = document.lines
    assert list(lines.columns) == list(COLUMNS)
    assert lines.groupby("buyer_code")["amount_fen"].sum().max() <= 2_000_000
    assert set(lines["product_id"]) == {"P0", "P1"}
    assert planning.left_out["P2"] == "供应商没有许可：performance"
    assert not planning.problem.allowed[:, 3].any()  # nobody has 500 seats
    # The licence ends in mid-February: January alone is certain.
    performance = lines[lines["product_id"] == "P0"]
    assert set(performance["months"].str[:7]) == {"2027-01"}
    assert performance["warnings"].str.contains("许可证有效至 2027-02-15（含）").all()
    assert lines["venue_id"].notna().all()
    assert (lines["reasons"] != "").all()


def test_each_product_that_is_left_out_has_its_reason() -> None:
    assert make()[1].left_out == {
        "P2": "《无证演出》供应商没有许可：performance",
        "P3": "《=SUM(1)》要求至少 500 座，最大的场馆 100 座",
    }
    stopped = make(LOOSE + '[[exclude]]\nproduct = "P1"\nreason = "另有安排"\n')[1]
    assert stopped.left_out["P1"] == "《讲座》规则不予采购：另有安排"
    # Money for two lectures a buyer: the concert could be had and is not.
    poor = make(LOOSE, budget_fen=600_000, buyer="S1")[1]
    chosen = poor.left_out["P0"]
    assert chosen.startswith("《演出》最合适的S1街道，在本方案之外每场预计增加 ")
    assert "每人次" in chosen
    assert "按现方案再加一场会突破：" in chosen


def test_what_is_scheduled_already_is_told() -> None:
    rows = tables()["products"].to_dict("records")
    rows[1]["sessions_max"] = 1
    held = {
        "event_id": "E1", "product_id": "P1", "venue_id": "V0", "status": "open",
        "starts_at": pd.Timestamp("2027-01-20 10:00", tz="UTC"),
        "ends_at": pd.Timestamp("2027-01-20 12:00", tz="UTC"), "capacity": 100,
        "published_at": pd.Timestamp("2026-11-01", tz="UTC"),
    }  # fmt: skip
    planning, document = make(dataset=tables(products=rows, events=[held]))
    assert document.left_out["P1"] == "《讲座》本期已安排 1 场，没有可再采购的场次"
    answer = explain_choice(planning, solve_planning(planning), "P1", "S2")
    assert answer["reasons"][0] == "本期已安排 1 场，没有可再采购的场次"


def test_the_same_inputs_give_the_same_plan() -> None:
    first, second = make()[1], make()[1]
    assert first.plan_id == second.plan_id
    pd.testing.assert_frame_equal(first.lines, second.lines)
    assert make(LOOSE + "[plan]\ncaution = 1.0\n")[1].plan_id != first.plan_id


def test_a_single_buyer_and_another_budget() -> None:
    _, document = make(buyer="S1", budget_fen=600_000)
    assert set(document.lines["buyer_code"]) == {"S1"}
    assert set(document.lines["street_code"]) == {"S1"}
    # At most 60 % for performances leaves no room for one; three lectures it is.
    assert document.lines["amount_fen"].sum() == 300_000
    _, district = make(budget_fen=1_000_000)
    assert set(district.lines["buyer_code"]) == {"D"}


def test_without_a_budget_the_error_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"nobody has a budget.*--budget-yuan"):
        make(dataset=tables(budgets=[]))
    with pytest.raises(UsageError, match="no area has the code 'X'"):
        make(buyer="X")


def test_yearly_budgets_are_divided_with_a_word() -> None:
    yearly = [{"buyer_code": "S1", "period": "2027", "amount_fen": 4_000_000}]
    planning, document = make(dataset=tables(budgets=yearly))
    assert planning.problem.budget_fen[0] == pytest.approx(4_000_000 * 90 / 365, abs=1)
    assert any("折算到本期：2027" in words for words in document.warnings)


def test_tables_without_prices_suppliers_or_venues_still_plan() -> None:
    bare = [{"product_id": code, "title": code, "category": "activity"} for code in PRODUCTS]
    _, document = make(
        rules="", dataset=tables(venues=[], suppliers=[], products=bare), budget_fen=3_000_000
    )
    assert document.lines["sessions"].sum() == 6
    assert any("产品均无价格" in words for words in document.warnings)
    assert any("没有场馆资料" in words for words in document.warnings)


def test_required_and_excluded_items() -> None:
    text = LOOSE + (
        '[[require]]\nproduct = "P1"\nstreet = "S2"\nsessions = 3\nreason = "重阳节"\n'
        '[[exclude]]\nproduct = "P0"\nstreet = "S1"\nreason = "档期"\n'
    )
    lines = make(text)[1].lines.set_index(["street_code", "product_id"])
    assert lines.loc[("S2", "P1"), "sessions"] == 3
    assert "规定采购：重阳节" in lines.loc[("S2", "P1"), "reasons"]
    assert ("S1", "P0") not in lines.index


def test_given_rules_that_conflict_are_named_and_defaults_yield() -> None:
    with pytest.raises(NoPlanError, match=r"floor of S1: at least 30 sessions \(rules, line 6\)"):
        make(LOOSE + "[floor]\nsessions_per_street = 30\n")
    with pytest.raises(NoPlanError, match=r"budget of S1: .* \(rules, line 6\).*floor.*line 8"):
        make(LOOSE + "[budget]\nS1 = 100000\n[floor]\nsessions_per_street = 2\n")
    tight = "[new]\nproducts_min_share = 0.0\nsuppliers_min_share = 0.0\n"
    _, document = make(tight)  # the default supplier cap of 10 % allows no performance
    assert document.lines["amount_fen"].sum() <= 400_000 * 2


def test_splitting_and_recusal_are_warned_of() -> None:
    text = LOOSE + (
        "[splitting]\nthreshold_fen = 500000\n"
        '[[recuse]]\nofficer = "officer-1"\nsupplier = "A"\nreason = "亲属"\n'
    )
    _, document = make(text)
    assert any("化整为零风险" in words for words in document.warnings)
    own = document.lines[document.lines["supplier_id"] == "A"]
    assert own["warnings"].str.contains("回避：officer-1 不得决定").all()


def test_a_share_the_catalogue_cannot_fill_is_refused_when_given() -> None:
    _, document = make()
    assert any("未执行：audience.children" in words for words in document.warnings)
    with pytest.raises(UsageError, match=r"line 6: audience.children.min_share: the catalogue"):
        make(LOOSE + "[audience.children]\nmin_share = 0.1\n")


def test_an_empty_stop_rule_and_new_products() -> None:
    planning, document = make()
    assert planning.history.new_product.all()
    assert document.summary["new_products_share"] == pytest.approx(1.0)
    assert isinstance(PlanRules().quotas, tuple)


def test_why_and_why_not_are_answered_by_solving_again() -> None:
    planning = build_planning(tables(), estimate(), parse_rules(LOOSE))
    solved = solve_planning(planning)
    bought = explain_choice(planning, solved, "P1", "S1")
    assert bought["planned"]
    assert bought["cost"] > 0
    assert bought["reasons"][0].startswith("已列入")
    closed = explain_choice(planning, solved, "P2", "S1")
    assert (closed["planned"], closed["possible"]) == (False, False)
    assert closed["reasons"][0] == "供应商没有许可：performance"
    with pytest.raises(UnknownIdError, match=r"no product listed in the period .* 'P9'"):
        explain_choice(planning, solved, "P9", "S1")


def test_a_what_if_is_the_difference_of_two_plans() -> None:
    rules = parse_rules(LOOSE)
    before = build_planning(tables(), estimate(), rules)
    after = build_planning(tables(), estimate(), rules, buyer="S1", budget_fen=100_000)
    first, second = solve_planning(before), solve_planning(after)
    figures, frame = compare_plans((before, first), (after, second))
    assert figures["amount_fen"]["after"] == 100_000
    assert figures["amount_fen"]["change"] == 100_000 - first.plan.amount_fen
    assert frame["change"].sum() == second.plan.sessions.sum() - first.plan.sessions.sum()
    assert (frame["sessions_after"] - frame["sessions_before"] == frame["change"]).all()
    same = compare_plans((before, first), (before, first))
    assert len(same[1]) == 0
    assert same[0]["expected"]["change"] == 0


def test_frontiers_rise_with_money_and_with_unevenness() -> None:
    planning = build_planning(tables(), estimate(), parse_rules(LOOSE))
    solved = solve_planning(planning)
    money = trace_budget(solved, (0.25, 0.5, 1.0))
    assert money["budget_fen"].tolist() == [1_000_000, 2_000_000, 4_000_000]
    assert money["expected"].is_monotonic_increasing
    even = trace_evenness(solved, (0.0, 0.5))
    assert (even["gini"] <= even["gini_max"] + 1e-9).all()
    assert even["expected"].is_monotonic_increasing


def test_equal_shares_give_a_second_opinion() -> None:
    planning = build_planning(tables(), estimate(), parse_rules(LOOSE))
    figures, frame = ask_equal_shares(planning, solve_planning(planning))
    assert figures["shares"]["amount_fen"] <= 4_000_000
    assert 0 < figures["agreed"] <= 1
    change = figures["shares"]["sessions"] - figures["plan"]["sessions"]
    assert frame["change"].sum() == change


def test_a_smaller_venue_than_counted_on_is_said() -> None:
    rooms = [
        {"venue_id": "V0", "name": "S1中心", "area_code": "S1", "level": "street", "seats": 100,
         "step_free": True},
        {"venue_id": "V1", "name": "活动室", "area_code": "S1", "level": "neighbourhood",
         "seats": 20, "step_free": True},
    ]  # fmt: skip
    one = [{"buyer_code": "S1", "period": "2027Q1", "amount_fen": 300_000}]
    text = LOOSE + "[venues]\nsessions_per_month = 1\n[plan]\nmonths = ['2027-01']\n"
    _, document = make(text, dataset=tables(venues=rooms, budgets=one))
    lines = document.lines.set_index("venue_id")
    assert lines.loc["V0", "warnings"].count("座场馆") == 0
    assert "安排在 20 座场馆（估算按 100 座）" in lines.loc["V1", "warnings"]


def test_tours_are_held_on_days_in_a_row_and_say_so() -> None:
    places = [
        {"area_code": "D", "name": "区", "level": "district"},
        {"area_code": "S1", "name": "甲街道", "level": "street", "parent_code": "D",
         "population": 1000, "lat": 31.2, "lon": 121.4},
        {"area_code": "S2", "name": "乙街道", "level": "street", "parent_code": "D",
         "population": 1000, "lat": 31.21, "lon": 121.4},
    ]  # fmt: skip
    _, document = make(LOOSE + "[touring]\ndiscount = 0.2\n", dataset=tables(areas=places))
    toured = document.lines[document.lines["reasons"].str.contains("巡演")]
    assert set(toured["street_code"]) == {"S1", "S2"}
    show = toured[toured["product_id"] == "P0"].set_index("street_code")
    found = re.findall(r"巡演：建议 ([-0-9]+)，乙街道 ([-0-9]+)", show.loc["S1", "reasons"])
    other = re.findall(r"巡演：建议 ([-0-9]+)，甲街道 ([-0-9]+)", show.loc["S2", "reasons"])
    assert found
    assert sorted((there, here) for here, there in found) == sorted(other)
    for first, second in found:
        gap = pd.Timestamp(second) - pd.Timestamp(first)
        assert abs(gap) == pd.Timedelta(days=1)
        assert first[:7] == "2027-01"  # its licence ends in February


@pytest.mark.parametrize(("until", "warned"), [("2027-03-31", False), ("2027-03-30", True)])
def test_a_licence_is_valid_through_its_last_day(until: str, warned: bool) -> None:
    suppliers = [
        {"supplier_id": "A", "name": "甲", "licences": "performance",
         "licence_valid_until": pd.Timestamp(until)},
        {"supplier_id": "B", "name": "乙"},
    ]  # fmt: skip
    planning, document = make(dataset=tables(suppliers=suppliers))
    own = document.lines[document.lines["supplier_id"] == "A"]
    assert len(own)
    assert own["warnings"].str.contains("许可证").any() == warned
    assert planning.calendar.open_months[0].tolist() == [True, True, not warned]


def test_standing_sessions_take_demand_catalogue_and_slots() -> None:
    standing = [
        {"event_id": "e", "product_id": "P1", "venue_id": "V0", "status": "open", "title": "t",
         "starts_at": pd.Timestamp("2027-01-10", tz="UTC"), "seats": 100},
    ]  # fmt: skip
    before, after = make()[0], make(dataset=tables(events=standing))[0]
    first, second = before.problem.expected, after.problem.expected
    repeat = after.problem.repeat_factor[1]
    assert second[0, 1] == pytest.approx(repeat * first[0, 1])
    np.testing.assert_allclose(np.delete(second.ravel(), 1), np.delete(first.ravel(), 1))
    assert after.problem.sessions_max[1] == before.problem.sessions_max[1] - 1
    assert (before.calendar.slots - after.calendar.slots)[0].tolist() == [1, 0, 0]
    assert (
        "本期已安排 1 场"
        in make(dataset=tables(events=standing))[1]
        .lines.set_index(["street_code", "product_id"])
        .loc[("S1", "P1"), "reasons"]
    )


def test_the_total_is_no_sum_of_the_lines_ends() -> None:
    _, document = make()
    assert document.summary["low"] > document.lines["low"].sum()
    assert document.summary["high"] < document.lines["high"].sum()
