"""What a plan says on paper, the same in workbook and PDF: one buyer's part, rows, comparisons."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from serving.messages.catalogue import text
from serving.planning.document import PlanDocument
from serving.planning.explanations import group_label

LINE_COLUMNS = (
    "line", "street", "product", "venue", "dates", "sessions", "amount_yuan", "expected",
    "interval", "last_year", "decision", "new_sessions", "reason", "no_interest",
)  # fmt: skip
"""Columns of the printed lines; their headings are in ``serving/messages/workbook.py``."""

DECISION_COLUMNS = LINE_COLUMNS[-4:]
"""What officers fill in."""

SUMS = ("sessions", "amount_yuan", "expected")
"""Columns with a subtotal on every page."""

WIDTHS = (4.8, 7.5, 25.4, 12.2, 9.2, 4.8, 9.2, 5.4, 7.2, 8.0, 6.5, 5.4, 11.0, 5.4)
"""Widths of the printed columns in characters of a workbook; together as wide as A4 across."""


def say(name: str, **values: object) -> str:
    """A sentence of the plan's papers, in Chinese."""
    return text(f"workbook.{name}", "zh", **values)


def buyers_of(document: PlanDocument) -> list[tuple[str, str]]:
    """Code and name of every buyer with lines, largest amount first."""
    lines = document.lines
    amounts = lines.groupby(["buyer_code", "buyer"], sort=True)["amount_fen"].sum()
    order = amounts.sort_values(ascending=False, kind="stable").index
    return [(str(code), str(name)) for code, name in order]


def for_buyer(document: PlanDocument, buyer: str) -> PlanDocument:
    """One buyer's part of a plan.

    Parameters
    ----------
    document
        The plan.
    buyer
        Its area code.

    Returns
    -------
    A document with the buyer's lines and their figures; rules, stages and what was left out are
    the plan's.
    """
    lines = document.lines[document.lines["buyer_code"] == buyer]
    amount, expected = int(lines["amount_fen"].sum()), float(lines["expected"].sum())
    own = document.summary.get("buyers", {}).get(buyer, {})
    streets = [str(code) for code in lines["street_code"].unique()]
    degrees = document.summary.get("matching_by_street", {})
    summary = {
        **document.summary,
        "budget_fen": own.get("budget_fen", document.summary["budget_fen"]),
        "amount_fen": amount,
        "sessions": int(lines["sessions"].sum()),
        "products": int(lines["product_id"].nunique()),
        "suppliers": int(lines["supplier_id"].nunique()),
        "streets": len(streets),
        "expected": expected,
        "low": own.get("low", float(lines["low"].sum())),
        "high": own.get("high", float(lines["high"].sum())),
        "fen_per_attendance": amount / expected if expected > 0 else None,
        "gini": None,  # says something of all streets together
        "matching": degrees.get(streets[0]) if len(streets) == 1 else None,
        "new_products_share": float(
            lines.loc[lines["new"].astype(bool), "amount_fen"].sum() / max(amount, 1)
        ),
    }
    return replace(
        document,
        lines=lines.reset_index(drop=True),
        summary=summary,
        last_year=document.last_year[document.last_year["street_code"].isin(streets)],
    )


def buyer_name(document: PlanDocument) -> str:
    """The name of the only buyer; of a plan of several that of the whole district."""
    names = [name for _, name in buyers_of(document)]
    return names[0] if len(names) == 1 else say("whole_district")


