"""What a draft asks of the next plan, as rules; the next draft begins with locks and halls."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from data.store.store import Store
from serving.planning.drafts.again import carry_over, items_of, with_items
from serving.planning.drafts.draft import draft_lines
from serving.planning.drafts.edits import Edit, append_edit, read_edits
from serving.planning.rules_file import parse_rules

NOW = datetime(2026, 12, 2, tzinfo=UTC)
LineOf = Callable[[str, str], str]
ADDED = {"street": "S2", "product": "P3", "buyer": "S2", "sessions": 1}


def draft(content: dict[str, Any], *told: tuple[str, str, dict[str, Any]]) -> Any:
    edits = [Edit(n, NOW, "o1", *each) for n, each in enumerate(told, start=1)]
    return draft_lines(content, edits)


def test_locked_changed_and_added_are_required_and_removed_is_forbidden(
    content: dict[str, Any], line_of: LineOf
) -> None:
    lines = draft(
        content,
        (line_of("S1", "P1"), "lock", {}),
        (line_of("S1", "P2"), "sessions", {"sessions": 2}),
        (line_of("S2", "P1"), "remove", {}),
        ("new", "add", ADDED),
    )
    items = items_of(lines, {}, officer='王"五')
    wanted = [(each["product"], each["street"], each["sessions"]) for each in items["require"]]
    assert wanted == [("P1", "S1", 1), ("P2", "S1", 2), ("P3", "S2", 1)]
    assert [(each["product"], each["street"]) for each in items["exclude"]] == [("P1", "S2")]
    rules = parse_rules(with_items("[plan]\ncaution = 0.5\n", items))
    assert rules.plan.caution == 0.5
    assert [(each.product, each.street, each.sessions) for each in rules.require] == wanted
    assert [(each.product, each.street) for each in rules.exclude] == [("P1", "S2")]
    assert rules.require[0].reason == '王"五在草稿中的修改'
    assert with_items("", {}) == ""


def test_what_was_excluded_before_stays_out_until_it_is_added_again(
    content: dict[str, Any],
) -> None:
    earlier = {"exclude": [{"product": "P3", "street": "S2", "reason": "x"}]}
    assert [
        (each["product"], each["street"])
        for each in items_of(draft(content), earlier, officer="o1")["exclude"]
    ] == [("P3", "S2")]
    again = items_of(draft(content, ("new", "add", ADDED)), earlier, officer="o1")
    assert again["exclude"] == []
    assert [each["product"] for each in again["require"]] == ["P3"]


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.connect(database_url)
    yield store
    store.close()


def test_the_next_draft_begins_with_locks_halls_and_dates(
    store: Store, content: dict[str, Any], line_of: LineOf
) -> None:
    child = {
        **content,
        "plan_id": "PLAN-child",
        "lines": [
            {**line, "line_id": line["line_id"].replace(content["plan_id"], "PLAN-child")}
            for line in content["lines"]
        ],
    }
    place = {"venue_id": "V1", "when": "2027-02-20"}
    with store.engine.begin() as connection:
        for seen, (line, kind, change) in enumerate(
            [
                (line_of("S1", "P1"), "lock", {}),
                (line_of("S1", "P1"), "place", place),
                (line_of("S2", "P1"), "remove", {}),
            ]
        ):
            append_edit(
                connection, content["plan_id"], line, kind, change,
                seen=seen, officer="o1", now=NOW,
            )  # fmt: skip
        for _ in range(2):  # a plan that came again keeps its draft
            carry_over(connection, content, child, officer="o1", now=NOW)
        edits = read_edits(connection, "PLAN-child")
    (line,) = [each for each in draft_lines(child, edits) if each.touched]
    assert (line.street, line.product, line.locked) == ("S1", "P1", True)
    assert (line.venue_id, line.months) == ("V1", "2027-02-20")
    assert [each.kind for each in edits] == ["lock", "place"]
