"""MovieTweetings: films, and ratings said on Twitter (``movies.dat``, ``ratings.dat``)."""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from data.converters.conversion import Conversion, Records, assemble
from data.converters.ledger import Ledger
from data.converters.source_rows import epoch, find, separated_rows, slug, whole
from data.converters.standing_events import shelf_year, standing_event, standing_id

_ZONE = ZoneInfo("UTC")
_YEAR = re.compile(r"\((\d{4})\)\s*$")
_REGION, _AUDIENCE = "movietweetings", "movietweetings.all"


def convert_movietweetings(path: Path) -> Conversion:
    """Films become products, each rating an attended booking and a rating.

    Tags are the genres and the year of the title. A film is on offer all the time, so it has one
    standing event a year (:mod:`data.converters.standing_events`), known from its first rating.
    Stars are
    the 0-10 scale halved and rounded down, at least 1: only full ones count. Everybody lives in
    one area: the source knows no places.

    Raises
    ------
    UsageError, InputRejectedError
        If a file is missing or nothing in it can be mapped.
    """
    ledger = Ledger()
    products: dict[str, dict[str, object]] = {}
    films = find(path, "movies.dat")
    for row in separated_rows(
        films, ledger, ("id", "title", "genres"), separator="::", becomes="products"
    ):
        film = slug(row["id"])
        if not film or not row["title"]:
            ledger.set_aside(films.name, row.line, "id", row["id"], "no identifier or no title")
        elif f"f{film}" in products:
            ledger.set_aside(films.name, row.line, "id", row["id"], "this film stands above")
        else:
            ledger.mapped(films.name)
            products[f"f{film}"] = {
                "product_id": f"f{film}",
                "title": row["title"],
                "category": "film",
                "tags": ";".join(_tags(row["title"], row["genres"])),
            }
    bookings, ratings = _ratings(find(path, "ratings.dat"), products, ledger)
    first_seen: dict[str, datetime] = {}
    years: set[tuple[str, int]] = set()
    for booking in bookings:
        film, moment = booking.pop("film"), booking["booked_at"]
        first_seen[film] = min(moment, first_seen.get(film, moment))
        years.add((film, shelf_year(moment, _ZONE)))
    last = max((year for _, year in years), default=0)
    events = [
        standing_event(film, str(products[film]["title"]), year, first_seen=seen, zone=_ZONE)
        for film, seen in first_seen.items()
        for year in range(shelf_year(seen, _ZONE), last + 1)
    ]
    people = dict.fromkeys(booking["resident_id"] for booking in bookings)
    return assemble(
        ledger,
        "bookings",
        areas=[
            {"area_code": _REGION, "name": "MovieTweetings", "level": "district"},
            {
                "area_code": _AUDIENCE,
                "name": "everybody who rated",
                "level": "street",
                "parent_code": _REGION,
            },
        ],
        products=products.values(),
        events=events,
        # The published set is there to suggest from.
        residents=[
            {"resident_id": person, "area_code": _AUDIENCE, "personalised": True}
            for person in people
        ],
        bookings=bookings,
        ratings=ratings,
    )


def _tags(title: str, genres: str) -> list[str]:
    """Genres, and the year that stands in brackets behind a title."""
    year = _YEAR.search(title)
    return [g.strip() for g in genres.split("|") if g.strip()] + ([year[1]] if year else [])


def _ratings(
    path: Path, products: dict[str, dict[str, object]], ledger: Ledger
) -> tuple[Records, Records]:
    bookings: Records = []
    ratings: Records = []
    seen: set[tuple[str, str]] = set()
    columns = ("user", "film", "rating", "timestamp")
    for row in separated_rows(path, ledger, columns, separator="::", becomes="bookings, ratings"):
        user, film = slug(row["user"]), f"f{slug(row['film'])}"
        mark, moment = whole(row["rating"]), epoch(row["timestamp"])
        problem = None
        if not user:
            problem = ("user", "no identifier")
        elif film not in products:
            problem = ("film", "this film is not in movies.dat")
        elif mark is None or not 0 <= mark <= 10:
            problem = ("rating", "not a whole number from 0 to 10")
        elif moment is None:
            problem = ("timestamp", "not seconds since 1970 between 1990 and 2100")
        elif (user, film) in seen:
            problem = ("film", "this user rated this film above")
        if problem or mark is None or moment is None:
            column, reason = problem or ("", "")
            ledger.set_aside(path.name, row.line, column, row[column], reason)
            continue
        seen.add((user, film))
        ledger.mapped(path.name)
        event = standing_id(film, shelf_year(moment, _ZONE))
        bookings.append(
            {
                "booking_id": f"u{user}-{film}",
                "resident_id": f"u{user}",
                "event_id": event,
                "booked_at": moment,
                "seats": 1,
                "status": "attended",
                "updated_at": moment,
                "film": film,
            }
        )
        ratings.append(
            {
                "resident_id": f"u{user}",
                "event_id": event,
                "stars": max(1, mark // 2),
                "rated_at": moment,
            }
        )
    return bookings, ratings
