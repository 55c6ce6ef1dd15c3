"""Events as JSON-LD by schema.org, for search engines and calendars."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from features.time import LOCAL

_EVENT = sa.text(
    "SELECT e.event_id, coalesce(nullif(e.title, ''), p.title) AS title, p.description,"
    " p.category, e.starts_at, e.ends_at, e.seats, e.ticket_fen, e.status, v.name AS venue,"
    " v.lat, v.lon, s.name AS supplier FROM events e LEFT JOIN products p USING (product_id)"
    " LEFT JOIN venues v USING (venue_id) LEFT JOIN suppliers s USING (supplier_id)"
    " WHERE e.event_id = :event AND (e.published_at IS NULL OR e.published_at <= :now)"
)
_KIND = {
    "performance": "TheaterEvent",
    "exhibition": "ExhibitionEvent",
    "film": "ScreeningEvent",
    "lecture": "EducationEvent",
    "course": "EducationEvent",
}


def event_document(
    connection: sa.Connection, event_id: str, *, now: datetime
) -> dict[str, Any] | None:
    """An event that is published, as a schema.org ``Event``.

    Parameters
    ----------
    connection, event_id
        The database, and the event.
    now
        The clock.

    Returns
    -------
    JSON values; ``None`` when there is no such event, or it is not published yet.
    """
    found = connection.execute(_EVENT, {"event": event_id, "now": now}).mappings().first()
    if found is None:
        return None
    row = dict(found)
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
    return moment.astimezone(LOCAL).isoformat()
