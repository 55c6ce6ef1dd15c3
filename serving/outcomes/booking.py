"""Booking on the district's own tables: seats, waiting list, cancelling, rating."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.schema import TABLES
from data.store.erasures import Erasures
from data.store.event_runs import LAST_ENTRY, ROOM
from recommender.errors import UnknownIdError, UsageError
from serving.outcomes.ingest import BAD, merge_rows

PARTY_MAX = 6
"""Seats that one resident books at once, at most."""

ACTIVE = ("booked", "waitlisted")

_EVENT = sa.text(
    f"SELECT e.event_id, {ROOM} AS seats, e.status, {LAST_ENTRY} AS starts_at,"
    " e.booking_closes_at, p.min_age,"
    " (SELECT coalesce(sum(coalesce(b.seats, 1)), 0) FROM bookings b"
    "  WHERE b.event_id = e.event_id AND b.status IN ('booked', 'attended', 'no_show')) AS taken"
    " FROM events e LEFT JOIN products p USING (product_id) WHERE e.event_id = :event"
    " AND (e.published_at IS NULL OR e.published_at <= :now) FOR UPDATE OF e"
)
_HELD = sa.text(
    "SELECT booking_id, resident_id, event_id, booked_at, seats, status FROM bookings"
    " WHERE resident_id = :resident AND event_id = :event AND status = ANY(:active)"
)
_WAITING = sa.text(
    "SELECT booking_id, resident_id, event_id, booked_at, coalesce(seats, 1) AS seats, status"
    " FROM bookings WHERE event_id = :event AND status = 'waitlisted'"
    " ORDER BY booked_at, booking_id"
)
_AHEAD = sa.text(
    "SELECT count(*) FROM bookings w JOIN bookings own USING (event_id)"
    " WHERE own.booking_id = :booking AND w.status = 'waitlisted'"
    " AND (w.booked_at, w.booking_id) < (own.booked_at, own.booking_id)"
)
_OWN = sa.text(
    "SELECT b.booking_id, b.event_id, b.booked_at, coalesce(b.seats, 1) AS seats, b.status,"
    " coalesce(nullif(e.title, ''), p.title, e.event_id) AS title, e.starts_at, e.ends_at,"
    " e.status AS event_status, v.name AS venue, r.stars, r.comment"
    " FROM bookings b JOIN events e USING (event_id) LEFT JOIN products p USING (product_id)"
    " LEFT JOIN venues v USING (venue_id)"
    " LEFT JOIN ratings r ON r.resident_id = b.resident_id AND r.event_id = b.event_id"
    " WHERE b.resident_id = :resident ORDER BY e.starts_at DESC, b.booking_id LIMIT 200"
)
_OLDEST = {"0-13": 13, "14-17": 17}


class BookingRefusedError(UsageError):
    """A booking or rating that cannot be taken.

    Attributes
    ----------
    code
        Why, as a key of the messages.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Clerk:
    """Writes bookings and ratings in one transaction of the caller's, who commits.

    Attributes
    ----------
    connection
        In a transaction.
    now
        The clock.
    erasures
        Recognises erased residents.
    """

    connection: sa.Connection
    now: datetime
    erasures: Erasures

    def book(
        self, resident_id: str, event_id: str, seats: int, suggestion_id: str | None = None
    ) -> str:
        """Book seats, or join the waiting list where they are not all free.

        Parameters
        ----------
        resident_id, event_id
            Who, and what.
        seats
            For so many people, from 1 to :data:`PARTY_MAX`.
        suggestion_id
            The line of the list that led to it.

        Returns
        -------
        ``booked`` or ``waitlisted``.

        Raises
        ------
        UnknownIdError
            If there is no such event.
        BookingRefusedError
            If it cannot be booked, or is booked already.
        """
        event = self._event(event_id)
        known = sa.text("SELECT 1 FROM residents WHERE resident_id = :who FOR KEY SHARE")
        if self.connection.execute(known, {"who": resident_id}).first() is None:
            raise BookingRefusedError("nobody", "There is no such resident.")
        if not 1 <= seats <= PARTY_MAX:
            raise BookingRefusedError("party", f"One booking is for 1 to {PARTY_MAX} people.")
        if event.status not in (None, "open"):
            raise BookingRefusedError("not_open", "This event takes no bookings.")
        if min(event.booking_closes_at or event.starts_at, event.starts_at) <= self.now:
            raise BookingRefusedError("closed", "Booking has closed.")
        if self._held(resident_id, event_id) is not None:
            raise BookingRefusedError("booked_already", "You have booked this event already.")
        self._check_age(resident_id, event.min_age)
        free = event.seats is None or event.seats - event.taken >= seats
        status = "booked" if free else "waitlisted"
        self._write(
            {
                "booking_id": f"web-{secrets.token_hex(10)}",
                "resident_id": resident_id,
                "event_id": event_id,
                "booked_at": self.now,
                "seats": seats,
                "status": status,
                "suggestion_id": suggestion_id,
            }
        )
        return status

    def cancel(self, resident_id: str, event_id: str) -> None:
        """Cancel a resident's booking; the seats go to the waiting list in its order.

        Parameters
        ----------
        resident_id, event_id
            Whose booking of what.

        Raises
        ------
        UnknownIdError
            If there is no such event or booking.
        BookingRefusedError
            If the event has begun.
        """
        event = self._event(event_id)
        held = self._held(resident_id, event_id)
        if held is None:
            raise UnknownIdError("There is no such booking.")
        if event.starts_at <= self.now:
            raise BookingRefusedError("begun", "The event has begun.")
        self._write({**held, "status": "cancelled"})
        if event.seats is None or event.status not in (None, "open"):
            return
        free = event.seats - event.taken
        free += (held["seats"] or 1) if held["status"] == "booked" else 0
        for row in self.connection.execute(_WAITING, {"event": event_id}).mappings().all():
            if row["seats"] <= free:
                self._write({**row, "status": "booked"})
                free -= row["seats"]

    def admit(self, area_code: str | None) -> str:
        """Make a pseudonym for somebody who has none, such as at a counter; never profiled.

        Parameters
        ----------
        area_code
            Where they live; may be unknown.

        Returns
        -------
        The pseudonym.
        """
        made = f"counter-{secrets.token_hex(5)}"
        row = {"resident_id": made, "area_code": area_code, "personalised": False}
        self._merge("residents", {**row, "joined_at": self.now})
        return made

    def rate(self, resident_id: str, event_id: str, stars: int, comment: str = "") -> None:
        """Rate an event that the resident came to.

        Parameters
        ----------
        resident_id, event_id
            Who rates what.
        stars
            1 to 5.
        comment
            In their own words; may be empty.

        Raises
        ------
        BookingRefusedError
            If they did not come, or the event is not over.
        """
        came = sa.text(
            "SELECT 1 FROM bookings b JOIN events e USING (event_id) WHERE b.resident_id = :who"
            " AND event_id = :event AND b.status IN ('attended', 'booked')"
            " AND coalesce(e.ends_at, e.starts_at) <= :now LIMIT 1"
        )
        asked = {"who": resident_id, "event": event_id, "now": self.now}
        if self.connection.execute(came, asked).first() is None:
            raise BookingRefusedError(
                "not_come", "Only who came can rate an event, once it is over."
            )
        row = {"resident_id": resident_id, "event_id": event_id, "stars": stars}
        self._merge("ratings", {**row, "rated_at": self.now, "comment": comment or None})

    def _event(self, event_id: str) -> sa.Row[Any]:
        asked = {"event": event_id, "now": self.now}
        found = self.connection.execute(_EVENT, asked).first()
        if found is None:
            raise UnknownIdError("There is no such event.")
        return found

    def _held(self, resident_id: str, event_id: str) -> dict[str, Any] | None:
        return held_booking(self.connection, resident_id, event_id)

    def _check_age(self, resident_id: str, min_age: int | None) -> None:
        query = sa.text("SELECT age_band FROM residents WHERE resident_id = :who")
        band = self.connection.execute(query, {"who": resident_id}).scalar_one_or_none()
        if min_age and _OLDEST.get(band or "", 200) < min_age:
            raise BookingRefusedError(
                "too_young", f"This event is for people from {min_age} years."
            )

    def _write(self, booking: dict[str, Any]) -> None:
        self._merge("bookings", {**booking, "updated_at": self.now})

    def _merge(self, table: str, row: dict[str, Any]) -> None:
        sent = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        verdicts = merge_rows(
            self.connection, TABLES[table], [sent], now=self.now, erasures=self.erasures
        )
        if verdicts.words == [BAD]:
            column, reason = verdicts.problems[0]
            raise BookingRefusedError("value", f"{column} {reason}.")


def held_booking(
    connection: sa.Connection, resident_id: str, event_id: str
) -> dict[str, Any] | None:
    """A resident's booking or place on the waiting list.

    Parameters
    ----------
    connection, resident_id, event_id
        The database, and whose booking of what.

    Returns
    -------
    Its row; ``None`` without one.
    """
    asked = {"resident": resident_id, "event": event_id, "active": list(ACTIVE)}
    found = connection.execute(_HELD, asked).mappings().first()
    return None if found is None else dict(found)


def waiting_ahead(connection: sa.Connection, booking_id: str) -> int:
    """How many others wait before somebody on a waiting list.

    Parameters
    ----------
    connection
        The database.
    booking_id
        The place on the list.

    Returns
    -------
    Bookings, in the order in which they move up.
    """
    return int(connection.execute(_AHEAD, {"booking": booking_id}).scalar_one())


def read_bookings(connection: sa.Connection, resident_id: str) -> list[dict[str, Any]]:
    """A resident's bookings with their events and ratings.

    Parameters
    ----------
    connection, resident_id
        The database, and the resident.

    Returns
    -------
    Up to 200, latest event first.
    """
    found = connection.execute(_OWN, {"resident": resident_id}).mappings()
    return [dict(row) for row in found]
