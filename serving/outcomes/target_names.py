"""What people call the targets that they follow or do not want to see."""

from collections.abc import Iterable

import sqlalchemy as sa

from serving.outcomes.rights import Target

_NAMES = {
    "supplier": "SELECT supplier_id, name FROM suppliers WHERE supplier_id = ANY(:ids)",
    "venue": "SELECT venue_id, name FROM venues WHERE venue_id = ANY(:ids)",
    "product": "SELECT product_id, title FROM products WHERE product_id = ANY(:ids)",
    "event": (
        "SELECT e.event_id, coalesce(nullif(e.title, ''), p.title) FROM events e"
        " LEFT JOIN products p USING (product_id) WHERE e.event_id = ANY(:ids)"
    ),
}


def name_targets(connection: sa.Connection, targets: Iterable[Target]) -> dict[Target, str]:
    """Names of targets that have one; categories and tags are their own names.

    Parameters
    ----------
    connection
        The database.
    targets
        Kind and identifier of each.

    Returns
    -------
    Name by target.
    """
    asked: dict[str, list[str]] = {}
    for kind, target in targets:
        asked.setdefault(kind, []).append(target)
    return {
        (kind, row[0]): str(row[1])
        for kind, ids in asked.items()
        if kind in _NAMES
        for row in connection.execute(sa.text(_NAMES[kind]), {"ids": ids})
        if row[1]
    }
