"""A plan's days as an iCalendar file (RFC 5545), for the calendars of halls and officers."""

from datetime import date, datetime, timedelta

from icalendar import Calendar, Event

from data.district_time import district_zone
from serving.messages.catalogue import text
from serving.planning.document import PlanDocument

_LENGTH = timedelta(hours=2)
"""Of a sitting; a plan does not know more."""


def plan_calendar(document: PlanDocument) -> bytes:
    """Every planned session with its street, hall and committees; runs last for all their days.

    Parameters
    ----------
    document
        The plan.

    Returns
    -------
    The file. Entries are tentative: officers decide.
    """
    zone = district_zone()
    calendar = Calendar()
    calendar.add("prodid", "-//gongxu//plan//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", text("schedule.calendar", "zh", period=document.period))
    for row in document.lines.to_dict("records"):
        for number, each in enumerate(filter(None, str(row["dates"] or "").split(";")), start=1):
            first, _, last = each.partition("/")
            event = Event()
            event.add("uid", f"{row['line_id']}-{number}@gongxu")
            event.add("dtstamp", document.data_date)
            if last:
                event.add("dtstart", date.fromisoformat(first))
                event.add("dtend", date.fromisoformat(last) + timedelta(days=1))
            else:
                starts = datetime.fromisoformat(first).replace(tzinfo=zone)
                event.add("dtstart", starts)
                event.add("dtend", starts + _LENGTH)
            event.add("summary", f"{row['title']} · {row['street']}")
            if isinstance(row["venue"], str) and row["venue"]:
                event.add("location", row["venue"])
            event.add("description", str(row["committees"] or "").replace(";", "、"))
            event.add("status", "TENTATIVE")
            calendar.add_component(event)
    calendar.add_missing_timezones()
    made: bytes = calendar.to_ical()
    return made
