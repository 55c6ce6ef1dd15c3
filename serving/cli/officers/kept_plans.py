"""`plans`: plans that are kept, and their files."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, emit
from serving.cli.transaction import transaction


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    group = typer.Typer(name="plans", help="Kept plans: list, save.", no_args_is_help=True)
    group.command("list")(list_plans)
    group.command()(save)
    app.add_typer(group)


def list_plans(
    period: Annotated[str | None, typer.Option("--period", help="Only of this period.")] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List kept plans, newest first, with how many of their lines are decided.

    Example: gongxu plans list --period 2026Q4
    """
    import pandas as pd
    import sqlalchemy as sa

    query = sa.text(
        "SELECT p.plan_id, p.period, p.made_at, p.made_by,"
        " jsonb_array_length(p.document->'lines') AS lines,"
        " (SELECT count(*) FROM orders o WHERE o.plan_id = p.plan_id"
        "  AND o.status <> 'proposed') AS decided FROM plans p"
        " WHERE CAST(:period AS text) IS NULL OR p.period = :period ORDER BY p.made_at DESC"
    )
    with transaction() as connection:
        rows = connection.execute(query, {"period": period}).all()
    names = ["plan_id", "period", "made_at", "made_by", "lines", "decided"]
    emit(pd.DataFrame([tuple(row) for row in rows], columns=names), format)


def save(
    plan: Annotated[str, typer.Argument(help="The identifier of a kept plan.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="A file (.xlsx, .pdf, .csv, .ics, .json, .ocds.json), or a folder for a workbook "
            "and a PDF of every buyer.",
        ),
    ],
    buyer: Annotated[
        str | None, typer.Option("--buyer", help="Only this buyer, by its code or name.")
    ] = None,
) -> None:
    """Write the files of a kept plan; its workbook holds what was decided so far.

    Example: gongxu plans save PLAN-2026Q4-0123456789ab --buyer 仙霞新村街道 --out plan.xlsx
    """
    from dataclasses import replace

    from data.store.decisions import read_plan_document
    from serving.cli.officers.plans import save as write
    from serving.exports.paper import for_buyer
    from serving.names import resolve
    from serving.planning.decisions.deciding import standing_decisions
    from serving.planning.kept_plans import kept_document

    with transaction() as connection:
        content = read_plan_document(connection, plan)
        decided = standing_decisions(connection, content)
    document = replace(kept_document(content), decided=decided)
    if buyer is not None:
        names = {line["buyer_code"]: (line["buyer"],) for line in content["lines"]}
        document = for_buyer(document, resolve(buyer, names, what="buyer of this plan"))
    write(document, out)
