"""Canonical frames and Arrow tables, and the way between them.

Arrow is what files are read into and what the database is filled from; pandas frames are what
everything else works with.
"""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.dataset import canonical, empty_frame
from data.schema import Column, Kind, Table

TIME = pa.timestamp("us", "UTC")
_TYPES = {
    Kind.ID: pa.large_string(),
    Kind.TEXT: pa.large_string(),
    Kind.PERIOD: pa.large_string(),
    Kind.LIST: pa.large_string(),
    Kind.CHOICE: pa.dictionary(pa.int8(), pa.string()),
    Kind.INT: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOL: pa.bool_(),
    Kind.TIME: TIME,
    Kind.DATE: pa.date32(),
}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type that a column has once it is judged."""
    return _TYPES[column.kind]


def arrow_schema(table: Table, names: list[str] | None = None) -> pa.Schema:
    """The Arrow schema of a table, or of some of its columns.

    Parameters
    ----------
    table
        The contract table.
    names
        Its columns to take; all when left out.

    Returns
    -------
    The schema, in the order of the table.
    """
    return pa.schema(
        [(c.name, arrow_type(c)) for c in table.columns if names is None or c.name in names]
    )


def encode_choice(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """Text as positions in ``column.choices``; whatever is not one of them becomes null.

    Parameters
    ----------
    values
        Text, or anything that casts to text.
    column
        A column of kind ``CHOICE``.

    Returns
    -------
    Dictionary-encoded values, int8 codes, of the same length.
    """
    choices = pa.array(column.choices, pa.string())
    if not pa.types.is_string(values.type):
        values = values.cast(pa.string())
    codes = pc.index_in(values, value_set=choices).cast(pa.int8())
    chunks = codes.chunks if isinstance(codes, pa.ChunkedArray) else [codes]
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(chunk, choices) for chunk in chunks],
        type=arrow_type(column),
    )


def to_frame(data: pa.Table, table: Table) -> pd.DataFrame:
    """Judged Arrow columns as a canonical frame; columns that are not there become empty.

    Parameters
    ----------
    data
        Judged columns, as :func:`arrow_schema` types them.
    table
        The contract table.

    Returns
    -------
    A frame with every column of the table, in order.
    """
    if data.num_rows == 0:
        return empty_frame(table)
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name not in data.column_names:
            continue
        values = data[column.name]
        match column.kind:
            case Kind.INT:
                series = values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
            case Kind.BOOL:
                series = values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
            case Kind.DATE:
                series = values.cast(pa.timestamp("us")).to_pandas()
            case Kind.CHOICE:
                if not pa.types.is_dictionary(values.type):
                    values = encode_choice(values, column)
                dtype = pd.CategoricalDtype(list(column.choices))
                codes = pa.chunked_array([chunk.indices for chunk in values.chunks], pa.int8())
                series = pd.Series(
                    pd.Categorical.from_codes(codes.fill_null(-1).to_numpy(), dtype=dtype)
                )
            case _:
                series = values.to_pandas()
        columns[column.name] = series
    return canonical(pd.DataFrame(columns), table)


def from_frame(frame: pd.DataFrame, table: Table) -> pa.Table:
    """A frame's known columns as judged Arrow columns; the inverse of :func:`to_frame`.

    Only columns that the frame has are in the result, so that a merge leaves the others alone.

    Parameters
    ----------
    frame
        Columns in any order; unknown ones are dropped.
    table
        The contract table.

    Returns
    -------
    The known columns, typed as by :func:`arrow_schema`.
    """
    names = [name for name in table.column_names if name in frame.columns]
    shaped = canonical(frame, table)
    columns = []
    for name in names:
        column = table.column(name)
        series = shaped[name]
        if column.kind is Kind.CHOICE:
            codes = pa.array(series.cat.codes.to_numpy(), mask=series.isna().to_numpy())
            choices = pa.array(column.choices, pa.string())
            columns.append(pa.DictionaryArray.from_arrays(codes, choices))
        elif column.kind is Kind.FLOAT:
            columns.append(pa.array(series, from_pandas=True))
        elif column.kind is Kind.DATE:
            columns.append(pa.array(series).cast(pa.date32()))
        else:
            columns.append(pa.array(series).cast(arrow_type(column)))
    return pa.table(columns, schema=arrow_schema(table, names))
