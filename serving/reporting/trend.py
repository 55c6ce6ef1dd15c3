"""What was held in a street and who came, quarter by quarter."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from data.district_time import period_bounds, period_of
from recommender.demand.disclosure import disclosed_count

QUARTERS = 6

_HELD = sa.text(
    "WITH held AS (SELECT e.event_id, e.seats FROM events e JOIN venues v USING (venue_id)"
    " LEFT JOIN areas a ON a.area_code = v.area_code"
    " WHERE :street IN (v.area_code, a.parent_code) AND e.starts_at >= :start"
    " AND e.starts_at < :end AND coalesce(e.status, '') <> 'cancelled')"
    " SELECT (SELECT count(*) FROM held) AS sessions, (SELECT sum(seats) FROM held) AS seats,"
    " coalesce(sum(coalesce(b.seats, 1)), 0) AS people,"
    " count(DISTINCT b.resident_id) AS residents"
    " FROM held JOIN bookings b USING (event_id) WHERE b.status = 'attended'"
)


def past_quarters(now: datetime, n: int = QUARTERS) -> list[str]:
    """The last whole quarters, oldest first.

    Parameters
    ----------
    now
        The clock.
    n
        How many.

    Returns
    -------
    Such as ``2026Q3``.
    """
    found: list[str] = []
    moment = now
    for _ in range(n):
        moment = period_bounds(period_of(moment))[0] - timedelta(days=1)
        found.append(period_of(moment))
    return found[::-1]


def read_trend(
    connection: sa.Connection, street: str, periods: Sequence[str]
) -> list[dict[str, Any]]:
    """Sessions, seats and attendances in a street's venues.

    Parameters
    ----------
    connection
        The database.
    street
        Its code.
    periods
        Quarters.

    Returns
    -------
    One entry a quarter: ``period``, ``sessions``, ``seats`` and ``people`` (to a multiple of
    five; ``None`` where fewer than ten residents came).
    """
    found = []
    for period in periods:
        start, end = period_bounds(period)
        row = connection.execute(_HELD, {"street": street, "start": start, "end": end}).one()
        found.append(
            {
                "period": period,
                "sessions": int(row.sessions),
                "seats": None if row.seats is None else int(row.seats),
                "people": disclosed_count(float(row.people), int(row.residents)),
            }
        )
    return found
