"""Orders with what their plan expected and what came."""

from typing import Any

import sqlalchemy as sa

NEXT_STATUS = {"approved": "ordered", "ordered": "delivered", "delivered": "accepted"}

# What came: attendances of the product's sessions in the order's venue within the plan's period.
# An event does not name its order, so that two orders of one product for one venue share a figure.
_ORDERS = sa.text(
    "SELECT o.order_id, o.plan_id, o.buyer_code, coalesce(b.name, o.buyer_code) AS buyer,"
    " o.product_id, coalesce(p.title, o.product_id) AS title, v.name AS venue, o.sessions,"
    " o.amount_fen, o.status, o.decided_by, o.decided_at, o.reason, o.satisfaction,"
    " k.period, CAST(line->>'expected' AS double precision) AS expected,"
    " CAST(line->>'sessions' AS double precision) AS planned, came.sessions AS held, came.people"
    " FROM orders o LEFT JOIN areas b ON b.area_code = o.buyer_code"
    " LEFT JOIN products p USING (product_id) LEFT JOIN venues v USING (venue_id)"
    " LEFT JOIN plans k ON k.plan_id = o.plan_id"
    " LEFT JOIN LATERAL jsonb_array_elements(k.document->'lines') line"
    "  ON line->>'line_id' = o.line_id"
    " LEFT JOIN LATERAL (SELECT count(DISTINCT e.event_id) AS sessions,"
    "   coalesce(sum(coalesce(a.seats, 1)), 0) AS people FROM events e LEFT JOIN bookings a"
    "   ON a.event_id = e.event_id AND a.status = 'attended'"
    "   WHERE o.status IN ('delivered', 'accepted') AND e.product_id = o.product_id"
    "   AND e.venue_id = o.venue_id AND e.status = 'done'"
    "   AND e.starts_at >= coalesce(o.decided_at, e.starts_at)) came ON true"
    " WHERE :status = '' OR o.status = :status"
    " ORDER BY o.decided_at DESC NULLS LAST, o.order_id LIMIT 2000"
)


def read_orders(connection: sa.Connection, *, status: str = "") -> list[dict[str, Any]]:
    """Orders, newest decision first.

    Parameters
    ----------
    connection
        The database.
    status
        Only those; all when empty.

    Returns
    -------
    Each with its names, what its plan ``expected`` for so many ``planned`` sessions, and, once
    delivered, sessions ``held`` and ``people`` who came.
    """
    return [dict(row) for row in connection.execute(_ORDERS, {"status": status}).mappings()]


def read_order_buyer(connection: sa.Connection, order_id: str) -> str | None:
    """Area code of whoever pays for an order.

    Parameters
    ----------
    connection, order_id
        The database, and the order.

    Returns
    -------
    ``None`` if there is no such order.
    """
    query = sa.text("SELECT buyer_code FROM orders WHERE order_id = :order")
    return connection.execute(query, {"order": order_id}).scalar_one_or_none()
