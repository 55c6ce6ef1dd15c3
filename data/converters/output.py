"""Canonical frames as CSV files, one a table."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data.schema import TABLES, Kind


def write_tables(tables: Mapping[str, pd.DataFrame], out: Path) -> None:
    """Write ``NAME.csv`` for every table, times as ISO 8601 with offset."""
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        columns = {}
        for column in TABLES[name].columns:
            values = frame[column.name]
            if column.kind is Kind.TIME:
                values = values.map(lambda at: at.isoformat(), na_action="ignore")
            elif column.kind is Kind.DATE:
                values = values.dt.strftime("%Y-%m-%d")
            columns[column.name] = values
        pd.DataFrame(columns).to_csv(out / f"{name}.csv", index=False)
