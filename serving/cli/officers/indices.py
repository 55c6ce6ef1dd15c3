"""`indices`: how well a period's culture reached people, and how evenly."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, OutOption, emit


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(indices)


def indices(
    period: Annotated[str, typer.Option("--period", help="Such as 2027Q1, 2027-01 or 2027.")],
    data: Annotated[
        Path | None, typer.Option(help="A folder of contract tables, instead of the database.")
    ] = None,
    venues: Annotated[
        bool, typer.Option("--venues", help="Also list the use of each venue.")
    ] = False,
    format: FormatOption = Format.TABLE,
    out: OutOption = None,
) -> None:
    """Show the indices of effectiveness and evenness of a period.

    No published formulas were found: these are assumed, carry a version, and show numerator and
    denominator.

    Example: gongxu indices --period 2026Q4
    """
    from serving.composition import open_store
    from serving.reporting.indices import DISTRICT, compute_indices
    from serving.settings import Settings

    if data is not None:
        from data.files.reading import read_dataset

        dataset, _ = read_dataset(data, now=datetime.now(UTC))
    else:
        store = open_store(Settings())
        dataset = store.load()
        store.close()
    frame = compute_indices(dataset, period)
    if not venues:
        frame = frame[frame["scope"] == DISTRICT]
    emit(frame, format, out=out, title=f"indices of {period}")
