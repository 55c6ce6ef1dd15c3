"""Orders with what their plan expected and what came."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from recommender.demand.disclosure import disclosed_count

NEXT_STATUS = {"approved": "ordered", "ordered": "delivered", "delivered": "accepted"}

_ORDERS = sa.text(
    "SELECT o.order_id, o.plan_id, o.buyer_code, coalesce(b.name, o.buyer_code) AS buyer,"
    " o.product_id, coalesce(p.title, o.product_id) AS title, v.name AS venue, o.sessions,"
    " o.amount_fen, o.status, o.decided_by, o.decided_at, o.reason, o.satisfaction,"
    " CAST(line->>'expected' AS double precision) AS expected"
    " FROM orders o LEFT JOIN areas b ON b.area_code = o.buyer_code"
    " LEFT JOIN products p USING (product_id) LEFT JOIN venues v USING (venue_id)"
    " LEFT JOIN plans k ON k.plan_id = o.plan_id"
    " LEFT JOIN LATERAL jsonb_array_elements(k.document->'lines') line"
    "  ON line->>'line_id' = o.line_id"
    " WHERE :status = '' OR o.status = :status"
    " ORDER BY o.decided_at DESC NULLS LAST, o.order_id LIMIT 2000"
)

# An event does not name its order: two orders of one product for one venue share a figure.
_CAME = sa.text(
    "SELECT o.order_id, coalesce(sum(coalesce(b.seats, 1)), 0) AS people,"
    " count(DISTINCT b.resident_id) AS residents FROM orders o"
    " JOIN events e ON e.product_id = o.product_id AND e.venue_id = o.venue_id"
    "  AND e.status = 'done' AND e.starts_at >= coalesce(o.decided_at, e.starts_at)"
    " JOIN bookings b ON b.event_id = e.event_id AND b.status = 'attended'"
    " WHERE o.order_id = ANY(:orders) AND o.status IN ('delivered', 'accepted')"
    " GROUP BY o.order_id"
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
    Each with its names and what its plan ``expected``.
    """
    return [dict(row) for row in connection.execute(_ORDERS, {"status": status}).mappings()]


def read_attendances(connection: sa.Connection, orders: Sequence[str]) -> dict[str, int]:
    """Who came to what orders delivered: the product's sessions in the venue since the decision.

    Parameters
    ----------
    connection
        The database.
    orders
        Identifiers.

    Returns
    -------
    Attendances by order, to a multiple of five; orders to which fewer than ten residents came are
    left out.
    """
    found = connection.execute(_CAME, {"orders": list(orders)})
    shown = {str(row.order_id): disclosed_count(row.people, row.residents) for row in found}
    return {order: people for order, people in shown.items() if people is not None}


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
