"""Edits applied in their order give the draft; the signed document stays as it is."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from serving.planning.document import PlanDocument
from serving.planning.drafts.draft import draft_lines, sessions_of
from serving.planning.drafts.edits import Edit

NOW = datetime(2026, 12, 2, tzinfo=UTC)
LineOf = Callable[[str, str], str]


def edits(*told: tuple[str, str, Mapping[str, Any]]) -> list[Edit]:
    return [Edit(n, NOW, "o1", *each) for n, each in enumerate(told, start=1)]


def test_without_edits_the_draft_is_the_plan(
    document: PlanDocument, content: dict[str, Any]
) -> None:
    lines = draft_lines(content, [])
    assert not any(line.touched or line.locked or line.removed or line.added for line in lines)
    assert document.posed is not None
    assert sessions_of(document.posed, lines).sum() == content["summary"]["sessions"]


def test_every_kind_of_change(
    document: PlanDocument, content: dict[str, Any], line_of: LineOf
) -> None:
    before = copy.deepcopy(content)
    first, second, third = line_of("S1", "P1"), line_of("S1", "P2"), line_of("S2", "P1")
    added = {"street": "S2", "product": "P3", "buyer": "S2", "sessions": 1}
    told = edits(
        (first, "lock", {}),
        (second, "sessions", {"sessions": 2}),
        (second, "place", {"venue_id": "V1", "when": "2027-03-14"}),
        (third, "remove", {}),
        ("new", "add", added),
        ("unknown", "remove", {}),
    )
    lines = {line.line_id: line for line in draft_lines(content, told)}
    assert lines[first].locked
    assert (lines[second].sessions, lines[second].planned_sessions) == (2, 1)
    assert (lines[second].venue_id, lines[second].months) == ("V1", "2027-03-14")
    assert (lines[third].removed, lines[third].counted, lines[third].sessions) == (True, 0, 1)
    assert lines["new"].added
    assert {line.line_id for line in lines.values() if line.touched} == {
        first, second, third, "new",
    }  # fmt: skip
    assert document.posed is not None
    counts = sessions_of(document.posed, list(lines.values()))
    assert counts[:, :, :].sum(axis=0).tolist() == [[1, 2, 0], [0, 1, 1]]
    assert content == before


@pytest.mark.parametrize(
    "kinds", [("remove", "restore"), ("lock", "unlock"), ("lock", "remove", "reset")]
)
def test_what_is_taken_back_leaves_no_trace(
    content: dict[str, Any], line_of: LineOf, kinds: tuple[str, ...]
) -> None:
    line = line_of("S1", "P1")
    lines = draft_lines(content, edits(*((line, kind, {}) for kind in kinds)))
    assert lines == draft_lines(content, [])


def test_an_added_line_that_is_removed_is_gone(content: dict[str, Any]) -> None:
    added = {"street": "S2", "product": "P3", "buyer": "S2", "sessions": 1}
    told = edits(("new", "add", added), ("new", "remove", {}))
    assert len(draft_lines(content, told[:1])) == len(content["lines"]) + 1
    assert len(draft_lines(content, told)) == len(content["lines"])
