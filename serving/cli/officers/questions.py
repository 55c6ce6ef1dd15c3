"""`why`, `what-if`, `frontier`, `second-opinion`: what officers ask of a plan."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from recommender.errors import UsageError
from serving.cli.officers.money import BudgetFen, BudgetYuan, amount_fen
from serving.cli.output import Format, FormatOption, OutOption, emit, log
from serving.messages.catalogue import text, text_or

if TYPE_CHECKING:
    import pandas as pd

    from serving.planning.problem.building import Planning
    from serving.planning.solution import Solved
    from serving.planning.sources import Sources

Period = Annotated[str, typer.Option("--period", help="Such as 2027Q1, 2027-01 or 2027.")]
Buyer = Annotated[str | None, typer.Option("--buyer", help="Only this buyer, by its code or name.")]
Rules = Annotated[Path | None, typer.Option("--rules", help="The officer's rules, a TOML file.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="A folder of contract tables, instead of the database."),
]
Plan = Annotated[
    str | None,
    typer.Option("--plan", help="The kept plan that is asked about; otherwise it is solved anew."),
]
Limit = Annotated[
    float, typer.Option("--time-limit", min=0.1, help="Time limit of each solution, in seconds.")
]
Seed = Annotated[int, typer.Option("--seed", help="With --data: random seed of the fit.")]


class Frontier(StrEnum):
    """What is varied."""

    BUDGET = "budget"
    EVENNESS = "evenness"
    MATCHING = "matching"


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(why)
    app.command("what-if")(what_if)
    app.command()(frontier)
    app.command("second-opinion")(opinion)


def why(
    product: Annotated[str, typer.Argument(help="A product, by its identifier or title.")],
    street: Annotated[str, typer.Argument(help="A street, by its code or name.")],
    period: Period,
    buyer: Buyer = None,
    budget_yuan: BudgetYuan = None,
    budget_fen: BudgetFen = None,
    rules: Rules = None,
    plan: Plan = None,
    data: Data = None,
    time_limit: Limit = 15.0,
    seed: Seed = 0,
    format: FormatOption = Format.TABLE,
) -> None:
    """Explain why a product is planned for a street or not, and the cost of the alternative.

    Example: gongxu why P2026-00001 仙霞新村街道 --period 2026Q4
    """
    import pandas as pd

    from serving.planning.questions import explain_choice

    budget = amount_fen(budget_yuan, budget_fen)
    planning, solved = _solve(
        _sources(data, period, seed), period, rules, buyer, budget, time_limit, plan=plan
    )
    answer = explain_choice(planning, solved, product, street, time_limit_s=time_limit)
    if format is not Format.TABLE:
        _print_json(answer, format)
        return
    for reason in answer["reasons"]:
        typer.echo(f"{answer['title']}（{answer['street']}）：{reason}")
    if answer["changes"]:
        title = text("document.buy_instead" if answer["planned"] else "document.give_up", "zh")
        emit(pd.DataFrame(answer["changes"]).head(20), title=title)


def what_if(
    period: Period,
    buyer: Buyer = None,
    budget_yuan: BudgetYuan = None,
    budget_fen: BudgetFen = None,
    rules: Rules = None,
    new_rules: Annotated[
        Path | None, typer.Option("--new-rules", help="The rules to compare with.")
    ] = None,
    new_budget_yuan: Annotated[
        str | None, typer.Option("--new-budget-yuan", help="The budget to compare with, in yuan.")
    ] = None,
    new_budget_fen: Annotated[
        int | None, typer.Option("--new-budget-fen", help="The same in fen, for programs.")
    ] = None,
    plan: Plan = None,
    data: Data = None,
    time_limit: Limit = 15.0,
    seed: Seed = 0,
    out: OutOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Compare the plan with the plan under another budget or other rules.

    Example: gongxu what-if --period 2026Q4 --new-budget-yuan 400000
    """
    import pandas as pd

    from serving.planning.questions import compare_plans

    other = amount_fen(new_budget_yuan, new_budget_fen, option="--new-budget")
    if new_rules is None and other is None:
        raise UsageError("what is to be different?", "Give --new-budget-yuan or --new-rules.")
    budget = amount_fen(budget_yuan, budget_fen)
    sources = _sources(data, period, seed)
    before = _solve(sources, period, rules, buyer, budget, time_limit, plan=plan)
    after = _solve(
        sources, period, new_rules or rules, buyer, other or budget, time_limit, start=before[1]
    )
    figures, frame = compare_plans(before, after)
    table = pd.DataFrame(figures).T
    _show_difference(table, f"{period}", frame, {"figures": figures}, format, out)


