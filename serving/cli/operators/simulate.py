"""`simulate`: a synthetic district to measure in."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from recommender.errors import UsageError


class Preset(StrEnum):
    """Size of the district."""

    DEMO = "demo"
    DISTRICT = "district"
    CITY = "city"


class Output(StrEnum):
    """What the tables are written as, or a replay is printed as."""

    CSV = "csv"
    PARQUET = "parquet"
    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(simulate)


def simulate(
    preset: Annotated[Preset, typer.Option(help="Size of the district.")] = Preset.DEMO,
    seed: Annotated[
        int, typer.Option(help="Random seed; the same seed gives the same bytes.", min=0)
    ] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the tables; the truth goes to OUT/truth.")
    ] = None,
    format: Annotated[
        Output | None,
        typer.Option(
            help="Tables: csv (default) or parquet. A replay: table (default), json, csv."
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN", help="Run the next quarter of --world under this plan instead."
        ),
    ] = None,
    world: Annotated[Path | None, typer.Option(help="A simulated folder, for --replay.")] = None,
    until: Annotated[
        str | None, typer.Option(help="The present: midnight of the first day of a quarter.")
    ] = None,
    years: Annotated[int | None, typer.Option(help="Years of history.")] = None,
    residents: Annotated[int | None, typer.Option(help="Registered residents.")] = None,
    products: Annotated[int | None, typer.Option(help="Products in a catalogue year.")] = None,
    events: Annotated[int | None, typer.Option(help="Events in a year.")] = None,
    app_bias: Annotated[
        float | None,
        typer.Option(help="0: equal app use at every age; 1: as assumed; 2: twice as uneven."),
    ] = None,
    no_show_free: Annotated[float | None, typer.Option(help="Free events' no-show rate.")] = None,
    no_show_paid: Annotated[float | None, typer.Option(help="Paid events' no-show rate.")] = None,
    distance_decay: Annotated[
        float | None,
        typer.Option(help="0: distance has no effect; 1: as assumed; 2: twice as strong."),
    ] = None,
    seat_scarcity: Annotated[float | None, typer.Option(help="Divisor of all seat counts.")] = None,
    sold_out_share: Annotated[
        float | None, typer.Option(help="Share of sessions with more demand than seats.")
    ] = None,
    overdispersion: Annotated[
        float | None,
        typer.Option(help="Unexplained variation between events (standard deviation of the log)."),
    ] = None,
    offline_reach: Annotated[
        float | None,
        typer.Option(
            help="How often people without the app learn of events, relative to app users."
        ),
    ] = None,
    hidden_share: Annotated[
        float | None,
        typer.Option(help="Share of the appeal of a product that its features do not explain."),
    ] = None,
) -> None:
    """Write a synthetic district: all tables, and the true demand in OUT/truth.

    Example: gongxu simulate --preset demo --seed 7 --out var/demo

    With --replay: the outcome of the next quarter under a purchase plan:
    gongxu simulate --replay plan.csv --world var/demo --seed 1
    """
    if replay is not None:
        _replay(replay, world, seed, out, format)
        return
    if out is None:
        raise UsageError("where to?", "Give a folder: --out DIR")
    if format in (Output.TABLE, Output.JSON):
        raise UsageError(f"tables cannot be written as {format}.", "Use csv or parquet.")
    from data.district_time import parse_moment
    from data.simulate.saving import write_world
    from data.simulate.settings import settings_for
    from data.simulate.world import create_world
    from serving.cli.output import log, progress

    settings = settings_for(
        preset.value,
        seed,
        until=None if until is None else parse_moment(until),
        years=years,
        residents=residents,
        products=products,
        events=events,
        app_bias=app_bias,
        no_show_free=no_show_free,
        no_show_paid=no_show_paid,
        distance_decay=distance_decay,
        seat_scarcity=seat_scarcity,
        sold_out_share=sold_out_share,
        overdispersion=overdispersion,
        offline_reach=offline_reach,
        hidden_share=hidden_share,
    )
    kind: Literal["csv", "parquet"] = "parquet" if format is Output.PARQUET else "csv"
    with progress() as bar:
        task = bar.add_task("living", total=None)
        district = create_world(
            settings, progress=lambda done, all_: bar.update(task, completed=done, total=all_)
        )
        rows = write_world(
            district, out, kind, lambda name: bar.update(task, description=f"writing {name}")
        )
    log.print(f"wrote {sum(rows.values()):,} rows of {len(rows)} tables to {out}")


def _replay(
    plan: Path, world: Path | None, seed: int, out: Path | None, format: Output | None
) -> None:
    if world is None:
        raise UsageError("in which world?", "Give a simulated folder: --world DIR")
    if format is Output.PARQUET:
        raise UsageError("a replay is not printed as parquet.", "Use table, json or csv.")
    import numpy as np
    import pandas as pd

    from data.simulate.evaluation.plan_files import read_plan
    from data.simulate.evaluation.replay import replay
    from data.simulate.evaluation.replay_inputs import Stage
    from serving.cli.output import Format, emit

    stage = Stage.load(world)
    result = replay(stage, read_plan(plan), rng=np.random.default_rng(seed))
    shape = Format(format.value) if format else Format.TABLE
    if out is not None:
        emit(result.sessions, out=out)
    summary = pd.DataFrame([{"period": str(stage.period), **result.summary()}])
    if shape is Format.TABLE:
        emit(summary, shape, title=f"{plan.name} in {stage.period}")
        emit(result.streets, shape, title="by street")
    elif shape is Format.CSV:
        emit(result.streets, shape)
    else:
        row = summary.iloc[0]
        document = {**row.to_dict(), "streets": result.streets.to_dict("records")}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=float))
