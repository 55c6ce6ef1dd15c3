"""The closed loop in figures: a supplier's scorecard."""

from typing import Any

import sqlalchemy as sa

from recommender.demand.disclosure import disclosed_count, disclosed_mean
from recommender.errors import UnknownIdError

PRIOR_STARS, PRIOR_RATINGS = 4.0, 20.0
"""Mean stars are shrunk towards the first, as if so many people had given them (assumed)."""

_HELD = sa.text(
    "SELECT count(DISTINCT e.event_id) AS sessions,"
    " coalesce(sum(coalesce(b.seats, 1)) FILTER (WHERE b.status = 'attended'), 0) AS attendances,"
    " count(*) FILTER (WHERE b.status = 'attended') AS came,"
    " count(*) FILTER (WHERE b.status = 'no_show') AS missed,"
    " count(DISTINCT b.resident_id) FILTER (WHERE b.status = 'attended') AS residents,"
    " count(DISTINCT b.resident_id) FILTER (WHERE b.status IN ('attended', 'no_show')) AS judged"
    " FROM products p JOIN events e USING (product_id) LEFT JOIN bookings b USING (event_id)"
    " WHERE p.supplier_id = :supplier AND e.starts_at <= :now"
    " AND e.status IS DISTINCT FROM 'cancelled'"
)
_STARS = sa.text(
    "SELECT count(*) AS ratings, coalesce(sum(r.stars), 0) AS stars,"
    " count(DISTINCT r.resident_id) AS residents"
    " FROM products p JOIN events e USING (product_id) JOIN ratings r USING (event_id)"
    " WHERE p.supplier_id = :supplier"
)
_ORDERS = sa.text(
    "SELECT count(*) FILTER (WHERE o.status <> 'proposed') AS decided,"
    " count(*) FILTER (WHERE o.status = 'rejected') AS rejected,"
    " count(*) FILTER (WHERE o.status IN ('delivered', 'accepted')) AS delivered,"
    " count(*) FILTER (WHERE o.status = 'accepted') AS accepted,"
    " coalesce(sum(o.amount_fen) FILTER (WHERE o.status NOT IN ('proposed', 'rejected')), 0)"
    " AS amount_fen, avg(o.satisfaction) AS satisfaction"
    " FROM products p JOIN orders o USING (product_id) WHERE p.supplier_id = :supplier"
)


def supplier_scorecard(connection: sa.Connection, supplier_id: str, *, now: Any) -> dict[str, Any]:
    """Delivery, attendance and satisfaction of one supplier.

    Parameters
    ----------
    connection, supplier_id
        The database, and the supplier.
    now
        Sessions that ended before count as held.

    Returns
    -------
    Figures by name; ``None`` for those of fewer than ten residents. Counts of what people did
    are multiples of five, and rates are made of them.

    Raises
    ------
    UnknownIdError
        If there is no such supplier.
    """
    known = connection.execute(
        sa.text("SELECT name FROM suppliers WHERE supplier_id = :supplier"),
        {"supplier": supplier_id},
    ).first()
    if known is None:
        raise UnknownIdError("There is no such supplier.")
    asked = {"supplier": supplier_id, "now": now}
    held = connection.execute(_HELD, asked).mappings().one()
    stars = connection.execute(_STARS, asked).mappings().one()
    orders = connection.execute(_ORDERS, asked).mappings().one()
    told = disclosed_count(held["came"] + held["missed"], held["judged"])
    missed = disclosed_count(held["missed"], held["judged"])
    rated = (stars["ratings"], stars["residents"])
    ratings, mean = disclosed_count(*rated), disclosed_mean(stars["stars"], *rated)
    return {
        "supplier_id": supplier_id,
        "name": known.name,
        "sessions_held": held["sessions"],
        "attendances": disclosed_count(held["attendances"], held["residents"]),
        "no_show_rate": None if missed is None or not told else min(1.0, missed / told),
        "delight": None if ratings is None or mean is None else _delight(mean, ratings),
        "ratings": ratings,
        "orders_decided": orders["decided"],
        "orders_rejected": orders["rejected"],
        "orders_delivered": orders["delivered"],
        "orders_accepted": orders["accepted"],
        "ordered_fen": int(orders["amount_fen"]),
        "satisfaction": None if orders["satisfaction"] is None else float(orders["satisfaction"]),
    }


def _delight(mean: float, ratings: int) -> float:
    """愉悦指数: mean stars, shrunk towards the usual."""
    return (mean * ratings + PRIOR_STARS * PRIOR_RATINGS) / (ratings + PRIOR_RATINGS)
