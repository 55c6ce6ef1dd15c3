"""`convert`: public data sets as contract tables."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, emit, log

_Source = Annotated[str, typer.Argument(help="lending-library, meetup, movietweetings or pabulib.")]
_Path = Annotated[Path, typer.Argument(help="The folder with the source's files; or a .pb file.")]
_Out = Annotated[Path, typer.Option("--out", help="Folder for the tables and unmapped.csv.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(convert)


def convert(source: _Source, path: _Path, out: _Out, format: FormatOption = Format.TABLE) -> None:
    """Turn a known public data set into contract tables.

    Every row read is mapped, merged into another or set aside: the summary adds up, and
    unmapped.csv names each value that could not be mapped, with file, line and reason.

    Example: gongxu convert meetup ../shared/data/meetup-montana --out var/meetup
    """
    from data.converters import convert as convert_source
    from data.files.writing import write_dataset
    from serving.exports.tables import write_csv

    result = convert_source(source, path)
    write_dataset(result.tables, out)
    write_csv(result.ledger.unmapped(), out / "unmapped.csv")
    emit(result.ledger.summary(), format, title=f"{source}: rows read")
    reasons = result.ledger.reasons()
    if len(reasons):
        log.print("set aside or emptied:")
        for row in reasons.head(12).itertuples(index=False):
            log.print(f"  {row.count:>7,} {row.what}s  {row.file} {row.column}: {row.reason}")
        if len(reasons) > 12:
            log.print(f"  and {len(reasons) - 12} more reasons in {out / 'unmapped.csv'}")
    log.print(
        "wrote "
        + ", ".join(f"{len(frame):,} {name}" for name, frame in result.tables.items())
        + f" to {out}"
    )
    booked = result.tables["bookings"]["booked_at"]
    log.print(
        f"bookings from {booked.min():%Y-%m-%d} to {booked.max():%Y-%m-%d}; "
        "use --as-of, --at and --period within them"
    )
