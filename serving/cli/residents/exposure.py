"""`exposure` and `overbooking`: what lists do to suppliers, and what seats can bear."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, OutOption, emit, log

AtOption = Annotated[
    str | None,
    typer.Option("--at", help="Time of the lists, ISO 8601 with offset; by default now."),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="A folder of contract tables, instead of the database."),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(exposure)
    app.command()(overbooking)


def exposure(
    lists: Annotated[
        Path | None,
        typer.Option(
            "--lists",
            help="The file that `suggest --all` wrote; by default lists of --sample "
            "residents are computed.",
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option(min=1, help="Number of residents whose lists are computed.")
    ] = 5000,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Length of the lists.")] = 10,
    at: AtOption = None,
    data: DataOption = None,
    seed: Annotated[
        int, typer.Option(help="Random seed of the sample and, with --data, of the fit.")
    ] = 0,
    format: FormatOption = Format.TABLE,
    out: OutOption = None,
) -> None:
    """Compare each supplier's share of the lists with its share of the offer.

    Higher ranks count more. A ratio of 1 means shown as much as offered.

    Example: gongxu exposure --lists lists.parquet
    """
    import numpy as np

    from data.district_time import parse_moment
    from serving.reporting.exposure import exposure_report, lists_of_file, lists_of_some
    from serving.suggestions.opening import open_live, open_suggester, read_lists

    when = parse_moment(at) if at is not None else None
    if lists is not None:
        lines = read_lists(lists)
        list_tables = open_live(data, when)
        shown = lists_of_file(list_tables, lines)
    else:
        suggester = open_suggester(data, when, seed=seed)
        list_tables = suggester.list_tables
        shown = lists_of_some(suggester.engine, n, sample, np.random.default_rng(seed))
    frame, sums = exposure_report(list_tables, shown)
    emit(frame, format, out=out, title=f"exposure of suppliers, {list_tables.at:%Y-%m-%d %H:%M}")
    log.print(
        f"{len(shown):,} lists; concentration {sums.concentration:.3f} (1 = one supplier), "
        f"Gini {sums.gini:.2f}, shown nowhere {sums.unseen:.0%} of the suppliers"
    )


def overbooking(
    epsilon: Annotated[
        float,
        typer.Option(
            min=0, max=0.5, help="Accepted probability that attendance exceeds the seats."
        ),
    ] = 0.05,
    at: AtOption = None,
    data: DataOption = None,
    format: FormatOption = Format.TABLE,
    out: OutOption = None,
) -> None:
    """Advise how many bookings upcoming events can take, given their show rates.

    Advice only: the program overbooks nothing by itself, and never advises it for events for
    children, families and disabled people.

    Example: gongxu overbooking --epsilon 0.02
    """
    from data.district_time import parse_moment
    from serving.reporting.exposure import overbooking_report
    from serving.suggestions.opening import open_live

    list_tables = open_live(data, parse_moment(at) if at is not None else None)
    title = (
        f"bookings to take, {list_tables.at:%Y-%m-%d %H:%M}, at most {epsilon:.0%} too many come"
    )
    emit(overbooking_report(list_tables, epsilon), format, out=out, title=title)
