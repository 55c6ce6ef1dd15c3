"""`evaluate`: every scorer side by side on later time."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.output import Format, FormatOption, OutOption, emit, log, progress

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from data.dataset import Dataset
    from training.evaluation.report import EvaluationReport


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(evaluate)


def evaluate(
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A folder of contract tables, instead of the database."),
    ] = None,
    cutoff: Annotated[
        list[str] | None,
        typer.Option(
            "--cutoff",
            help="Fit on the data before this time (ISO 8601) and test on what follows; repeat for "
            "several windows. Default: the last fifth of all bookings.",
        ),
    ] = None,
    step_days: Annotated[
        float | None,
        typer.Option(
            "--step-days", min=0.04, help="Days between two evaluated lists of a resident."
        ),
    ] = None,
    assume_published: Annotated[
        float | None,
        typer.Option(
            "--assume-published",
            min=0,
            help="Judge both ways: events without a time of publication known from their first "
            "booking on, and published so many days before they start.",
        ),
    ] = None,
    groups: Annotated[
        bool, typer.Option("--groups", help="Also report every measure by group.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Write a plot of the comparison (.png or .svg).")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Random seed of fits and bootstrap intervals.")
    ] = 0,
    format: FormatOption = Format.TABLE,
    out: OutOption = None,
) -> None:
    """Compare every scorer, the full engine and the lists it serves on data after a cutoff.

    Example: gongxu evaluate --data var/demo --cutoff 2026-06-01 --format json
    """
    from data.district_time import parse_moment
    from training.evaluation import tables

    cutoffs = [parse_moment(text) for text in cutoff or []]
    dataset = _dataset(data)
    report = _run(dataset, cutoffs, seed, step_days, 0.0)
    reports = [report]
    if assume_published and report.notes["events_without_publication"]:
        reports.append(_run(dataset, cutoffs, seed, step_days, assume_published))
    if plot is not None:
        _plot(tables.accuracy(report), plot)
        log.print(f"wrote {plot}")
    if format is Format.JSON and out is None:
        document = report.document()
        if len(reports) > 1:
            document["assumed_published"] = reports[1].document()
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    for one in reports:
        _reach(one)
    if format is not Format.TABLE or out is not None:
        emit(tables.everything(report), format, out=out)
        return
    lists = f"{report.windows} window(s), {report.notes['questions']:,} lists"
    emit(tables.accuracy(report), format, title=lists)
    emit(tables.content(report), format, title="what lists of ten hold")
    emit(tables.by_group(report), format, title="NDCG@10 by group of residents (their number)")
    emit(tables.calibration(report), format, title="chances of the engine and what came")
    if len(reports) > 1:
        title = "events without a publication: known from when?"
        emit(tables.by_publication(reports), format, title=title)
    for name in report.groups if groups else ():
        emit(tables.accuracy(report, name), format, title=name)


def _run(
    dataset: "Dataset",
    cutoffs: "list[datetime]",
    seed: int,
    step_days: float | None,
    assume_published: float,
) -> "EvaluationReport":
    from datetime import timedelta

    import numpy as np

    from training.evaluation.walk_forward import evaluate as run

    with progress() as bar:
        task = bar.add_task("evaluating", total=None)

        def tell(step: str) -> None:
            bar.update(task, description=step)
            if not log.is_terminal:
                log.print(step, soft_wrap=True)

        return run(
            dataset,
            cutoffs,
            rng=np.random.default_rng(seed),
            step=timedelta(days=step_days) if step_days else None,
            assume_published=timedelta(days=assume_published),
            progress=tell,
        )


def _reach(report: "EvaluationReport") -> None:
    """How many bookings no list could hold, and whether an assumption is to blame."""
    notes = report.notes
    log.print(
        f"{notes['unreachable_bookings']:,} of {notes['bookings']:,} bookings could be in no list: "
        f"for {notes['unreachable_not_known']:,} the event was not known when asked, for the "
        "others it was closed or full, or booked before",
        soft_wrap=True,
    )
    if notes["events_without_publication"]:
        days = notes["assumed_lead_days"]
        known = "from their first booking on"
        known += f", or {days:g} days before they start" if days else ""
        log.print(
            f"{notes['events_without_publication']:,} events have no time of publication and count "
            f"as known {known}; {notes['unreachable_undated']:,} of these bookings are of such an "
            "event (--assume-published DAYS judges both ways)",
            soft_wrap=True,
        )


def _dataset(folder: Path | None) -> "Dataset":
    from datetime import UTC, datetime

    if folder is not None:
        from data.files.reading import read_dataset

        dataset, _ = read_dataset(folder, now=datetime.now(UTC))
        return dataset
    from serving.composition import open_store, require_tables
    from serving.settings import Settings

    store = open_store(Settings())
    require_tables(store)
    return store.load()


def _plot(table: "pd.DataFrame", path: Path) -> None:
    import matplotlib as mpl
    import numpy as np

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    ends = table["ndcg@10 95 %"].str.split("-", expand=True).astype(float).to_numpy()
    values = table["ndcg@10"].to_numpy()
    figure, axes = plt.subplots(figsize=(7, 0.5 * len(table) + 1))
    reach = np.maximum(np.abs(ends - values[:, None]).T, 0.0)
    axes.barh(table["scorer"], values, xerr=reach, color="#4477aa", capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel("NDCG@10, 95 % interval")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
