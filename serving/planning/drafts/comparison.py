"""Two plans side by side: figures, mix and lines."""

from collections.abc import Mapping, Sequence
from typing import Any


def compare_documents(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Two plans line by line: what the second buys more, less, or otherwise.

    Parameters
    ----------
    first, second
        Documents.

    Returns
    -------
    ``figures`` (name, first, second), ``mix`` (category with its share of both amounts), and
    ``lines`` (street, title, sessions in both), largest change first.
    """
    names = ("amount_fen", "sessions", "expected", "gini", "matching")
    before, after = first["summary"], second["summary"]
    a, b = _by_cell(first), _by_cell(second)
    lines = [
        {
            "street": told["street"],
            "title": told["title"],
            "first": a.get(cell, _NOTHING)["sessions"],
            "second": b.get(cell, _NOTHING)["sessions"],
            "amount_fen": b.get(cell, _NOTHING)["amount_fen"] - a.get(cell, _NOTHING)["amount_fen"],
        }
        for cell, told in {**a, **b}.items()
        if a.get(cell, _NOTHING)["sessions"] != b.get(cell, _NOTHING)["sessions"]
    ]
    shares = _shares(first), _shares(second)
    return {
        "figures": [
            {"name": name, "first": before.get(name), "second": after.get(name)}
            for name in names
        ],
        "mix": [
            {"category": category, "first": shares[0].get(category, 0.0),
             "second": shares[1].get(category, 0.0)}
            for category in sorted({*shares[0], *shares[1]}, key=lambda c: -shares[1].get(c, 0.0))
        ],
        "lines": sorted(lines, key=lambda line: -abs(line["amount_fen"])),
    }  # fmt: skip


_NOTHING = {"sessions": 0, "amount_fen": 0}


def _by_cell(content: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in content["lines"]:
        cell = line["street_code"], line["product_id"]
        entry = found.setdefault(
            cell, {"street": line["street"], "title": line["title"], "sessions": 0, "amount_fen": 0}
        )
        entry["sessions"] += line["sessions"]
        entry["amount_fen"] += line["amount_fen"]
    return found


def _shares(content: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in content["lines"]:
        found[line["category"]] = found.get(line["category"], 0.0) + line["amount_fen"]
    total = sum(found.values()) or 1.0
    return {category: amount / total for category, amount in found.items()}
