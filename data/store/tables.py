"""The contract's tables as SQLAlchemy metadata."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TEXT, TIMESTAMP

from data.schema import TABLES, Column, Kind, Table

METADATA = sa.MetaData()
"""The contract tables, as the newest migration leaves them."""

INDEXES: dict[str, tuple[tuple[str, ...], ...]] = {
    "events": (("starts_at",),),
    "bookings": (("resident_id",), ("event_id",)),
    "ratings": (("event_id",),),
    "impressions": (("resident_id",),),
    "requests": (("resident_id",),),
}
"""Indexes besides the key: what one resident, one event or the coming weeks are found by."""


def type_of(column: Column) -> sa.types.TypeEngine[Any]:
    """The database type of a column; identifiers sort by bytes on every server."""
    match column.kind:
        case Kind.ID | Kind.CHOICE | Kind.PERIOD:
            return TEXT(collation="C")
        case Kind.TEXT | Kind.LIST:
            return sa.Text()
        case Kind.INT:
            return sa.BigInteger()
        case Kind.FLOAT:
            return sa.Double()
        case Kind.BOOL:
            return sa.Boolean()
        case Kind.TIME:
            return TIMESTAMP(timezone=True)
        case Kind.DATE:
            return sa.Date()


def index_name(table: str, columns: tuple[str, ...]) -> str:
    """The name of an index on a table.

    Parameters
    ----------
    table
        Name of the table.
    columns
        The indexed columns, in order.

    Returns
    -------
    The name, the same in migrations and code.
    """
    return f"ix_{table}_{'_'.join(columns)}"


def _build(table: Table) -> sa.Table:
    # Text in a key compares by bytes too: equality is all that a key needs.
    columns = [
        sa.Column(
            column.name,
            TEXT(collation="C")
            if column.name in table.key and column.kind is Kind.TEXT
            else type_of(column),
            nullable=not column.required,
            autoincrement=False,
        )
        for column in table.columns
    ]
    return sa.Table(
        table.name,
        METADATA,
        *columns,
        sa.PrimaryKeyConstraint(*table.key, name=f"pk_{table.name}"),
        *(sa.Index(index_name(table.name, names), *names) for names in INDEXES.get(table.name, ())),
    )


for _table in TABLES.values():
    _build(_table)
