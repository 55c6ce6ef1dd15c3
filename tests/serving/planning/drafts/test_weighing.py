"""Frontiers, equal shares, one session more and the price of rules, from a kept problem."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recommender.errors import UsageError
from serving.planning.document import PlanDocument
from serving.planning.drafts.draft import draft_lines, sessions_of
from serving.planning.drafts.posed import PosedPlan
from serving.planning.drafts.weighing import (
    equal_shares_beside,
    frontier,
    one_session_more,
    prices_of_rules,
)


@pytest.fixture
def kept(document: PlanDocument) -> PosedPlan:
    assert document.posed is not None
    return document.posed


@pytest.fixture
def sessions(kept: PosedPlan, content: dict[str, Any]) -> Any:
    return sessions_of(kept, draft_lines(content, []))


def test_more_money_never_draws_fewer_people(kept: PosedPlan, content: dict[str, Any]) -> None:
    points = frontier(kept, "budget", point_s=5)
    asked = [point["asked"] for point in points]
    drawn = [point["expected"] for point in points]
    assert asked == sorted(asked)
    assert drawn == sorted(drawn)
    assert drawn[0] < drawn[-1]
    assert all(point["amount_fen"] <= point["asked"] for point in points)
    own = next(point for point in points if point["asked"] == content["summary"]["budget_fen"])
    assert own["expected"] == pytest.approx(content["summary"]["expected"], rel=0.02)
    assert all(point["matching"] is None for point in points)  # wants are not known here


def test_a_tighter_bound_on_unevenness_is_kept(kept: PosedPlan) -> None:
    for point in frontier(kept, "evenness", point_s=5):
        assert point["gini"] <= point["asked"] + 1e-9
    with pytest.raises(UsageError, match="is no frontier"):
        frontier(kept, "beauty")


def test_equal_shares_stand_beside_the_plan(
    kept: PosedPlan, sessions: Any, content: dict[str, Any]
) -> None:
    found = equal_shares_beside(kept, sessions)
    assert found["plan"]["sessions"] == content["summary"]["sessions"]
    assert found["plan"]["amount_fen"] == content["summary"]["amount_fen"]
    assert found["shares"]["amount_fen"] <= int(kept.problem.budget_fen.sum())
    assert 0 <= found["agreed"] <= 1
    differing = sum(abs(cell["plan"] - cell["shares"]) for cell in found["cells"])
    total = found["plan"]["sessions"] + found["shares"]["sessions"]
    both = round(found["agreed"] * found["plan"]["sessions"])
    assert differing == total - 2 * both


def test_one_session_more_names_what_stands_in_its_way(kept: PosedPlan, sessions: Any) -> None:
    found = one_session_more(kept, sessions, "zh")
    assert found
    assert found[0]["gain"] > 0
    dear = [each for each in found if each["title"] == "小戏"]
    assert dear
    assert any("预算" in told for told in dear[0]["broken"])
    rich = replace(
        kept,
        problem=replace(
            kept.problem, budget_fen=kept.problem.budget_fen * 100, quotas=(), settings={}
        ),
    )
    free = one_session_more(rich, sessions, "zh")
    assert free[0]["broken"] == []
    assert free[0]["title"] == "小戏"
    allowed = [not each["broken"] for each in free]
    assert allowed == sorted(allowed, reverse=True)
    none = replace(kept, problem=replace(kept.problem, allowed=np.zeros_like(kept.problem.allowed)))
    assert one_session_more(none, sessions, "zh") == []


def test_rules_are_priced_in_words_largest_first(kept: PosedPlan) -> None:
    priced = replace(
        kept,
        easing=(
            ("budget", "S1", "", 3.0),
            ("most_sessions", "S2", "", 0.0),
            ("sessions_max", "", "P2", 7.0),
        ),
    )
    if kept.problem.most_sessions is None:
        priced = replace(priced, easing=(priced.easing[0], priced.easing[2]))
    assert prices_of_rules(priced, "zh") == [
        {"rule": "目录：产品 讲座 最多可订 2 场", "gain": 7.0},
        {"rule": "S1 的预算：最多 7,000 元", "gain": 3.0},
    ]
