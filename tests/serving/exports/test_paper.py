"""One buyer's part, its rows and comparisons: the figures add up and people are whole."""

from dataclasses import replace

import pytest

from serving.exports.paper import (
    LINE_COLUMNS,
    WIDTHS,
    audiences_beside,
    buyers_of,
    for_buyer,
    notes_of,
    printed_lines,
    totals_of,
    wants_beside,
)
from serving.exports.sheets import ACROSS, pixels
from serving.planning.document import PlanDocument


def test_buyers_have_their_own_part_and_parts_add_up(paper_plan: PlanDocument) -> None:
    buyers = buyers_of(paper_plan)
    assert buyers[0] == ("310105", "长宁区")
    parts = [for_buyer(paper_plan, code) for code, _ in buyers]
    for name in ("amount_fen", "sessions", "expected"):
        whole = sum(part.summary[name] for part in parts)
        assert whole == pytest.approx(paper_plan.summary[name])
    street = for_buyer(paper_plan, "310105001")
    assert street.summary["budget_fen"] == 1_000_000
    assert street.summary["matching"] == 0.7
    assert parts[0].summary["matching"] is None  # of two streets together it is not known
    assert street.last_year["street_code"].tolist() == ["310105001"]


def test_printed_lines_are_whole_people_in_yuan(paper_plan: PlanDocument) -> None:
    rows = printed_lines(paper_plan)
    assert [*rows.columns][: len(LINE_COLUMNS)] == list(LINE_COLUMNS)
    assert rows["expected"].tolist() == [20] * 42
    assert totals_of(rows)["expected"] == 857  # rounded once, not 42 times
    assert totals_of(rows)["amount_yuan"] == pytest.approx(paper_plan.summary["amount_fen"] / 100)
    decided = rows[rows["line"] == "0001"].iloc[0]
    assert (decided["decision"], decided["new_sessions"], decided["reason"]) == (
        "调整",
        2,
        "场地小",
    )
    assert decided["product"].startswith("★▲=节目0\n演出・剧团")
    assert decided["street"] == "乙镇\n长宁区"
    assert decided["dates"] == "1-16\n至 1-29"
    assert rows.loc[1, "dates"] == "1-16 周六\n14:00\n3-2 周二\n09:30"
    assert decided["interval"] == "10–32"
    assert decided["last_year"] == "5 场\n— 人次"
    own = printed_lines(for_buyer(paper_plan, "310105"))
    assert set(own["street"]) == {"甲街道", "乙镇"}  # the heading names the buyer
    assert "3 场\n60 人次" in set(own["last_year"])


def test_wants_and_audiences_stand_beside_the_plan(paper_plan: PlanDocument) -> None:
    rows = {row["label"]: row for row in wants_beside(for_buyer(paper_plan, "310105"))}
    assert rows["演出"]["wants"] == pytest.approx(0.25 * 0.5 + 0.75 * 0.9)
    assert rows["演出"]["last_sessions"] == 5
    assert rows["演出"]["last_attendances"] is None
    assert rows["讲座"]["last_attendances"] == 60
    assert sum(row["amount"] for row in rows.values()) == pytest.approx(1)
    people = {row["label"]: row for row in audiences_beside(for_buyer(paper_plan, "310105"))}
    assert people["老年"]["residents"] == pytest.approx(0.45)
    assert people["成人"] == {
        "group": "adult", "label": "成人", "residents": pytest.approx(0.55),
        "wants": pytest.approx(0.625), "attendances": 0, "amount": 0,
    }  # fmt: skip
    assert people["老年"]["wants"] == pytest.approx(0.375)
    assert people["全体"]["residents"] is None
    for share in ("attendances", "amount", "wants"):
        assert sum(row[share] for row in people.values()) == pytest.approx(1)


def test_what_is_bought_for_the_district_hides_no_streets_shares(paper_plan: PlanDocument) -> None:
    lines = paper_plan.lines.copy()
    before = audiences_beside(paper_plan)
    lines.loc[len(lines) - 1, ["street_code", "street"]] = ["310105", "长宁区"]
    after = audiences_beside(replace(paper_plan, lines=lines))
    assert [row["residents"] for row in after] == [row["residents"] for row in before]
    assert [row["wants"] for row in after] == [row["wants"] for row in before]


def test_columns_fit_on_a4_across() -> None:
    assert pixels(WIDTHS) <= ACROSS


def test_notes_are_the_plans_then_the_lines(paper_plan: PlanDocument) -> None:
    assert notes_of(paper_plan) == [
        ("", "", "", "整体提示"), ("0001", "乙镇", "=节目0", "场馆较小；区间宽"),
    ]  # fmt: skip


def test_without_days_the_months_are_printed(paper_plan: PlanDocument) -> None:
    lines = paper_plan.lines.assign(dates=None)
    assert set(printed_lines(replace(paper_plan, lines=lines))["dates"]) == {"1月×1\n3月×1"}
