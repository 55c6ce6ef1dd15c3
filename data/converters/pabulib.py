"""Pabulib: participatory budgets, what people of each area want bought (``.pb`` files)."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from data.converters.conversion import Conversion, Records, assemble
from data.converters.ledger import Ledger
from data.converters.pabulib_file import Instance, read_instance
from data.converters.source_rows import Row, age_band, number, point, slug, whole
from recommender.errors import InputRejectedError, UsageError

# Nearly all of Pabulib's towns keep this time, and votes carry no hour.
_ZONE = ZoneInfo("Europe/Warsaw")
_CATEGORIES = {"culture": "performance", "education": "course"}
_GROUPS = {
    "children": "children",
    "youth": "youth",
    "adults": "adult",
    "seniors": "senior",
    "elderly": "senior",
    "families with children": "family",
    "people with disabilities": "disabled",
    "disabled": "disabled",
}
_SEX = {"f": "f", "m": "m"}


@dataclass(slots=True)
class _Tables:
    """What grows while the files are read."""

    areas: dict[str, dict[str, Any]] = field(default_factory=dict)
    venues: Records = field(default_factory=list)
    products: Records = field(default_factory=list)
    events: Records = field(default_factory=list)
    residents: Records = field(default_factory=list)
    bookings: Records = field(default_factory=list)
    budgets: Counter[tuple[str, str]] = field(default_factory=Counter)
    people: dict[str, tuple[date, Counter[tuple[str, str]]]] = field(default_factory=dict)


def convert_pabulib(path: Path) -> Conversion:
    """Projects become products with a price, voters residents, votes bookings.

    Each project has one event, open while the vote is; a vote is an attended booking on the last
    day, since the day of a vote is not recorded. ``population`` counts the voters, the people
    whom the figures speak for.

    Parameters
    ----------
    path
        One ``.pb`` file, or a folder of them.

    Raises
    ------
    UsageError, InputRejectedError
        If there is no such file or it cannot be read as one.
    """
    files = sorted(path.glob("*.pb")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise UsageError(f"no .pb file at {path}.", "Give a .pb file or a folder of them.")
    ledger = Ledger()
    tables = _Tables()
    taken: set[str] = set()
    for file in files:
        instance = read_instance(file, ledger)
        _take(instance, tables, ledger, taken)
    return assemble(
        ledger,
        "bookings",
        areas=tables.areas.values(),
        population=[
            {"area_code": area, "age_band": band, "sex": sex, "people": people}
            for area, (_, cells) in tables.people.items()
            for (band, sex), people in sorted(cells.items())
        ],
        venues=tables.venues,
        products=tables.products,
        events=tables.events,
        residents=tables.residents,
        bookings=tables.bookings,
        budgets=[
            {"buyer_code": buyer, "period": period, "amount_fen": amount}
            for (buyer, period), amount in tables.budgets.items()
        ],
    )


def _take(instance: Instance, tables: _Tables, ledger: Ledger, taken: set[str]) -> None:
    meta = instance.meta
    unit = slug(meta.get("unit", "")) or slug(Path(instance.file).stem)
    part = meta.get("subunit") or meta.get("district") or ""
    begin, end = _vote_days(instance)
    name = "-".join(filter(None, (unit, slug(part), slug(meta.get("instance", "")))))
    while name in taken:  # two votes of one place and year are two votes
        name += "-b"
    taken.add(name)
    tables.areas.setdefault(
        unit, {"area_code": unit, "name": meta.get("unit") or unit, "level": "district"}
    )
    buyer = _street(tables, unit, part) if part else unit
    whole_area = buyer if part else ""
    projects = _projects(instance, name, whole_area, begin, end, tables, ledger)
    cells = _votes(instance, name, unit, whole_area, end, projects, tables, ledger)
    for area, counts in cells.items():
        if area not in tables.people or tables.people[area][0] <= end:
            tables.people[area] = (end, counts)
    budget = number(meta.get("budget", ""))
    if budget is not None and budget >= 0:
        tables.budgets[buyer, _quarter_after(end)] += round(budget * 100)


def _street(tables: _Tables, unit: str, part: str) -> str:
    code = f"{unit}.{slug(part)}"
    tables.areas.setdefault(
        code, {"area_code": code, "name": part, "level": "street", "parent_code": unit}
    )
    return code


def _projects(
    instance: Instance,
    name: str,
    area: str,
    begin: date,
    end: date,
    tables: _Tables,
    ledger: Ledger,
) -> dict[str, str]:
    account = f"{instance.file} PROJECTS"
    projects: dict[str, str] = {}
    codes: set[str] = set()
    for row in instance.projects:
        project = f"{name}.{slug(row['project_id'])}"
        cost = number(row["cost"])
        if not slug(row["project_id"]) or project in codes:
            ledger.set_aside(
                account, row.line, "project_id", row["project_id"], "no identifier, or repeated"
            )
            continue
        codes.add(project)
        projects[row["project_id"]] = project
        ledger.mapped(account)
        if cost is None or cost < 0:
            ledger.emptied(account, row.line, "cost", row["cost"], "not an amount")
            cost = None
        venue = _place(row, project, area, tables)
        topics = [topic.strip() for topic in row["category"].split(",") if topic.strip()]
        tables.products.append(
            {
                "product_id": project,
                "title": row["name"] or row["project_id"],
                "category": next((_CATEGORIES[t] for t in topics if t in _CATEGORIES), "activity"),
                "tags": ";".join(dict.fromkeys(topic.replace(";", ",") for topic in topics)),
                "price_fen": None if cost is None else round(cost * 100),
                "audience_groups": ";".join(_audience(row, account, ledger)),
                "sessions_max": 1,
            }
        )
        tables.events.append(
            {
                "event_id": project,
                "product_id": project,
                "venue_id": venue,
                "title": row["name"] or row["project_id"],
                "published_at": _moment(begin, 0),
                "starts_at": _moment(end, 15),
                "status": "done",
            }
        )
    return projects


def _place(row: Row, project: str, area: str, tables: _Tables) -> str:
    place = point(row["latitude"], row["longitude"])
    if place is None:
        return ""
    tables.venues.append(
        {
            "venue_id": project,
            "name": row["name"] or project,
            "area_code": area,
            "level": "street",
            "kind": "site of a project",
            "lat": place[0],
            "lon": place[1],
        }
    )
    return project


def _audience(row: Row, account: str, ledger: Ledger) -> list[str]:
    groups: dict[str, None] = {}
    for text in filter(None, (part.strip() for part in row["beneficiaries"].split(","))):
        if text.lower() in _GROUPS:
            groups[_GROUPS[text.lower()]] = None
        else:
            ledger.emptied(account, row.line, "beneficiaries", text, "no such audience group")
    return list(groups)


def _votes(
    instance: Instance,
    name: str,
    unit: str,
    whole_area: str,
    end: date,
    projects: dict[str, str],
    tables: _Tables,
    ledger: Ledger,
) -> dict[str, Counter[tuple[str, str]]]:
    account = f"{instance.file} VOTES"
    cast_at = _moment(end, 12)
    voters: set[str] = set()
    cells: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in instance.votes:
        voter = f"{name}.{slug(row['voter_id'])}"
        if not slug(row["voter_id"]) or voter in voters:
            ledger.set_aside(
                account, row.line, "voter_id", row["voter_id"], "no identifier, or repeated"
            )
            continue
        voters.add(voter)
        ledger.mapped(account)
        part = row["neighborhood"] or row["district"]
        area = whole_area or (_street(tables, unit, part) if slug(part) else "")
        if not area:
            ledger.emptied(account, row.line, "neighborhood", part, "lives in no named area")
        band, sex = _age(row, account, ledger), _SEX.get(row["sex"].lower(), "u")
        if row["sex"] and sex == "u":
            ledger.emptied(account, row.line, "sex", row["sex"], "the contract has no such value")
        tables.residents.append(
            {
                "resident_id": voter,
                "area_code": area,
                "age_band": band,
                "sex": sex,
                "personalised": True,  # the published set is there to suggest from
            }
        )
        if area and band:
            cells[area][band, sex] += 1
        for choice in dict.fromkeys(filter(None, (c.strip() for c in row["vote"].split(",")))):
            if choice not in projects:
                ledger.emptied(account, row.line, "vote", choice, "no such project in this file")
                continue
            tables.bookings.append(
                {
                    "booking_id": f"{voter}.{slug(choice)}",
                    "resident_id": voter,
                    "event_id": projects[choice],
                    "booked_at": cast_at,
                    "seats": 1,
                    "status": "attended",
                    "updated_at": cast_at,
                }
            )
    return cells


def _age(row: Row, account: str, ledger: Ledger) -> str | None:
    age = whole(row["age"])
    if age is not None and 0 <= age <= 110:
        return age_band(age)
    ledger.emptied(account, row.line, "age", row["age"], "not an age from 0 to 110")
    return None


def _vote_days(instance: Instance) -> tuple[date, date]:
    meta = instance.meta
    end = _day(meta.get("date_end", ""), last=True) or _day(meta.get("instance", ""), last=True)
    begin = _day(meta.get("date_begin", ""), last=False) or end
    if end is None or begin is None:
        raise InputRejectedError(
            f"{instance.file} does not say when the vote was.",
            "META needs date_end (dd.mm.yyyy or a year) or instance (a year).",
        )
    return min(begin, end), end


def _day(text: str, *, last: bool) -> date | None:
    match = re.fullmatch(r"(?:(\d{1,2})\.(\d{1,2})\.)?((?:19|20)\d\d)", text)
    if match is None:
        return None
    if match[1] is None:
        return date(int(match[3]), 12, 31) if last else date(int(match[3]), 1, 1)
    try:
        return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None


def _moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=_ZONE).astimezone(UTC)


def _quarter_after(day: date) -> str:
    """The quarter after a day's, as the contract writes periods: the first to be bought for."""
    quarter = (day.month + 2) // 3
    return f"{day.year + quarter // 4}Q{quarter % 4 + 1}"
