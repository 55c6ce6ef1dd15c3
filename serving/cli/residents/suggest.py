"""`suggest`: lists for one resident, for a place, for everyone; and events alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.errors import UsageError
from serving.cli.output import Format, FormatOption, OutOption, emit, log, progress
from serving.messages.catalogue import Lang

if TYPE_CHECKING:
    import pandas as pd

    from serving.suggestions.suggester import Suggester

SHOWN = ["rank", "title", "starts_at", "venue_id", "distance_m", "score", "slot", "reasons"]
"""Columns worth their width on a terminal."""


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""

    @app.command()
    def suggest(
        resident: Annotated[
            str | None, typer.Argument(help="The resident's pseudonym.", show_default=False)
        ] = None,
        n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Length of the list.")] = 10,
        at: Annotated[
            str | None,
            typer.Option(help="Time of the list, ISO 8601 with offset; by default now."),
        ] = None,
        everyone: Annotated[
            bool, typer.Option("--all", help="Lists for all residents, written to --out.")
        ] = False,
        place: Annotated[
            str | None, typer.Option(help="The list of an area or a venue, without personal data.")
        ] = None,
        similar: Annotated[str | None, typer.Option(help="Events similar to this one.")] = None,
        explain: Annotated[
            bool, typer.Option("--explain", help="Show the contributions to every score.")
        ] = False,
        lang: Annotated[Lang, typer.Option(help="Language of the reasons.")] = "zh",
        boosts: Annotated[
            Path | None,
            typer.Option(
                help='Policy weights: a JSON file like {"district": {"tag:舞蹈": 0.3}, '
                '"streets": {"310105101": {"category:reading": 0.2}}}.'
            ),
        ] = None,
        data: Annotated[
            Path | None,
            typer.Option(help="A folder of contract tables, instead of the database."),
        ] = None,
        model: Annotated[
            Path | None,
            typer.Option(help="With --data: the folder of a bundle; by default a model is fitted."),
        ] = None,
        seed: Annotated[int, typer.Option(help="With --data: random seed of the fit.")] = 0,
        block: Annotated[
            int,
            typer.Option(
                min=1,
                help="With --all: residents per block; an interrupted run resumes after "
                "the last complete block.",
            ),
        ] = 1024,
        format: FormatOption = Format.TABLE,
        out: OutOption = None,
    ) -> None:
        """List events that suit a resident, best first, with reasons.

        Example: gongxu suggest R00001149 -n 5 --at 2026-10-01T00:00+08:00

        For a screen: gongxu suggest --place 310105102 --at 2026-10-01T08:00+08:00

        For everyone: gongxu suggest --all --out lists.parquet
        """
        asked = [bool(resident), everyone, place is not None, similar is not None]
        if sum(asked) != 1:
            raise UsageError("Whose list?", "Give one of RESIDENT, --all, --place or --similar.")
        if model is not None and data is None:
            raise UsageError("--model goes with --data.", "Serve a version: gongxu models promote.")
        if everyone and out is None:
            raise UsageError("--all needs a file.", "Add --out FILE.parquet or FILE.csv")
        from data.district_time import parse_moment
        from serving.suggestions.opening import open_suggester, read_boosts

        when = parse_moment(at) if at is not None else None
        if everyone and out is not None and when is None:
            from serving.suggestions.batch import unfinished

            when = unfinished(out)
            if when is not None:
                log.print(f"resuming the run of {when:%Y-%m-%d %H:%M}")
        weights = read_boosts(boosts) if boosts is not None else None
        suggester = open_suggester(data, when, model=model, boosts=weights, seed=seed)
        if everyone:
            from serving.suggestions.batch import suggest_all

            assert out is not None
            _price(suggester, n, seed, save=data is None)
            with progress() as bar:
                task = bar.add_task("suggesting", total=None)

                def told(done: int, total: int) -> None:
                    if done and bar.tasks[0].total is None:
                        log.print(f"{done:,} of {total:,} residents were completed earlier")
                    bar.update(task, completed=done, total=total)

                rows = suggest_all(suggester, n, out, lang=lang, block=block, told=told)
            log.print(f"wrote {rows:,} suggestions to {out}")
            return
        from serving.suggestions.refusals import NothingEligibleError

        try:
            frame, title = _one(suggester, resident, place, similar, n, explain, lang)
        except NothingEligibleError:
            if format is not Format.TABLE and out is None:
                emit(_empty(), format)  # a program that reads this gets an empty list too
            raise
        shown = None if explain else SHOWN
        emit(frame, format, out=out, title=title, shown=shown)


def _one(
    suggester: Suggester,
    resident: str | None,
    place: str | None,
    similar: str | None,
    n: int,
    explain: bool,
    lang: Lang,
) -> tuple[pd.DataFrame, str]:
    from serving.suggestions.frames import arithmetic_frame, suggestions_frame

    when = f"{suggester.at:%Y-%m-%d %H:%M}"
    if similar is not None:
        if explain:
            raise UsageError("--explain goes with a resident or a place.")
        return suggestions_frame(suggester.similar(similar, n), lang), f"like {similar}, {when}"
    asked = suggester.ask_place(place) if place is not None else suggester.ask(resident or "")
    title = f"{place or resident}, {when}, model {suggester.model_version}"
    suggestions, arithmetic = suggester.explain(asked, n)
    if explain:
        return arithmetic_frame(suggestions, arithmetic), title
    return suggestions_frame(suggestions, lang), title


def _price(suggester: Suggester, n: int, seed: int, *, save: bool) -> None:
    """Price the seats for this run, and keep the prices for the single lists after it."""
    import numpy as np

    from recommender.ranking.lists.sampled_prices import price_seats
    from serving.settings import Settings
    from serving.suggestions.kept_prices import save_prices

    engine = suggester.engine
    engine.prices = None
    engine.prices = price_seats(engine, n, rng=np.random.default_rng(seed))
    if save:
        save_prices(Settings().home, suggester.list_tables, engine.prices, suggester.model_version)


def _empty() -> pd.DataFrame:
    from serving.suggestions.frames import suggestions_frame

    return suggestions_frame([], "zh")
