"""Meetup: groups, their events and members, and who said yes or no to what."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from data.converters.conversion import Conversion, Records, assemble
from data.converters.ledger import Ledger
from data.converters.source_rows import epoch, find, point, slug, table_rows, whole

_REGION, _EVERYWHERE = "meetup", "meetup.all"
_STATUS = {"past": "done", "upcoming": "open", "cancelled": "cancelled"}
# Nobody brings more than this many guests; a larger number is a slip or a joke.
_GUESTS_MAX = 50

_Table = dict[str, dict[str, Any]]


def convert_meetup(path: Path) -> Conversion:
    """Groups become suppliers, event series products, RSVPs bookings.

    Events of one group under one name are sittings of one product. Whoever joined a group follows
    it from then on. A *yes* is a booking, a *no*
    a cancelled one; an answer changed later was first given at ``created`` and has its present
    state since ``mtime``. Members' homes are not in the source: all live in one area.

    Raises
    ------
    UsageError, InputRejectedError
        If a file is missing or nothing in it can be mapped.
    """
    ledger = Ledger()
    groups = _groups(path, ledger)
    topics, names = _topics(path, ledger, groups)
    venues = _venues(path, ledger)
    events, products = _events(path, ledger, groups, topics, venues)
    members, follows = _members(path, ledger, names, groups)
    bookings = _rsvps(path, ledger, events, members)
    return assemble(
        ledger,
        "bookings",
        areas=[
            {"area_code": _REGION, "name": "Meetup", "level": "district"},
            {
                "area_code": _EVERYWHERE,
                "name": "where the groups meet",
                "level": "street",
                "parent_code": _REGION,
            },
        ],
        venues=venues.values(),
        suppliers=groups.values(),
        products=products.values(),
        events=events.values(),
        residents=members.values(),
        bookings=bookings,
        follows=follows,
    )


def _groups(path: Path, ledger: Ledger) -> _Table:
    groups: _Table = {}
    file = find(path, "groups.csv")
    for row in table_rows(file, ledger, needs=("id", "name"), becomes="suppliers"):
        group = slug(row["id"])
        if not group or group in groups:
            ledger.set_aside(file.name, row.line, "id", row["id"], "no identifier, or repeated")
            continue
        ledger.mapped(file.name)
        founded = epoch(row["created"], per_second=1000)
        groups[group] = {
            "supplier_id": group,
            "name": row["name"] or group,
            "active_since": founded.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
            if founded
            else None,
        }
    return groups


def _topics(
    path: Path, ledger: Ledger, groups: _Table
) -> tuple[dict[str, list[str]], dict[str, str]]:
    file = path / "groups_topics.csv"
    of_group: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    if not file.is_file():
        return of_group, names
    for row in table_rows(file, ledger, needs=("groupId", "name", "id"), becomes="product tags"):
        name = row["name"].replace(";", ",")
        if slug(row["groupId"]) not in groups or not name:
            ledger.set_aside(file.name, row.line, "groupId", row["groupId"], "unknown group")
            continue
        ledger.mapped(file.name)
        of_group.setdefault(slug(row["groupId"]), []).append(name)
        names[row["id"]] = name
    return of_group, names


def _venues(path: Path, ledger: Ledger) -> _Table:
    venues: _Table = {}
    file = find(path, "venues.csv")
    for row in table_rows(file, ledger, needs=("id", "name", "lat", "lon"), becomes="venues"):
        venue = str(whole(row["id"]) or "") or slug(row["id"])
        place = point(row["lat"], row["lon"])
        if not venue:
            ledger.set_aside(file.name, row.line, "id", row["id"], "no identifier")
        elif venue in venues:
            # The source repeats a venue when its point was corrected; the first is kept.
            ledger.merged(file.name)
            known = venues[venue]
            if place and place != (known["lat"], known["lon"]):
                ledger.emptied(
                    file.name,
                    row.line,
                    "lat",
                    f"{row['lat']},{row['lon']}",
                    "this venue stands above with another point",
                )
        else:
            ledger.mapped(file.name)
            if place is None:
                ledger.emptied(
                    file.name, row.line, "lat", f"{row['lat']},{row['lon']}", "not a point"
                )
            lat, lon = place or (None, None)
            venues[venue] = {
                "venue_id": venue,
                "name": row["name"] or venue,
                "area_code": _EVERYWHERE,
                "level": "private",
                "lat": lat,
                "lon": lon,
            }
    return venues


def _events(
    path: Path, ledger: Ledger, groups: _Table, topics: dict[str, list[str]], venues: _Table
) -> tuple[_Table, _Table]:
    events: _Table = {}
    products: _Table = {}
    file = find(path, "events.csv")
    needs = ("id", "name", "time", "group_id", "venue_id")
    for row in table_rows(file, ledger, needs=needs, becomes="events, products"):
        event, group = slug(row["id"]), slug(row["group_id"])
        starts_at = epoch(row["time"], per_second=1000)
        if not event or event in events:
            problem = ("id", "no identifier, or repeated")
        elif group not in groups:
            problem = ("group_id", "this group is not in groups.csv")
        elif starts_at is None:
            problem = ("time", "not milliseconds since 1970 between 1990 and 2100")
        else:
            problem = None
        if problem:
            ledger.set_aside(file.name, row.line, problem[0], row[problem[0]], problem[1])
            continue
        ledger.mapped(file.name)
        venue = str(whole(row["venue_id"]) or "") or slug(row["venue_id"])
        if venue and venue not in venues:
            ledger.emptied(file.name, row.line, "venue_id", row["venue_id"], "not in venues.csv")
            venue = ""
        elif not venue:
            ledger.emptied(file.name, row.line, "venue_id", "", "no venue: read as online")
        title = row["name"] or f"{groups[group]['name']} ({event})"
        product = _series(group, title)
        products.setdefault(
            product,
            {
                "product_id": product,
                "supplier_id": group,
                "title": title,
                "category": "activity",
                "tags": ";".join(dict.fromkeys(topics.get(group, []))),
            },
        )
        events[event] = {
            "event_id": event,
            "product_id": product,
            "venue_id": venue,
            "title": title,
            "starts_at": starts_at,
            "status": _STATUS.get(row["status"], "done" if not row["status"] else None),
        }
    return events, products


def _series(group: str, title: str) -> str:
    name = " ".join(title.casefold().split())
    return f"{group}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _members(
    path: Path, ledger: Ledger, names: dict[str, str], groups: _Table
) -> tuple[_Table, Records]:
    members: _Table = {}
    chosen: dict[tuple[str, str], None] = {}
    memberships: dict[tuple[str, str], datetime] = {}
    read_at: datetime | None = None
    file = find(path, "members.csv")
    for row in table_rows(file, ledger, needs=("id", "joined"), becomes="residents, follows"):
        member = slug(row["id"])
        if not member:
            ledger.set_aside(file.name, row.line, "id", row["id"], "no identifier")
            continue
        joined = epoch(row["joined"], per_second=1000)
        if joined is None:
            ledger.emptied(file.name, row.line, "joined", row["joined"], "not a moment")
        else:
            read_at = max(joined, read_at or joined)
        if member in members:
            ledger.merged(file.name)
            earlier = members[member]["joined_at"]
            members[member]["joined_at"] = min(filter(None, (joined, earlier)), default=None)
        else:
            ledger.mapped(file.name)
            members[member] = _member(member, joined)
        # A row is a membership: ``joined`` is when the member joined that group.
        group = slug(row["groupId"])
        if group in groups and joined is not None:
            memberships[member, group] = min(joined, memberships.get((member, group), joined))
        topics = [topic.strip() for topic in row["topics"].split(";") if topic.strip()]
        chosen.update(((member, names[topic]), None) for topic in topics if topic in names)
        nameless = [topic for topic in topics if topic not in names]
        if nameless:
            ledger.emptied(
                file.name,
                row.line,
                "topics",
                ";".join(nameless),
                "topics that no group has, so that the source gives no name for them",
            )
    # When a topic was chosen is not recorded; it is known only from when the profiles were read.
    follows: Records = [
        {"resident_id": member, "target_kind": "tag", "target": topic, "since": read_at}
        for member, topic in chosen
    ]
    follows += [
        {"resident_id": member, "target_kind": "supplier", "target": group, "since": joined}
        for (member, group), joined in memberships.items()
    ]
    return members, follows


def _member(member: str, joined: datetime | None) -> dict[str, Any]:
    return {
        "resident_id": member,
        "area_code": _EVERYWHERE,
        "joined_at": joined,
        "personalised": True,  # the published set is there to suggest from
    }


def _rsvps(path: Path, ledger: Ledger, events: _Table, members: _Table) -> Records:
    bookings: dict[str, dict[str, Any]] = {}
    answered: set[tuple[str, str]] = set()
    file = find(path, "rsvps.csv")
    needs = ("rsvp_id", "event_id", "member_id", "response", "created", "mtime")
    for row in table_rows(file, ledger, needs=needs, becomes="bookings"):
        event, member = slug(row["event_id"]), slug(row["member_id"])
        created = epoch(row["created"], per_second=1000)
        problem = None
        if event not in events:
            problem = ("event_id", "this event is not in events.csv")
        elif not member:
            problem = ("member_id", "no identifier")
        elif row["response"] not in ("yes", "no", "waitlist"):
            problem = ("response", "neither yes, no nor waitlist")
        elif created is None:
            problem = ("created", "not milliseconds since 1970 between 1990 and 2100")
        elif (event, member) in answered:
            problem = ("member_id", "this member's answer to this event stands above")
        if problem or created is None:
            column, reason = problem or ("", "")
            ledger.set_aside(file.name, row.line, column, row[column], reason)
            continue
        answered.add((event, member))
        ledger.mapped(file.name)
        changed = epoch(row["mtime"], per_second=1000)
        if changed is None or changed < created:
            ledger.emptied(
                file.name, row.line, "mtime", row["mtime"], "no moment, or before created"
            )
            changed = created
        if member not in members:
            ledger.emptied(
                file.name,
                row.line,
                "member_id",
                row["member_id"],
                "not in members.csv; a resident is made of whom nothing else is known",
            )
            members[member] = _member(member, None)
        guests = whole(row["guests"] or "0")
        if guests is None or not 0 <= guests <= _GUESTS_MAX:
            ledger.emptied(file.name, row.line, "guests", row["guests"], "not a number of guests")
            guests = 0
        # The source writes -1 for answers given to a whole series at once.
        number = whole(row["rsvp_id"])
        booking = str(number) if number and number > 0 else f"{event}-{member}"
        if booking in bookings:
            booking = f"{event}-{member}"
        bookings[booking] = {
            "booking_id": booking,
            "resident_id": member,
            "event_id": event,
            "booked_at": created,
            "seats": 1 + guests,
            "status": {"yes": "booked", "no": "cancelled", "waitlist": "waitlisted"}[
                row["response"]
            ],
            "updated_at": changed,
        }
    return list(bookings.values())
