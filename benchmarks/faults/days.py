"""A district on five days, on each of which one resident more did everything."""

import re
import tempfile
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from benchmarks.faults.attack import District, open_service, planner_here
from benchmarks.faults.doors import Target
from benchmarks.faults.questions import ask_commands, ask_routes, commands_at, run_command
from data.district_time import period_bounds

DAYS = 5
TABLE_ROUTES = (
    "GET /v1/indices",
    "GET /v1/suppliers/{supplier_id}/scorecard",
    "GET /console/catalogue/suppliers/{supplier_id}",
    "GET /console/orders",
    "GET /console/requests",
)
TABLE_COMMANDS = ("indices", "overbooking", "orders list")
"""Whose figures are read from the tables and not from a model."""


def watch_days(district: District, target: Target) -> list[str]:
    """What is to be seen of single residents from one day to the next.

    Every day one resident more comes to one event, rates it, and asks for one thing. A rounded
    figure takes two values in five days, one that is made of two such figures three; one that takes
    more would let somebody count along.

    Parameters
    ----------
    district, target
        Who is asked, and about what.

    Returns
    -------
    The questions whose answers tell, with the values of the figure that does.
    """
    settings = {"GONGXU_HOME": str(district.home), "GONGXU_DATABASE_URL": district.url}
    days: list[dict[str, str]] = []
    later = f"{int(target.past[:4]) + 1}{target.past[4:]}"
    planned = ["--period", later, "--budget-fen", str(target.budget_fen), "--time-limit", "4"]
    with (
        planner_here(),
        open_service(district) as (client, service),
        tempfile.TemporaryDirectory(prefix="gongxu-asked-") as folder,
        commands_at(settings),
    ):
        for day in range(DAYS):
            with service.database.engine().begin() as connection:
                one_more(connection, target, day, district.now)
            service.indices.clear()
            found = dict(ask_routes(client, target, names=TABLE_ROUTES))
            found |= ask_commands(target, Path(folder), names=TABLE_COMMANDS)
            # Plans are read beside the same quarter of the year before.
            found["plan"] = run_command(["plan", *planned, "--out", f"{folder}/plan.json"])
            days.append(found)
    told = []
    for question in days[0]:
        figures = [re.findall(r"\d+(?:[.,]\d+)*", answers[question]) for answers in days]
        told += [
            f"{question}: {', '.join(seen)}"
            for seen in zip(*figures, strict=False)
            if len(set(seen)) > 3
        ]
    return told


_RESIDENT = sa.text(
    "SELECT resident_id, area_code FROM residents r WHERE NOT EXISTS (SELECT 1 FROM bookings b"
    " WHERE b.resident_id = r.resident_id AND b.event_id = :event)"
    " ORDER BY area_code, resident_id LIMIT 1"
)
_EVENT = sa.text(
    "SELECT e.event_id, e.product_id, e.venue_id FROM events e JOIN products p USING (product_id)"
    " JOIN bookings b USING (event_id) WHERE p.supplier_id = :supplier AND e.status = 'done'"
    " AND e.starts_at >= :start AND e.starts_at < :after"
    " AND b.status = 'attended' GROUP BY e.event_id ORDER BY count(*) DESC, e.event_id LIMIT 1"
)
_BEFORE = (
    "INSERT INTO orders (order_id, buyer_code, product_id, venue_id, sessions, amount_fen, status,"
    " decided_by, decided_at, reason) SELECT 'attacked', area_code, :product, :venue, 1, 100000,"
    " 'accepted', 'li', CAST(:now AS timestamptz) - interval '20 years', 'x' FROM areas"
    " WHERE area_code = :street ON CONFLICT DO NOTHING",
    "INSERT INTO ratings (resident_id, event_id, stars, rated_at) SELECT b.resident_id, b.event_id,"
    " 4, CAST(:now AS timestamptz) FROM bookings b WHERE b.event_id = :event"
    " AND b.status = 'attended' ON CONFLICT DO NOTHING",
    "INSERT INTO requests (request_id, resident_id, area_code, target_kind, target, asked_at,"
    " status) SELECT 'all-' || b.booking_id, b.resident_id, :street, 'category', 'film',"
    " CAST(:now AS timestamptz), 'open' FROM bookings b WHERE b.event_id = :event"
    " AND b.status = 'attended' ON CONFLICT DO NOTHING",
)
"""So that every figure rests on enough residents on the first day."""
_DAILY = (
    "INSERT INTO bookings (booking_id, resident_id, event_id, booked_at, seats, status)"
    " VALUES (:name, :resident, :event, :now, 1, 'attended')",
    "INSERT INTO ratings (resident_id, event_id, stars, rated_at)"
    " VALUES (:resident, :event, 5, :now)",
    "INSERT INTO requests (request_id, resident_id, area_code, target_kind, target, asked_at,"
    " status) VALUES (:name, :resident, :street, 'category', 'film', :now, 'open')",
)


def one_more(connection: sa.Connection, target: Target, day: int, now: datetime) -> None:
    """One day's change: one resident comes, rates and asks.

    Parameters
    ----------
    connection
        In a transaction.
    target
        Whose supplier's event it is.
    day
        From 0.
    now
        The clock.
    """
    start, after = period_bounds(target.past)
    asked = {"supplier": target.supplier, "start": start, "after": after}
    event = connection.execute(_EVENT, asked).one()
    given = {"event": event.event_id, "product": event.product_id, "venue": event.venue_id}
    given |= {"street": target.street, "now": now, "name": f"day-{day}"}
    for statement in _BEFORE if day == 0 else ():
        connection.execute(sa.text(statement), given)
    who = connection.execute(_RESIDENT, {"event": event.event_id}).one()
    for statement in _DAILY:
        connection.execute(sa.text(statement), {**given, "resident": who.resident_id})
