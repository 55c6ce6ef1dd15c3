"""Results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from recommender.errors import UsageError

if TYPE_CHECKING:  # half a second that `gongxu --help` should not take
    import pandas as pd

log = Console(stderr=True, highlight=False)
"""Where messages for people go."""


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


FormatOption = Annotated[
    Format, typer.Option("--format", help="table, json or csv; xlsx with --out.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Write to this file; its suffix selects the format."),
]


def progress() -> Progress:
    """A progress display on standard error; silent unless that is a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=log,
        transient=True,
        disable=not log.is_terminal,
    )


def emit(
    frame: pd.DataFrame,
    format: Format = Format.TABLE,
    *,
    out: Path | None = None,
    title: str | None = None,
    shown: list[str] | None = None,
    officers: bool = False,
) -> None:
    """Print or write a result.

    Parameters
    ----------
    frame
        One row a result, columns as the contract names them.
    format
        Used when ``out`` is ``None``; otherwise the file's ending decides.
    out
        ``.csv``, ``.json``, ``.xlsx`` or ``.parquet``.
    title, shown
        For the table on a terminal: its title, and the columns worth their width.
    officers
        Whether people of an office read it: yuan and whole people in tables and workbooks, and a
        byte-order mark in files for spreadsheet programs.

    Raises
    ------
    UsageError
        If the format cannot be written that way.
    """
    if officers and (out.suffix.lower() == ".xlsx" if out else format is Format.TABLE):
        from serving.exports.tables import for_officers

        frame = for_officers(frame)
    if out is not None:
        _write(frame, out, mark=officers)
        log.print(f"wrote {len(frame):,} rows to {out}", markup=False)
        return
    match format:
        case Format.JSON:
            sys.stdout.write(
                frame.to_json(orient="records", date_format="iso", force_ascii=False, indent=2)
                + "\n"
            )
        case Format.CSV:
            from serving.exports.tables import write_csv

            write_csv(frame, sys.stdout)
        case Format.XLSX:
            raise UsageError("xlsx cannot be printed.", "Give a file: --out FILE.xlsx")
        case Format.TABLE:
            _print_table(frame if shown is None else frame[shown], title)


def _print_table(frame: pd.DataFrame, title: str | None) -> None:
    import pandas as pd

    # Piped output has no width of its own; a narrow guess would cut words.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    # Texts, not markup: a title may hold [brackets].
    table = Table(
        title=None if title is None else Text(title), title_justify="left", header_style="bold"
    )
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(
            frame[name]
        )
        table.add_column(Text(str(name)), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    import pandas as pd

    from data.district_time import district_zone

    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, float):
        return "" if value != value else f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, pd.Timestamp):
        local = value if value.tzinfo is None else value.tz_convert(district_zone())
        return local.strftime("%Y-%m-%d %H:%M")
    return str(value)


def _write(frame: pd.DataFrame, out: Path, *, mark: bool) -> None:
    from serving.exports.tables import write_csv, write_xlsx

    out.parent.mkdir(parents=True, exist_ok=True)
    match out.suffix.lower():
        case ".csv":
            write_csv(frame, out, mark=mark)
        case ".json":
            frame.to_json(out, orient="records", date_format="iso", force_ascii=False, indent=2)
        case ".parquet":
            frame.to_parquet(out, index=False)
        case ".xlsx":
            write_xlsx(frame, out)
        case other:
            raise UsageError(
                f"cannot write {other or 'a file without an ending'}.",
                "Use .csv, .json, .xlsx or .parquet.",
            )
