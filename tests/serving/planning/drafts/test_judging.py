"""A draft is judged by the same rules as the solver's plans, and said in words."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from recommender.procurement.rules.registry import RULES
from recommender.procurement.rules.values import Violation
from serving.messages.drafts import MESSAGES
from serving.planning.document import PlanDocument
from serving.planning.drafts.draft import DraftLine, draft_lines
from serving.planning.drafts.edits import Edit
from serving.planning.drafts.judging import Judgement, judge, months_of
from serving.planning.drafts.sentences import misplaced_text, violation_text

NOW = datetime(2026, 12, 2, tzinfo=UTC)
LineOf = Callable[[str, str], str]


@pytest.fixture
def judged(document: PlanDocument, content: dict[str, Any]) -> Callable[..., Judgement]:
    def work(*told: tuple[str, str, Mapping[str, Any]], **options: Any) -> Judgement:
        edits = [Edit(n, NOW, "o1", *each) for n, each in enumerate(told, start=1)]
        assert document.posed is not None
        return judge(document.posed, draft_lines(content, edits), **options)

    return work


def told_of(document: PlanDocument, found: Judgement) -> list[str]:
    assert document.posed is not None
    return [violation_text(document.posed, each, "zh") for each in found.violations]


def test_the_plan_itself_keeps_every_rule_and_comes_to_its_own_figures(
    content: dict[str, Any], judged
) -> None:
    found, summary = judged(), content["summary"]
    assert (found.violations, found.misplaced) == ((), ())
    assert found.amount_fen == summary["amount_fen"]
    assert found.sessions == summary["sessions"]
    assert found.expected == pytest.approx(summary["expected"], abs=0.3)
    assert found.gini == pytest.approx(summary["gini"])
    assert found.matching == summary["matching"]
    by_line = {line["line_id"]: line for line in content["lines"]}
    for line_id, figures in found.by_line.items():
        assert figures["amount_fen"] == by_line[line_id]["amount_fen"]
        assert figures["expected"] == pytest.approx(by_line[line_id]["expected"], abs=0.06)
    assert [(each["code"], each["budget_fen"]) for each in found.budgets] == [
        ("S1", 700_000), ("S2", 700_000),
    ]  # fmt: skip
    assert sum(each["share"] for each in found.mix) == pytest.approx(1)
    assert {each["category"]: each["sessions"] for each in found.mix} == {
        "performance": 2, "lecture": 2,
    }  # fmt: skip


def test_bars_follow_a_change_and_each_broken_rule_is_named(
    document: PlanDocument, judged, line_of: LineOf
) -> None:
    removed = judged((line_of("S1", "P2"), "remove", {}))
    assert removed.amount_fen == judged().amount_fen - 100_000
    assert removed.budgets[0]["amount_fen"] == 500_000
    added = {"street": "S1", "product": "P3", "buyer": "S1", "sessions": 1}
    dear = judged(("new", "add", added))
    assert told_of(document, dear)[:2] == [
        "预算：S1要花12,000元，只有7,000元",
        "演出：花16,000元，按比例最多14,000元",
    ]
    often = judged((line_of("S1", "P2"), "sessions", {"sessions": 2}))
    assert told_of(document, often)[0] == "目录：讲座共3场，最多可订2场"
    assert document.posed is not None
    each = document.posed.problem.sessions_per_cell
    more = judged((line_of("S1", "P2"), "sessions", {"sessions": each + 1}))
    assert f"重复：S1的讲座有{each + 1}场，同一产品最多{each}场" in told_of(document, more)
    assert often.expected >= judged().expected - 1e-9


def test_what_an_earlier_draft_required_may_be_dropped(
    document: PlanDocument, content: dict[str, Any], line_of: LineOf
) -> None:
    assert document.posed is not None
    problem = document.posed.problem
    required = np.zeros_like(problem.required)
    required[0, 1] = 1
    posed = replace(document.posed, problem=replace(problem, required=required))
    lines = draft_lines(content, [Edit(1, NOW, "o1", line_of("S1", "P2"), "remove", {})])
    (broken,) = judge(posed, lines).violations
    assert violation_text(posed, broken, "en") == (
        "required: 0 sessions of 讲座 in S1, at least 1 must be"
    )
    assert judge(posed, lines, free={("S1", "P2")}).violations == ()


@pytest.mark.parametrize(
    ("venue", "when", "code", "told"),
    [
        ("V2", "2027-01", "elsewhere", "S1 · 演出：二不在本街镇"),
        ("V1", "2027-09-04", "outside", "S1 · 演出：2027-09-04不在计划期内"),
    ],
)
def test_halls_and_months_that_do_not_fit(
    document: PlanDocument, judged, line_of: LineOf, venue: str, when: str, code: str, told: str
) -> None:
    found = judged((line_of("S1", "P1"), "place", {"venue_id": venue, "when": when}))
    assert [each for _, each in found.misplaced] == [code]
    assert document.posed is not None
    ((line, _),) = found.misplaced
    assert misplaced_text(line, code, document.posed, "zh") == told


def test_a_hall_is_full_closed_or_too_small(
    document: PlanDocument, content: dict[str, Any]
) -> None:
    assert document.posed is not None
    calendar = document.posed.calendar
    lines = draft_lines(content, [])
    for change, code in (
        ({"slots": np.zeros_like(calendar.slots)}, "full"),
        ({"open_months": np.zeros_like(calendar.open_months)}, "closed"),
        ({"seats": np.zeros_like(calendar.seats), "needs_seats": np.ones(3)}, "unsuitable"),
    ):
        posed = replace(document.posed, calendar=replace(calendar, **change))
        assert {each for _, each in judge(posed, lines).misplaced} == {code}


def test_sessions_by_month() -> None:
    def of(months: str, sessions: int) -> dict[str, int]:
        return months_of(DraftLine("l", "b", "s", "p", sessions, None, months, None))

    assert of("2027-01×2;2027-02×1", 3) == {"2027-01": 2, "2027-02": 1}
    assert of("2027-01×2", 5) == {"2027-01": 5}
    assert of("2027-03-14", 2) == {"2027-03": 2}
    assert of("", 2) == {}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_rule_has_words_of_its_own(document: PlanDocument, lang) -> None:
    assert document.posed is not None
    for rule in RULES:
        told = violation_text(document.posed, Violation(rule.name, "S1", "P1", 3, 2), lang)
        assert told
        assert (f"broken_{rule.name}" in MESSAGES) or "S1" in told


def test_a_chosen_day_is_judged_by_the_calendar(document: PlanDocument, judged, line_of) -> None:
    posed, line = document.posed, line_of("S1", "P2")
    assert posed is not None
    assert "2027-02-06" in posed.holidays  # the Spring Festival
    assert posed.early[0] == "2027-01-01"  # made on 1 December, with 45 days to prepare

    def found(day: str) -> list[str]:
        placed = judged((line, "place", {"venue_id": "", "when": day}))
        return [misplaced_text(each, code, posed, "zh") for each, code in placed.misplaced]

    (holiday,) = found("2027-02-06")
    assert "2027-02-06是法定节假日" in holiday
    (early,) = found(posed.early[0])
    assert "太早" in early
    assert found("2027-03-10") == []