def frontier(
    over: Annotated[Frontier, typer.Argument(help="What varies: budget, evenness or matching.")],
    period: Period,
    buyer: Buyer = None,
    budget_yuan: BudgetYuan = None,
    budget_fen: BudgetFen = None,
    rules: Rules = None,
    data: Data = None,
    time_limit: Limit = 10.0,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A plot (.svg, .png, .pdf) or data (.csv, .json, .xlsx)."),
    ] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Trace expected attendances over the budget, the bound on evenness, or the matching of wants.

    Example: gongxu frontier budget --period 2026Q4 --out frontier.svg
    """
    from serving.exports.frontiers import PLOTS, plot_frontier
    from serving.planning.questions import (
        present_point,
        trace_budget,
        trace_evenness,
        trace_matching,
    )

    budget = amount_fen(budget_yuan, budget_fen)
    planning, solved = _solve(
        _sources(data, period, seed), period, rules, buyer, budget, time_limit
    )
    trace = {
        Frontier.BUDGET: trace_budget,
        Frontier.EVENNESS: trace_evenness,
        Frontier.MATCHING: trace_matching,
    }[over]
    points = trace(solved, time_limit_s=time_limit)
    if out is not None and out.suffix.lower() in PLOTS:
        present = present_point(planning, solved, over.value)
        plot_frontier(points, out, period=period, present=present)
        log.print(f"wrote {len(points)} points to {out}", soft_wrap=True)
        return
    emit(points, format, out=out, title=f"{over.value} {period}", officers=True)


def opinion(
    period: Period,
    buyer: Buyer = None,
    budget_yuan: BudgetYuan = None,
    budget_fen: BudgetFen = None,
    rules: Rules = None,
    plan: Plan = None,
    data: Data = None,
    time_limit: Limit = 15.0,
    seed: Seed = 0,
    out: OutOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Compare the plan with what the Method of Equal Shares would buy.

    Example: gongxu second-opinion --period 2026Q4
    """
    import pandas as pd

    from serving.planning.questions import ask_equal_shares

    budget = amount_fen(budget_yuan, budget_fen)
    planning, solved = _solve(
        _sources(data, period, seed), period, rules, buyer, budget, time_limit, plan=plan
    )
    figures, frame = ask_equal_shares(planning, solved)
    table = pd.DataFrame({name: figures[name] for name in ("plan", "shares")})
    _show_difference(table, f"agreed {figures['agreed']:.0%}", frame, figures, format, out)


def _sources(data: Path | None, period: str, seed: int) -> "Sources":
    from datetime import UTC, datetime

    from data.district_time import period_bounds
    from serving.planning.sources import folder_sources, served_sources
    from serving.settings import Settings

    period_bounds(period)
    if data is not None:
        return folder_sources(data, period, seed=seed, now=datetime.now(UTC))
    return served_sources(Settings())


def _solve(
    sources: "Sources",
    period: str,
    rules: Path | None,
    buyer: str | None,
    budget_fen: int | None,
    time_limit: float,
    *,
    plan: str | None = None,
    start: "Solved | None" = None,
) -> tuple["Planning", "Solved"]:
    from serving.planning.kept_plans import on_the_table
    from serving.planning.rules import PlanRules
    from serving.planning.rules_file import read_rules
    from serving.planning.solution import solve_planning
    from serving.planning.sources import state_planning
    from serving.settings import Settings

    wanted = read_rules(rules) if rules is not None else PlanRules()
    planning = state_planning(sources, period, wanted, buyer=buyer, budget_fen=budget_fen)
    if start is not None:
        solved = solve_planning(planning, time_limit_s=time_limit, start=start)
    else:
        solved = on_the_table(planning, plan, Settings(), time_limit)
    for words in solved.loosened:
        log.print(f"[yellow]{text('document.warning', 'zh')}[/] {escape(words)}", soft_wrap=True)
    return planning, solved


def _show_difference(
    table: "pd.DataFrame",
    title: str,
    cells: "pd.DataFrame",
    figures: dict[str, Any],
    format: Format,
    out: Path | None,
) -> None:
    """Two plans beside each other: the cells to a file, figures and cells to the screen."""
    if out is not None or format is Format.CSV:
        emit(cells, format, out=out, officers=True)
    elif format is Format.TABLE:
        emit(_figures_for_officers(table), title=title)
        emit(cells.head(30), title=f"{len(cells)} cells differ")
    else:
        _print_json({**figures, "cells": cells.to_dict("records")}, format)


def _figures_for_officers(table: "pd.DataFrame") -> "pd.DataFrame":
    """Figures as rows, in Chinese: money in yuan, people whole."""
    from serving.exports.tables import for_officers

    plain = for_officers(table.T).T
    names = {name: text_or(f"document.{name}", "zh", name) for name in map(str, plain.index)}
    return plain.rename(index=names).rename_axis(text("document.figure", "zh")).reset_index()


def _print_json(answer: Any, format: Format) -> None:
    import json

    if format is not Format.JSON:
        raise UsageError(f"{format.value} cannot hold this answer.", "Use --format json.")
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2, default=float))
