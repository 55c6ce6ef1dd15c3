"""`exposure` and `overbooking`: what lists do to suppliers, and what seats can bear."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, OutOption, emit, log

AtOption = Annotated[
    str | None, typer.Option("--at", help="Moment, ISO 8601 with offset; now when left out.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Work on this folder of contract tables, not on the database."),
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
            help="What `suggest --all` wrote; lists of --sample residents are made when left out.",
        ),
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="Residents whose lists are made.")] = 5000,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Length of the lists.")] = 10,
    at: AtOption = None,
    data: DataOption = None,
    seed: Annotated[int, typer.Option(help="Of the sample, and of a fit on --data.")] = 0,
    format: FormatOption = Format.TABLE,
    out: OutOption = None,
) -> None:
    """Which suppliers the lists show, beside what they offer.

    A place counts the more the higher it stands in a list. Ratio 1 means shown as much as offered.

    Example: gongxu exposure --lists lists.parquet
    """
    import numpy as np

    from serving.reporting.exposure import exposure_report, lists_of_file, lists_of_some
    from serving.suggestions.opening import open_live, open_suggester, parse_moment, read_lists

    when = parse_moment(at)
    if lists is not None:
        lines = read_lists(lists)
        live = open_live(data, when)
        shown = lists_of_file(live, lines)
    else:
        suggester = open_suggester(data, when, seed=seed)
        live = suggester.live
        shown = lists_of_some(suggester.engine, n, sample, np.random.default_rng(seed))
    frame, sums = exposure_report(live, shown)
    emit(frame, format, out=out, title=f"exposure of suppliers, {live.at:%Y-%m-%d %H:%M}")
    log.print(
        f"{len(shown):,} lists; concentration {sums.concentration:.3f} (1 = one supplier), "
        f"Gini {sums.gini:.2f}, shown nowhere {sums.unseen:.0%} of the suppliers"
    )


def overbooking(
    epsilon: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="Accepted chance that more come than there are seats."),
    ] = 0.05,
    at: AtOption = None,
    data: DataOption = None,
    format: FormatOption = Format.TABLE,
    out: OutOption = None,
) -> None:
    """How many bookings the events ahead can take, by how many usually come.

    Advice only: nothing is overbooked by itself, and events for children, families and disabled
    people never are.

    Example: gongxu overbooking --epsilon 0.02
    """
    from serving.reporting.exposure import overbooking_report
    from serving.suggestions.opening import open_live, parse_moment

    live = open_live(data, parse_moment(at))
    title = f"bookings to take, {live.at:%Y-%m-%d %H:%M}, at most {epsilon:.0%} too many come"
    emit(overbooking_report(live, epsilon), format, out=out, title=title)
