"""Events as JSON-LD by schema.org, for search engines and calendars."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.district_time import district_zone
from data.store.event_runs import LAST_ENTRY, ROOM
from recommender.errors import UnknownIdError

_EVENT = sa.text(
    f"SELECT {ROOM} AS seats, {LAST_ENTRY} AS last_entry,"
    " e.event_id, e.product_id, e.venue_id, p.supplier_id,"
    " coalesce(nullif(e.title, ''), p.title, e.event_id) AS title,"
    " p.description, p.category, p.min_age, e.starts_at, e.ends_at, e.booking_closes_at,"
    " e.ticket_fen, e.status, v.name AS venue, v.lat, v.lon, v.step_free, a.name AS area,"
    " s.name AS supplier,"
    " (SELECT coalesce(sum(coalesce(b.seats, 1)), 0) FROM bookings b WHERE b.event_id = e.event_id"
    "  AND b.status IN ('booked', 'attended', 'no_show')) AS taken,"
    " (SELECT count(*) FROM bookings b WHERE b.event_id = e.event_id"
    "  AND b.status = 'waitlisted') AS waiting"
    " FROM events e LEFT JOIN products p USING (product_id) LEFT JOIN venues v USING (venue_id)"
    " LEFT JOIN areas a ON a.area_code = v.area_code LEFT JOIN suppliers s USING (supplier_id)"
    " WHERE e.event_id = :event AND (e.published_at IS NULL OR e.published_at <= :now)"
)
_KIND = {
    "performance": "TheaterEvent",
    "exhibition": "ExhibitionEvent",
    "film": "ScreeningEvent",
    "lecture": "EducationEvent",
    "course": "EducationEvent",
}


def read_event(connection: sa.Connection, event_id: str, *, now: datetime) -> dict[str, Any]:
    """One published event with its product, venue and how many seats are taken.

    Parameters
    ----------
    connection, event_id
        The database, and the event.
    now
        The clock.

    Returns
    -------
    The row.

    Raises
    ------
    UnknownIdError
        If there is none, or it is not published yet.
    """
    row = connection.execute(_EVENT, {"event": event_id, "now": now}).mappings().first()
    if row is None:
        raise UnknownIdError("there is no such event.")
    return dict(row)


def event_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event that :func:`read_event` returned, as a schema.org ``Event`` in JSON values."""
    place: dict[str, Any] = {"@type": "VirtualLocation"}
    if row["venue"] is not None:
        place = {"@type": "Place", "name": row["venue"]}
        if row["lat"] is not None and row["lon"] is not None:
            place["geo"] = {
                "@type": "GeoCoordinates",
                "latitude": row["lat"],
                "longitude": row["lon"],
            }
    status = "EventCancelled" if row["status"] == "cancelled" else "EventScheduled"
    mode = "OnlineEventAttendanceMode" if row["venue"] is None else "OfflineEventAttendanceMode"
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": _KIND.get(row["category"], "Event"),
        "identifier": row["event_id"],
        "name": row["title"] or row["event_id"],
        "startDate": _local(row["starts_at"]),
        "eventStatus": f"https://schema.org/{status}",
        "eventAttendanceMode": f"https://schema.org/{mode}",
        "location": place,
    }
    if row["ends_at"] is not None:
        document["endDate"] = _local(row["ends_at"])
    if row["description"]:
        document["description"] = row["description"]
    if row["supplier"]:
        document["organizer"] = {"@type": "Organization", "name": row["supplier"]}
    if row["seats"] is not None:
        document["maximumAttendeeCapacity"] = row["seats"]
    if row["ticket_fen"] is not None:
        document["isAccessibleForFree"] = row["ticket_fen"] == 0
        document["offers"] = {
            "@type": "Offer",
            "price": f"{row['ticket_fen'] // 100}.{row['ticket_fen'] % 100:02d}",
            "priceCurrency": "CNY",
        }
    return document


def _local(moment: datetime) -> str:
    return moment.astimezone(district_zone()).isoformat()
