"""The Shakespeare and Company lending library, Paris 1919-1962: members, books, dated loans."""

import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from data.converters.conversion import Conversion, Records, assemble
from data.converters.ledger import Ledger
from data.converters.source_rows import Row, age_band, find, number, slug, table_rows, whole
from data.converters.standing_events import shelf_year, standing_event, standing_id
from recommender.errors import InputRejectedError

PARIS = ZoneInfo("Europe/Paris")
_CITY = "75056"  # the commune's INSEE code; arrondissements are 75101 to 75120
_LIBRARY = "shakespeare-and-company"
_LIBRARY_AREA = "75106"  # both its houses stood in the sixth arrondissement
_SEX = {"female": "f", "male": "m"}


def convert_lending_library(path: Path) -> Conversion:
    """Books become products, authors suppliers, arrondissements streets, loans bookings.

    A book stands on the shelf all year: one standing event a year
    (:mod:`data.converters.standing_events`)
    from the year of its first dated loan to the last year in which the library lent anything.

    Raises
    ------
    UsageError, InputRejectedError
        If a file is missing or nothing in it can be mapped.
    """
    ledger = Ledger()
    areas = _areas(find(path, "arrondissements.geojson"), ledger)
    codes = {str(area["area_code"]) for area in areas}
    products, suppliers = _books(find(path, "books.csv"), ledger)
    members = {row["member"]: row for row in _members(find(path, "members.csv"), ledger)}
    bookings, homes = _loans(find(path, "loans.csv"), ledger, members, products, codes)
    return assemble(
        ledger,
        "bookings",
        areas=areas,
        venues=[
            {
                "venue_id": _LIBRARY,
                "name": "Shakespeare and Company",
                "area_code": _LIBRARY_AREA if _LIBRARY_AREA in codes else "",
                "level": "private",
                "kind": "lending library",
            }
        ],
        suppliers=suppliers.values(),
        products=products.values(),
        events=_events(bookings, products),
        residents=[
            _resident(row, ledger, codes, homes, bookings_of)
            for row, bookings_of in _with_first_loan(members, bookings)
        ],
        bookings=bookings,
    )


def _areas(path: Path, ledger: Ledger) -> Records:
    account = ledger.open(path.name, "areas")
    try:
        features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputRejectedError(f"{path.name} is not GeoJSON: {error}.") from error
    areas: Records = [{"area_code": _CITY, "name": "Paris", "level": "district"}]
    for position, feature in enumerate(features, start=1):
        account.read += 1
        properties = feature.get("properties") or {}
        code = str(properties.get("c_arinsee", ""))
        if not re.fullmatch(r"751\d\d", code):
            ledger.set_aside(path.name, position, "c_arinsee", code, "not an arrondissement's code")
            continue
        centre = properties.get("geom_x_y") or {}
        ledger.mapped(path.name)
        areas.append(
            {
                "area_code": code,
                "name": f"{properties.get('l_ar', code)} {properties.get('l_aroff', '')}".strip(),
                "level": "street",
                "parent_code": _CITY,
                "lat": centre.get("lat"),
                "lon": centre.get("lon"),
            }
        )
    return sorted(areas, key=lambda area: str(area["area_code"]))


def _books(path: Path, ledger: Ledger) -> tuple[dict[str, Any], dict[str, Any]]:
    products: dict[str, Any] = {}
    suppliers: dict[str, Any] = {}
    for row in table_rows(
        path, ledger, needs=("book", "title", "genre", "author"), becomes="products, suppliers"
    ):
        book = slug(row["book"])
        if not book or book in products:
            reason = "this book stands above" if book else "no identifier"
            ledger.set_aside(path.name, row.line, "book", row["book"], reason)
            continue
        ledger.mapped(path.name)
        if not row["title"]:
            ledger.emptied(path.name, row.line, "title", "", "no title; the identifier stands in")
        author = slug(row["author"])
        if author:
            suppliers.setdefault(author, {"supplier_id": author, "name": row["author"]})
        year = whole(row["year"])
        tags = [
            *row["genre"].split("|"),
            *(["" if row["format"] == "Book" else row["format"]]),
            *row["author_nationalities"].split("|"),
        ]
        products[book] = {
            "product_id": book,
            "supplier_id": author,
            "title": row["title"] or row["book"],
            "description": f"first published {year}" if year else "",
            "category": "reading",
            "tags": ";".join(dict.fromkeys(tag.strip() for tag in tags if tag.strip())),
        }
    return products, suppliers


def _members(path: Path, ledger: Ledger) -> list[Row]:
    rows: dict[str, Row] = {}
    for row in table_rows(path, ledger, needs=("member", "gender"), becomes="residents"):
        member = row["member"]
        if not member or slug(member) != member or member in rows:
            reason = "this member stands above" if member in rows else "not an identifier"
            ledger.set_aside(path.name, row.line, "member", member, reason)
            continue
        ledger.mapped(path.name)
        rows[member] = row
    return list(rows.values())


