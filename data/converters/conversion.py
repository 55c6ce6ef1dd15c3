"""What a converter hands back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.converters.ledger import Ledger
from data.dataset import Dataset, canonical
from data.schema import TABLES, Kind
from recommender.errors import InputRejectedError

Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Conversion:
    """Contract tables made from a public source, and the account of every row read.

    Attributes
    ----------
    tables
        Canonical frames by table name; only tables that the source fills.
    ledger
        Accounts and notes.
    """

    tables: Mapping[str, pd.DataFrame]
    ledger: Ledger

    @property
    def dataset(self) -> Dataset:
        """The tables with the missing ones empty."""
        return Dataset(dict(self.tables))


def assemble(ledger: Ledger, needed: str, **records: Iterable[Mapping[str, Any]]) -> Conversion:
    """Shape records into canonical frames.

    Parameters
    ----------
    ledger
        The account that belongs to them.
    needed
        The table without which nothing was understood.
    records
        Rows by table name; columns not given stay empty.

    Returns
    -------
    The tables that hold any row, and the ledger.

    Raises
    ------
    InputRejectedError
        If the ``needed`` table came out empty.
    """
    tables = {name: _frame(name, list(rows)) for name, rows in records.items()}
    if tables[needed].empty:
        first = next((note.reason for note in ledger.notes), "the files hold no rows")
        raise InputRejectedError("no row of the source could be mapped.", f"First reason: {first}.")
    return Conversion({name: frame for name, frame in tables.items() if len(frame)}, ledger)


def _frame(name: str, rows: list[Mapping[str, Any]]) -> pd.DataFrame:
    table = TABLES[name]
    frame = pd.DataFrame(rows)
    for column in table.columns:
        if column.name not in frame.columns:
            continue
        if column.kind is Kind.TIME:
            frame[column.name] = pd.to_datetime(frame[column.name], utc=True).dt.as_unit("us")
        elif column.kind is Kind.DATE:
            frame[column.name] = pd.to_datetime(frame[column.name]).dt.as_unit("us")
        elif column.kind in (Kind.ID, Kind.TEXT, Kind.LIST, Kind.PERIOD):
            values = frame[column.name]
            frame[column.name] = values.where(values.notna() & (values != ""), None)
    return canonical(frame, table)
