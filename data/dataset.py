"""All contract tables together, as canonical frames: what every later step reads."""

from collections.abc import Iterator, Mapping

import pandas as pd

from data.schema import TABLES, Column, Kind, Table

_DTYPES = {
    Kind.ID: "str",
    Kind.TEXT: "str",
    Kind.PERIOD: "str",
    Kind.LIST: "str",
    Kind.INT: "Int64",
    Kind.FLOAT: "float64",
    Kind.BOOL: "boolean",
    Kind.TIME: "datetime64[us, UTC]",
    Kind.DATE: "datetime64[us]",
}


def dtype_of(column: Column) -> str | pd.CategoricalDtype:
    """The pandas dtype that a column has in a canonical frame."""
    if column.kind is Kind.CHOICE:
        return pd.CategoricalDtype(list(column.choices), ordered=False)
    return _DTYPES[column.kind]


def canonical(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Give a frame the table's columns, in order, with their canonical dtypes.

    Columns that are missing become empty ones; columns the table does not know are dropped.
    Values must already be of the right kind: this shapes, it does not judge.

    Parameters
    ----------
    frame
        Values of the right kind, in columns of any order.
    table
        The contract table.

    Returns
    -------
    A new frame with exactly the table's columns and a range index.
    """
    columns = {}
    for column in table.columns:
        dtype = dtype_of(column)
        if column.name in frame.columns:
            columns[column.name] = frame[column.name].astype(dtype)  # type: ignore[arg-type]
        else:
            columns[column.name] = pd.Series(None, index=frame.index, dtype=dtype)
    return pd.DataFrame(columns, index=frame.index).reset_index(drop=True)


def empty_frame(table: Table) -> pd.DataFrame:
    """A canonical frame without rows."""
    return pd.DataFrame(
        {column.name: pd.Series(dtype=dtype_of(column)) for column in table.columns}
    )


class Dataset(Mapping[str, pd.DataFrame]):
    """Canonical frames by table name; a table that was not given is empty, never missing.

    Parameters
    ----------
    frames
        Canonical frames (see :func:`canonical`) by contract table name.

    Raises
    ------
    KeyError
        For a name the contract does not know.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        for name in frames:
            if name not in TABLES:
                raise KeyError(name)
        self._frames = {
            name: frames[name] if name in frames else empty_frame(table)
            for name, table in TABLES.items()
        }

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def replace(self, **frames: pd.DataFrame) -> "Dataset":
        """The same data set with some tables exchanged."""
        return Dataset({**self._frames, **frames})