def printed_lines(document: PlanDocument) -> pd.DataFrame:
    """The lines as they are printed, by buyer and street, largest amount first.

    Parameters
    ----------
    document
        The plan, or one buyer's part of it.

    Returns
    -------
    Columns :data:`LINE_COLUMNS`: texts, and numbers in ``sessions``, ``amount_yuan``,
    ``expected`` (whole people) and ``new_sessions``; and ``people``, the expected attendances
    before rounding, so that totals are rounded once. The index is the lines' own.
    """
    lines = document.lines
    spent = lines.groupby(["buyer_code", "street_code"])["amount_fen"].transform("sum")
    own = lines.groupby("buyer_code")["amount_fen"].transform("sum")
    order = lines.assign(own=-own, spent=-spent, amount=-lines["amount_fen"]).sort_values(
        ["own", "buyer_code", "spent", "street_code", "amount", "line_id"], kind="stable"
    )
    several = len(buyers_of(document)) > 1
    known = {(row.street_code, row.category): row for row in document.last_year.itertuples()}
    rows = [
        {
            "line": short_id(row["line_id"]),
            "street": _street(row, several=several),
            "product": _product(row),
            "venue": _word(row["venue"]) or say("no_venue"),
            "dates": _dates(row["dates"], row["months"]),
            "sessions": int(row["sessions"]),
            "amount_yuan": row["amount_fen"] / 100,
            "expected": whole(row["expected"]),
            "interval": f"{whole(row['low']):,}–{whole(row['high']):,}",
            "last_year": _last_year(known.get((row["street_code"], row["category"]))),
            **_decided(document, row["line_id"]),
            "people": float(row["expected"]),
        }
        for row in order.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=[*LINE_COLUMNS, "people"], index=order.index)


def totals_of(rows: pd.DataFrame) -> dict[str, float]:
    """Sums of printed lines, people rounded once; see :data:`SUMS`."""
    return {
        name: float(whole(rows["people"].sum()) if name == "expected" else rows[name].sum())
        for name in SUMS
    }


def short_id(line_id: str) -> str:
    """A line's number within its plan."""
    return str(line_id).rpartition("-")[2]


def whole(people: float | None) -> int:
    """People are whole."""
    return round(people) if people is not None and people == people else 0


def category_label(category: str) -> str:
    """A category as officers call it."""
    return group_label(f"category.{category}")


def wants_beside(document: PlanDocument) -> list[dict[str, Any]]:
    """Every category: what it is wanted for, what it gets, and what it was last year.

    Parameters
    ----------
    document
        The plan, or one buyer's part of it.

    Returns
    -------
    Rows of ``label``, ``wants`` (share, ``None``: not known), ``attendances``, ``amount`` (shares
    of the plan), ``sessions``, and last year's ``last_sessions``, ``last_amount_yuan`` and
    ``last_attendances`` (``None``: none known); most wanted first.
    """
    lines, before = document.lines, document.last_year
    wants = _of_streets(document, "wants")
    if not wants:
        told = document.summary.get("wants", {})
        wants = {name: each["wants"] for name, each in told.items()}
    names = dict.fromkeys([*wants, *lines["category"], *before["category"]])
    rows = []
    for name in names:
        mine, then = lines[lines["category"] == name], before[before["category"] == name]
        people = then["attendances"].dropna()
        rows.append(
            {
                "label": category_label(str(name)),
                "wants": wants.get(name),
                "attendances": _part(mine["expected"], lines["expected"]),
                "amount": _part(mine["amount_fen"], lines["amount_fen"]),
                "sessions": int(mine["sessions"].sum()),
                "last_sessions": int(then["sessions"].sum()) if len(before) else None,
                "last_amount_yuan": float(then["amount_fen"].sum()) / 100 if len(before) else None,
                "last_attendances": int(people.sum()) if len(people) else None,
            }
        )
    return sorted(rows, key=lambda row: -(row["wants"] or row["attendances"]))


def audiences_beside(document: PlanDocument) -> list[dict[str, Any]]:
    """Every audience group: its share of residents, wants, the plan's attendances and its money.

    Parameters
    ----------
    document
        The plan, or one buyer's part of it.

    Returns
    -------
    Rows of ``group``, ``label``, ``residents`` (share, ``None`` for groups that are about no age),
    ``wants`` (``None``: not known), ``attendances``, ``amount``; a product of several groups
    counts for each in equal parts.
    """
    lines = document.lines
    ages, wants = _of_streets(document, "ages"), _of_streets(document, "audiences")
    money: dict[str, float] = dict.fromkeys([*ages, *wants], 0.0)
    people: dict[str, float] = dict.fromkeys([*ages, *wants], 0.0)
    for named, amount, expected in zip(
        lines["audience"], lines["amount_fen"], lines["expected"], strict=True
    ):
        groups = [each for each in _word(named).split(";") if each] or ["all"]
        for group in groups:
            money[group] = money.get(group, 0.0) + amount / len(groups)
            people[group] = people.get(group, 0.0) + expected / len(groups)
    paid, came = max(1.0, sum(money.values())), max(1e-9, sum(people.values()))
    return [
        {
            "group": group,
            "label": group_label(f"audience.{group}"),
            "residents": ages.get(group),
            "wants": wants.get(group, 0.0) if wants else None,
            "attendances": people[group] / came,
            "amount": amount / paid,
        }
        for group, amount in sorted(money.items(), key=lambda item: -item[1])
    ]


