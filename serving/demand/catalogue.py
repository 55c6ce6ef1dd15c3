"""Products and suppliers as officers look them up."""

from typing import Any

import sqlalchemy as sa

from recommender.errors import UnknownIdError

_ONE = sa.text(
    "SELECT p.product_id, p.title, p.description, p.category, p.tags, p.price_fen, p.duration_min,"
    " p.audience_max, p.min_seats, p.audience_groups, p.min_age, p.licence_required,"
    " p.listed_from, p.listed_until, p.sessions_max, p.supplier_id,"
    " coalesce(s.name, p.supplier_id) AS supplier"
    " FROM products p LEFT JOIN suppliers s USING (supplier_id) WHERE p.product_id = :product"
)
_LIST = sa.text(
    "SELECT p.product_id, p.title, p.category, p.tags, p.price_fen, p.supplier_id,"
    " coalesce(s.name, p.supplier_id) AS supplier"
    " FROM products p LEFT JOIN suppliers s USING (supplier_id)"
    " WHERE (:category = '' OR p.category = :category)"
    " AND (:supplier = '' OR p.supplier_id = :supplier)"
    " AND (:words = '' OR strpos(lower(concat_ws(' ', p.product_id, p.title, p.tags, s.name)),"
    " lower(:words)) > 0) ORDER BY p.title, p.product_id"
)
_SUPPLIERS = sa.text(
    "SELECT supplier_id, name, count(p.product_id) AS products FROM suppliers"
    " LEFT JOIN products p USING (supplier_id) GROUP BY supplier_id, name ORDER BY name"
)


def read_products(
    connection: sa.Connection, *, words: str = "", category: str = "", supplier: str = ""
) -> list[dict[str, Any]]:
    """Products that fit, by title.

    Parameters
    ----------
    connection
        The database.
    words
        Found in title, tags, supplier's name or identifier, whatever the case.
    category, supplier
        Only those; all when empty.

    Returns
    -------
    Rows with what a list shows and the supplier's name; ``tags`` as a list.
    """
    asked = {"words": words.replace("\x00", "").strip(), "category": category}
    found = connection.execute(_LIST, {**asked, "supplier": supplier.replace("\x00", "")})
    return [_row(row) for row in found.mappings()]


def read_product(connection: sa.Connection, product_id: str) -> dict[str, Any]:
    """One product.

    Parameters
    ----------
    connection, product_id
        The database, and the product.

    Returns
    -------
    Its whole row with the supplier's name; ``tags`` as a list.

    Raises
    ------
    UnknownIdError
        If there is no such product.
    """
    found = connection.execute(_ONE, {"product": product_id}).mappings().first()
    if found is None:
        raise UnknownIdError("There is no such product.")
    return _row(found)


def read_suppliers(connection: sa.Connection) -> list[dict[str, Any]]:
    """Suppliers by name, with the number of their products."""
    return [dict(row) for row in connection.execute(_SUPPLIERS).mappings()]


def _row(row: Any) -> dict[str, Any]:
    return {**row, "tags": [tag for tag in (row["tags"] or "").split(";") if tag]}
