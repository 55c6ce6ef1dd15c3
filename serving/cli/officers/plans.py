"""`plan`: what to buy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from recommender.errors import UsageError
from serving.cli.officers.money import BudgetFen, BudgetYuan, amount_fen
from serving.cli.output import Format, FormatOption, emit, log
from serving.messages.catalogue import text

if TYPE_CHECKING:
    from serving.planning.document import PlanDocument


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(plan)
    app.command()(rules)


def plan(
    period: Annotated[str, typer.Option("--period", help="Such as 2027Q1, 2027-01 or 2027.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="A file (.xlsx, .pdf, .csv, .ics, .json, .ocds.json), or a folder for a workbook "
            "and a PDF of every buyer.",
        ),
    ] = None,
    buyer: Annotated[
        str | None, typer.Option("--buyer", help="Only this buyer, by its code or name.")
    ] = None,
    budget_yuan: BudgetYuan = None,
    budget_fen: BudgetFen = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="The officer's rules, a TOML file.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A folder of contract tables, instead of the database."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=0.1, help="Time limit of the solver, in seconds.")
    ] = 30.0,
    gap: Annotated[
        float,
        typer.Option(
            "--gap", min=0, max=0.5, help="Relative gap to the optimum at which the solver stops."
        ),
    ] = 0.005,
    seed: Annotated[int, typer.Option("--seed", help="With --data: random seed of the fit.")] = 0,
    format: FormatOption = Format.TABLE,
) -> None:
    """Compute a purchase plan under the buyers' budgets and the officer's rules.

    Example: gongxu plan --period 2026Q4 --out plan.xlsx
    """
    budget = amount_fen(budget_yuan, budget_fen)
    document = _make(period, buyer, budget, rules, data, time_limit, gap, seed)
    if out is not None:
        save(document, out)
    for warning in document.warnings:
        log.print(f"[yellow]{text('document.warning', 'zh')}[/] {escape(warning)}", soft_wrap=True)
    if out is None and format is not Format.TABLE:
        emit(document.lines, format)
    else:
        _show(document)


def _make(
    period: str,
    buyer: str | None,
    budget_fen: int | None,
    rules: Path | None,
    data: Path | None,
    time_limit: float,
    gap: float,
    seed: int,
) -> "PlanDocument":
    from datetime import UTC, datetime

    from data.district_time import period_bounds
    from serving.cli.output import progress
    from serving.planning.document import make_plan
    from serving.planning.rules import PlanRules
    from serving.planning.rules_file import read_rules
    from serving.planning.sources import folder_sources, served_sources
    from serving.settings import Settings

    period_bounds(period)
    wanted = read_rules(rules) if rules is not None else PlanRules()
    with progress() as bar:
        task = bar.add_task("demand", total=2)
        if data is not None:
            sources = folder_sources(data, period, seed=seed, now=datetime.now(UTC))
        else:
            sources = served_sources(Settings())
        bar.update(task, completed=1, description="solving")
        document = make_plan(
            sources,
            period,
            wanted,
            buyer=buyer,
            budget_fen=budget_fen,
            time_limit_s=time_limit,
            mip_gap=gap,
        )
        bar.update(task, completed=2, description="done")
    if data is None:
        _keep(document)
    return document


def _keep(document: "PlanDocument") -> None:
    """A plan from the database is kept there, so that its lines can be decided."""
    import getpass
    import json
    from datetime import UTC, datetime

    from data.store.decisions import keep_plan
    from serving.composition import open_store
    from serving.exports.saving import plan_json
    from serving.planning.drafts.posed import keep_posed
    from serving.settings import Settings

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a process without a user of a name
        user = "unknown"
    store = open_store(Settings())
    try:
        with store.engine.begin() as connection:
            content = json.loads(plan_json(document))
            keep_plan(connection, content, made_by=user, now=datetime.now(UTC))
            if document.posed is not None:
                keep_posed(connection, document.plan_id, document.posed)
    finally:
        store.close()


def rules(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file instead of the screen.")
    ] = None,
) -> None:
    """Write a rules file to fill in: every rule in Chinese with its default, in yuan.

    Example: gongxu rules --out rules.toml
    """
    from serving.exports.template import rules_template

    if out is None:
        typer.echo(rules_template(), nl=False)
        return
    if out.exists():
        raise UsageError(f"{out} is there already, and may be filled in.", "Give another name.")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(rules_template(), encoding="utf-8")
    log.print(f"wrote {out}", soft_wrap=True)


def save(document: "PlanDocument", out: Path) -> None:
    """Write a plan to a file, or every buyer's workbook and PDF to a folder.

    Parameters
    ----------
    document
        The plan.
    out
        A file by its ending; what has none is a folder.
    """
    from serving.exports.saving import save_by_buyer, save_plan

    if out.is_dir() or not out.suffix:
        for file in save_by_buyer(document, out):
            log.print(f"wrote {file}", soft_wrap=True)
        return
    save_plan(document, out)
    log.print(f"wrote {len(document.lines):,} lines to {out}", soft_wrap=True)


def _head(name: str) -> str:
    return text(f"document.{name}", "zh")


def _show(document: "PlanDocument") -> None:
    import pandas as pd

    s = document.summary
    figures = {
        _head("budget_yuan"): f"{s['budget_fen'] / 100:,.0f}",
        _head("amount_yuan"): f"{s['amount_fen'] / 100:,.0f}",
        _head("sessions"): f"{s['sessions']:,}",
        _head("products"): f"{s['products']:,}",
        _head("streets"): f"{s['streets']:,}",
        _head("expected"): text(
            "document.expected_interval",
            "zh",
            expected=s["expected"],
            low=s["low"],
            high=s["high"],
        ),
        _head("yuan_each"): f"{(s['fen_per_attendance'] or 0) / 100:,.2f}",
        _head("gini"): f"{s['gini']:.3f}",
        **({} if s["matching"] is None else {_head("matching"): f"{s['matching']:.0%}"}),
        _head("gap"): f"≤ {s['gap']:.2%}",
    }
    title = text("document.plan_title", "zh", period=document.period)
    emit(pd.DataFrame([figures]), title=f"{title} {document.plan_id}")
    top = document.lines.head(10)
    intervals = zip(top["low"], top["high"], strict=True)
    yuan_each = top["amount_fen"] / 100 / top["expected"].clip(lower=0.1)
    shown = pd.DataFrame(
        {
            _head("street"): top["street"],
            _head("product"): top["title"],
            _head("venue"): top["venue"],
            _head("sessions"): top["sessions"],
            _head("amount_yuan"): top["amount_fen"] / 100,
            _head("expected"): top["expected"].round(),
            _head("interval"): [f"{a:.0f}–{b:.0f}" for a, b in intervals],
            _head("yuan_each"): yuan_each.round(1),
        }
    )
    emit(shown, title=_head("top_lines"))
