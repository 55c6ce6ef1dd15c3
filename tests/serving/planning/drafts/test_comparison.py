"""Two plans side by side: what was added, dropped and changed."""

import copy
from typing import Any

import pytest

from serving.planning.drafts.comparison import compare_documents


def test_a_plan_differs_from_itself_in_nothing(content: dict[str, Any]) -> None:
    found = compare_documents(content, content)
    assert found["lines"] == []
    assert all(each["first"] == each["second"] for each in found["figures"])
    assert sum(each["first"] for each in found["mix"]) == pytest.approx(1)


def test_lines_added_dropped_and_changed(content: dict[str, Any]) -> None:
    other = copy.deepcopy(content)
    by_cell = {(line["street_code"], line["product_id"]): line for line in other["lines"]}
    by_cell["S1", "P2"]["sessions"] = 3
    by_cell["S1", "P2"]["amount_fen"] = 300_000
    other["lines"].remove(by_cell["S2", "P1"])
    added = {**by_cell["S1", "P1"], "product_id": "P3", "title": "小戏", "amount_fen": 600_000}
    other["lines"].append(added)
    other["summary"]["sessions"] = 6
    found = compare_documents(content, other)
    told = [(e["street"], e["title"], e["first"], e["second"], e["amount_fen"])
            for e in found["lines"]]  # fmt: skip
    assert told == [
        ("S1", "小戏", 0, 1, 600_000),
        ("S2", "演出", 1, 0, -500_000),
        ("S1", "讲座", 1, 3, 200_000),
    ]
    figures = {each["name"]: (each["first"], each["second"]) for each in found["figures"]}
    assert figures["sessions"] == (content["summary"]["sessions"], 6)