def _of_streets(document: PlanDocument, what: str) -> dict[str, float]:
    """Shares of the document's streets together, by their people; empty where any is unknown.

    Of what is bought for the district alone, all streets.
    """
    known: Mapping[str, Any] = document.summary.get("of_streets", {})
    codes = [str(code) for code in document.lines["street_code"].unique()]
    own = [known[code] for code in codes if code in known] or list(known.values())
    if not own or not all(each.get(what) for each in own):
        return {}
    total = sum(each["people"] for each in own) or 1
    sums: dict[str, float] = {}
    for each in own:
        for name, share in each[what].items():
            sums[name] = sums.get(name, 0.0) + share * each["people"] / total
    return sums


def _part(part: "pd.Series[Any]", of: "pd.Series[Any]") -> float:
    return float(part.sum()) / max(float(of.sum()), 1e-9)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _product(row: Mapping[Any, Any]) -> str:
    marks = ("★" if row["new"] else "") + ("▲" if row["warnings"] else "")
    below = "・".join(filter(None, (category_label(row["category"]), _word(row["supplier"]))))
    return f"{marks}{_word(row['title'])}\n{below}"


def _street(row: Mapping[Any, Any], *, several: bool) -> str:
    """The street, and who pays for it where that is somebody else."""
    street, buyer = _word(row["street"]), _word(row["buyer"])
    own = not several or row["buyer_code"] == row["street_code"]
    return street if own else f"{street}\n{buyer}"


def _dates(dates: Any, months: Any) -> str:
    """Days and hours, ``12-16 周六`` and ``14:00`` below; or months where no day is known."""
    lines = []
    for each in filter(None, _word(dates).split(";")):
        first, _, last = each.partition("/")
        day = date.fromisoformat(first[:10])
        weekday = text(
            "document.weekday", "zh", day=text(f"document.weekday_{day.weekday()}", "zh")
        )
        lines.append(f"{day.month}-{day.day} {'' if last else weekday}".strip())
        if last:
            until = date.fromisoformat(last[:10])
            lines[-1] = say("run_of_days", first=lines[-1], last=f"{until.month}-{until.day}")
        elif first[11:]:
            lines.append(first[11:])
    if lines:
        return "\n".join(lines)
    found = re.findall(r"\d{4}-0?(\d+)×(\d+)", _word(months))
    return "\n".join(text("document.month", "zh", month=m, sessions=n) for m, n in found)


def _last_year(row: Any) -> str:
    if row is None:
        return "—"
    came = "—" if pd.isna(row.attendances) else f"{int(row.attendances):,}"
    return say("last_year_cell", sessions=int(row.sessions), people=came)


def _decided(document: PlanDocument, line_id: str) -> dict[str, Any]:
    made = document.decided.get(line_id)
    if made is None:
        return dict.fromkeys(DECISION_COLUMNS, None)
    return {
        "decision": say(f"decision_{made.decision}"),
        "new_sessions": made.sessions if made.decision == "change" else None,
        "reason": made.reason,
        "no_interest": say("yes"),
    }


def notes_of(document: PlanDocument) -> list[tuple[str, str, str, str]]:
    """Warnings of the plan and of its lines: line, street, product, words."""
    rows = [("", "", "", warning) for warning in document.warnings]
    told = document.lines[document.lines["warnings"] != ""]
    for row in told.to_dict("records"):
        words: Sequence[str] = str(row["warnings"]).split(";")
        rows.append((short_id(row["line_id"]), row["street"], row["title"], "；".join(words)))
    return rows
