"""The schema as pandera sees it: a check on frames that programs make.

Rows from files are judged by :mod:`data.files.validation`, which works on Arrow columns, says where
a bad
row stands and lets the good ones pass (docs/decisions/0102). A frame that a program made has no
lines and no excuse: it is right as a whole or refused.
"""

from functools import cache

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from data.dataset import dtype_of
from data.schema import Column, Kind, Table
from recommender.errors import InputRejectedError


@cache
def frame_schema(table: Table) -> pa.DataFrameSchema:
    """A table's declared columns: dtype, required values, ranges, entries, distinct keys.

    Columns that are not required may be missing from a frame; others than the table's may not
    be there.
    """
    return pa.DataFrameSchema(
        {column.name: _column(column) for column in table.columns},
        strict=True,
        unique=list(table.key),
        name=table.name,
    )


def check_frame(frame: pd.DataFrame, table: Table) -> None:
    """Refuse a canonical frame that breaks the schema.

    Parameters
    ----------
    frame
        Columns with canonical dtypes.
    table
        The contract table.

    Raises
    ------
    InputRejectedError
        With the first broken rules.
    """
    try:
        frame_schema(table).validate(frame, lazy=True)
    except SchemaErrors as error:
        broken = error.failure_cases.drop_duplicates(["column", "check"]).head(3)
        rules = "; ".join(
            f"{row.column}: {row.check} ({row.failure_case})" for row in broken.itertuples()
        )
        raise InputRejectedError(f"a frame of {table.name} breaks its schema: {rules}.") from None


def _column(column: Column) -> pa.Column:
    checks = []
    if column.low is not None:
        checks.append(pa.Check.ge(column.low))
    if column.high is not None:
        checks.append(pa.Check.le(column.high))
    if column.kind is Kind.LIST and column.choices:
        words = "|".join(column.choices)
        checks.append(pa.Check.str_matches(rf"^({words})(;({words}))*$"))
    return pa.Column(
        dtype_of(column), checks, nullable=not column.required, required=column.required
    )
