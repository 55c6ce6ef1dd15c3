"""`demand`: estimates of street demand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from serving.cli.output import Format, FormatOption, OutOption, emit, log
from serving.messages.catalogue import Lang

if TYPE_CHECKING:
    from datetime import datetime

    from pandas import DataFrame

    from recommender.demand.model import DemandModel

SHOWN = [
    "rank", "street_code", "product_id", "title", "category", "expected", "low", "high",
    "evidence_bookings", "evidence_surveys", "supply", "gap",
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(demand)


def demand(
    period: Annotated[
        str | None, typer.Option("--period", help="Such as 2027Q1, 2027-01 or 2027.")
    ] = None,
    street: Annotated[
        str | None, typer.Option("--street", help="Only this street, by its code or name.")
    ] = None,
    category: Annotated[
        str | None,
        typer.Option("--category", help="Only this category, by its code or name."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A folder of contract tables, instead of the database."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="With --data: use only what was known then (ISO 8601)."),
    ] = None,
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--explain", help="STREET PRODUCT: the steps of the calculation of one figure."
        ),
    ] = None,
    speciality: Annotated[
        bool,
        typer.Option(
            "--speciality",
            help="Categories that each street books more than the district does (一街一品).",
        ),
    ] = False,
    backtest: Annotated[
        int | None,
        typer.Option(
            "--backtest",
            min=1,
            help="Forecast the last N periods with what was known then, beside naive forecasts.",
        ),
    ] = None,
    by: Annotated[
        Literal["month", "quarter", "year"],
        typer.Option("--by", help="With --backtest: length of a period."),
    ] = "quarter",
    top: Annotated[int | None, typer.Option("--top", "-n", min=1, help="Number of rows.")] = None,
    lang: Annotated[Lang, typer.Option("--lang", help="Language of the explanation.")] = "zh",
    seed: Annotated[int, typer.Option("--seed", help="With --data: random seed of the fit.")] = 0,
    format: FormatOption = Format.TABLE,
    out: OutOption = None,
) -> None:
    """Estimate the attendances at one session of every product in every street, with intervals.

    The figure is what would come if capacity were unlimited.

    Example: gongxu demand --period 2026Q4 --street 仙霞新村街道 --category 演出
    """
    from data.district_time import parse_moment
    from recommender.errors import UsageError
    from serving.demand.frames import (
        demand_frame,
        explain_frame,
        location_quotient_frame,
        streets_without_people,
    )

    if backtest is not None:
        from serving.exports.backtests import plot_backtest
        from serving.exports.frontiers import PLOTS

        moment = parse_moment(as_of) if as_of else None
        frame = _backtest(data, moment, backtest, seed, by)
        if out is not None and out.suffix.lower() in PLOTS:
            plot_backtest(frame, out)
            return
        if format is Format.TABLE and out is None:
            frame = frame[frame["period"] == "all"]
        emit(
            frame,
            format,
            out=out,
            title=f"the last {backtest} {by}s, foretold and held",
            officers=True,
        )
        return
    if period is None:
        raise UsageError("no period is given.", "Add --period 2027Q1, or --backtest 4.")
    model = _fit(data, as_of, period, seed) if data is not None else _served()
    if explain is not None:
        emit(
            explain_frame(model, period, *explain, lang=lang),
            format,
            out=out,
            title=f"{explain[1]} in {explain[0]}, {period}",
        )
        return
    if speciality:
        quotients = location_quotient_frame(model, period, street=street, category=category)
        quotients = quotients if top is None else quotients.head(top)
        emit(
            quotients,
            format,
            out=out,
            title=f"一街一品, specialities of the streets, {period}",
            officers=True,
        )
        return
    frame = demand_frame(model, period, street=street, category=category)
    for code in streets_without_people(model) if street is None else ():
        typer.echo(f"note: no people are known in street {code}: it has no figures.", err=True)
    if top is not None:
        frame = frame.head(top)
    elif format is Format.TABLE and out is None:
        frame = frame.head(50)
    if out is not None and out.suffix.lower() == ".xlsx":
        from serving.exports.demand_workbook import write_demand

        write_demand(model, frame, period, out)
        log.print(f"wrote {len(frame):,} rows to {out}", markup=False)
        return
    emit(frame, format, out=out, title=f"street demand, {period}", shown=SHOWN, officers=True)


def _served() -> "DemandModel":
    from serving.composition import served_model
    from serving.settings import Settings
    from training.registry.loading import require_demand

    return require_demand(served_model(Settings()).bundle)


def _backtest(
    data: Path | None,
    moment: "datetime | None",
    number: int,
    seed: int,
    by: Literal["month", "quarter", "year"],
) -> "DataFrame":
    from datetime import UTC, datetime

    from data.files.reading import read_dataset
    from serving.cli.output import progress
    from serving.composition import open_store
    from serving.settings import Settings
    from training.demand.backtest import backtest_demand

    now = datetime.now(UTC)
    if data is not None:
        dataset, _ = read_dataset(data, now=now)
    else:
        store = open_store(Settings())
        try:
            dataset = store.load()
        finally:
            store.close()
    with progress() as bar:
        task = bar.add_task("reading", total=1.0)
        return backtest_demand(
            dataset,
            as_of=moment or now,
            periods=number,
            seed=seed,
            grain=by,
            progress=lambda text, share: bar.update(task, description=text, completed=share),
        )


def _fit(data: Path, as_of: str | None, period: str, seed: int) -> "DemandModel":
    from datetime import UTC, datetime

    import numpy as np

    from data.district_time import parse_moment, period_bounds
    from data.files.reading import read_dataset
    from serving.cli.output import progress
    from training.demand.fit import fit_demand

    # What happened in the period itself must not speak about it.
    now = datetime.now(UTC)
    moment = parse_moment(as_of) if as_of else min(period_bounds(period)[0], now)
    dataset, _ = read_dataset(data, now=now)
    with progress() as bar:
        task = bar.add_task("reading", total=1.0)
        return fit_demand(
            dataset,
            as_of=moment,
            rng=np.random.default_rng(seed),
            progress=lambda text, share: bar.update(task, description=text, completed=share),
        )
