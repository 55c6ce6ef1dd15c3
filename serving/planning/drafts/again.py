"""Solving again around an officer's changes: what the draft requires and forbids."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from serving.messages.catalogue import text
from serving.planning.drafts.draft import DraftLine, draft_lines
from serving.planning.drafts.edits import LOCK, PLACE, append_edit, read_edits

Items = Mapping[str, Sequence[Mapping[str, Any]]]
"""``require`` and ``exclude``: entries of product, street and sessions, as in the rules file."""

_MOST = 200
"""Sessions of one item in the rules file."""


def items_of(lines: Sequence[DraftLine], earlier: Items, *, officer: str) -> dict[str, Any]:
    """What a draft asks of the next plan.

    Parameters
    ----------
    lines
        The draft.
    earlier
        What the plan itself had been asked for; what it excluded stays out until it is added.
    officer
        Named in the reasons.

    Returns
    -------
    Locked, added and changed lines as ``require`` (at least so many sessions), removed ones as
    ``exclude``.
    """
    wanted: dict[tuple[str, str], int] = {}
    gone: set[tuple[str, str]] = set()
    for line in lines:
        cell = line.product, line.street
        if line.removed:
            gone.add(cell)
        elif line.locked or line.added or line.sessions != line.planned_sessions:
            wanted[cell] = min(_MOST, wanted.get(cell, 0) + line.sessions)
    kept = {(line.product, line.street) for line in lines if not line.removed}
    for item in earlier.get("exclude", ()):
        if (item["product"], item["street"]) not in kept:
            gone.add((item["product"], item["street"]))
    reason = text("draft.item_reason", "zh", who=officer)
    return {
        "require": [
            {"product": product, "street": street, "sessions": sessions, "reason": reason}
            for (product, street), sessions in sorted(wanted.items())
            if sessions > 0
        ],
        "exclude": [
            {"product": product, "street": street, "reason": reason}
            for product, street in sorted(gone - set(wanted))
            if (product, street) not in kept
        ],
    }


def with_items(rules: str, items: Items) -> str:
    """A rules file with a draft's items at its end.

    Parameters
    ----------
    rules
        The officer's file; may be empty.
    items
        See :func:`items_of`.

    Returns
    -------
    TOML.
    """
    parts = [rules.rstrip()] if rules.strip() else []
    for section in ("require", "exclude"):
        for item in items.get(section, ()):
            rows = [
                f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in item.items()
            ]
            parts.append("\n".join([f"[[{section}]]", *rows]))
    return "\n\n".join(parts) + "\n" if parts else ""


def carry_over(
    connection: sa.Connection,
    parent: Mapping[str, Any],
    child: Mapping[str, Any],
    *,
    officer: str,
    now: datetime,
) -> None:
    """Begin the draft of a new plan with its parent's locks, halls and dates.

    Parameters
    ----------
    connection
        An open transaction.
    parent, child
        The documents.
    officer, now
        Who asked for the new plan, and the clock.
    """
    if read_edits(connection, child["plan_id"]):
        return
    before = {
        (line.buyer, line.street, line.product): line
        for line in draft_lines(parent, read_edits(connection, parent["plan_id"]))
        if line.touched and not line.removed
    }
    seen = 0

    def append(line_id: str, kind: str, change: Mapping[str, Any]) -> None:
        nonlocal seen
        seen = append_edit(
            connection, child["plan_id"], line_id, kind, change,
            seen=seen, officer=officer, now=now,
        )  # fmt: skip

    for line in child["lines"]:
        own = before.pop((line["buyer_code"], line["street_code"], line["product_id"]), None)
        if own is None:
            continue
        if own.locked or own.added or own.sessions != own.planned_sessions:
            append(line["line_id"], LOCK, {})
        planned = own.planned or {}
        moved = own.venue_id != planned.get("venue_id") or own.months != (
            planned.get("months") or ""
        )
        if moved and (own.venue_id or own.months):
            change = {"venue_id": own.venue_id or line["venue_id"] or "", "when": own.months}
            append(line["line_id"], PLACE, change)
