"""Suggestions as an iCalendar feed (RFC 5545)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from icalendar import Calendar, Event

from data.district_time import district_zone
from serving.messages.catalogue import text


def calendar_of(
    suggestions: Iterable[Mapping[str, Any]],
    venues: Mapping[str, str],
    ends: Mapping[str, datetime],
    *,
    made_at: datetime,
) -> bytes:
    """The feed.

    Parameters
    ----------
    suggestions
        The list, as it is sent.
    venues, ends
        The venue's name and the event's end, by event.
    made_at
        When the list was made.

    Returns
    -------
    The file: times by the district's clock, with the rules of its zone.
    """
    zone = district_zone()
    calendar = Calendar()
    calendar.add("prodid", "-//gongxu//suggestions//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", text("document.calendar", "zh"))
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    for line in suggestions:
        event = Event()
        event.add("uid", f"{line['event_id']}@gongxu")
        event.add("dtstamp", made_at)
        event.add("dtstart", line["starts_at"].astimezone(zone))
        if line["event_id"] in ends and ends[line["event_id"]] > line["starts_at"]:
            event.add("dtend", ends[line["event_id"]].astimezone(zone))
        event.add("summary", line["title"])
        if venues.get(line["event_id"]):
            event.add("location", venues[line["event_id"]])
        event.add("description", "\n".join(reason["zh"] for reason in line["reasons"]))
        # A suggestion is no appointment: it must not make anybody look busy.
        event.add("transp", "TRANSPARENT")
        event.add("status", "TENTATIVE")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    made: bytes = calendar.to_ical()
    return made