def _loans(
    path: Path,
    ledger: Ledger,
    members: dict[str, Row],
    products: dict[str, Any],
    codes: set[str],
) -> tuple[Records, dict[str, str]]:
    bookings: Records = []
    loans: set[str] = set()
    homes: dict[str, str] = {}
    needs = ("loan", "member", "book", "start", "end")
    for row in table_rows(path, ledger, needs=needs, becomes="bookings"):
        start, end = _day(row["start"]), _day(row["end"])
        book = slug(row["book"])
        problem = None
        if not slug(row["loan"]) or slug(row["loan"]) in loans:
            problem = ("loan", "no identifier, or this loan stands above")
        elif row["member"] not in members:
            problem = ("member", "this member is not in members.csv")
        elif book not in products:
            problem = ("book", "this book is not in books.csv")
        elif start is None:
            problem = ("start", "the day of the loan is not known")
        elif end is not None and end < start:
            problem = ("end", "given back before it was lent")
        if problem or start is None:
            column, reason = problem or ("", "")
            ledger.set_aside(path.name, row.line, column, row[column], reason)
            continue
        loans.add(slug(row["loan"]))
        ledger.mapped(path.name)
        moment = datetime(start.year, start.month, start.day, 12, tzinfo=PARIS).astimezone(UTC)
        code = _arrondissement(row["arrondissement"], codes)
        if code:
            home = _arrondissement(members[row["member"]]["arrondissement"], codes)
            kept = home or homes.setdefault(row["member"], code)
            if kept != code:
                ledger.emptied(
                    path.name,
                    row.line,
                    "arrondissement",
                    row["arrondissement"],
                    "lent at another address than the one the resident is kept with",
                )
        elif row["arrondissement"] or row["city"]:
            ledger.emptied(
                path.name,
                row.line,
                "city",
                row["city"] or row["arrondissement"],
                "lent at an address outside the twenty arrondissements",
            )
        bookings.append(
            {
                "booking_id": slug(row["loan"]),
                "resident_id": row["member"],
                "event_id": standing_id(book, shelf_year(moment, PARIS)),
                "booked_at": moment,
                "seats": 1,
                "status": "attended",
                "updated_at": moment,
                "book": book,
            }
        )
    return bookings, homes


def _events(bookings: Records, products: dict[str, Any]) -> Records:
    first: dict[str, datetime] = {}
    years: set[int] = set()
    for booking in bookings:
        book, moment = booking.pop("book"), booking["booked_at"]
        first[book] = min(moment, first.get(book, moment))
        years.add(shelf_year(moment, PARIS))
    return [
        standing_event(
            book, products[book]["title"], year, first_seen=seen, zone=PARIS, venue_id=_LIBRARY
        )
        for book, seen in first.items()
        for year in sorted(years)
        if year >= shelf_year(seen, PARIS)
    ]


def _with_first_loan(
    members: dict[str, Row], bookings: Records
) -> list[tuple[Row, datetime | None]]:
    first: dict[str, datetime] = defaultdict(lambda: datetime.max.replace(tzinfo=UTC))
    for booking in bookings:
        member = booking["resident_id"]
        first[member] = min(first[member], booking["booked_at"])
    return [(row, first.get(member)) for member, row in members.items()]


def _resident(
    row: Row, ledger: Ledger, codes: set[str], homes: dict[str, str], first_loan: datetime | None
) -> dict[str, object]:
    file, member = "members.csv", row["member"]
    home = _arrondissement(row["arrondissement"], codes)
    if not home and (row["arrondissement"] or row["city"]):
        ledger.emptied(
            file,
            row.line,
            "city",
            row["city"] or row["arrondissement"],
            "lived outside the twenty arrondissements",
        )
    sex = _SEX.get(row["gender"].lower(), "")
    if row["gender"] and not sex:
        ledger.emptied(file, row.line, "gender", row["gender"], "the contract has no such value")
    band = ""
    if row["birth_year"]:
        born = whole(row["birth_year"])
        age = first_loan.year - born if first_loan and born else None
        if first_loan is None:
            reason = "no dated loan to reckon an age at"
        elif age is None or not 0 <= age <= 110:
            reason = "an age at the first loan that cannot be"
        else:
            band, reason = age_band(age), ""
        if reason:
            ledger.emptied(file, row.line, "birth_year", row["birth_year"], reason)
    return {
        "resident_id": member,
        "area_code": home or homes.get(member, ""),
        "personalised": True,  # the published set is there to suggest from
        "age_band": band or None,
        "sex": sex or "u",
    }


def _arrondissement(text: str, codes: set[str]) -> str:
    value = number(text)
    if value is None or value != int(value):
        return ""
    code = f"751{int(value):02d}"
    return code if code in codes else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", text) else None
    except ValueError:
        return None
