"""`orders`, `stages`: from an approved line to acceptance, and the plan's checklist."""

from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, emit, log
from serving.cli.transaction import transaction
from serving.messages.catalogue import text
from serving.names import Names, resolve


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    group = typer.Typer(
        name="orders", help="Orders: approved, ordered, delivered, accepted.", no_args_is_help=True
    )
    group.command("list")(list_orders)
    group.command()(advance)
    app.add_typer(group)
    app.command()(stages)


def list_orders(
    plan: Annotated[str | None, typer.Option("--plan", help="Only of this plan.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only with this status.")] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List orders and their status.

    Example: gongxu orders list --status delivered
    """
    import pandas as pd
    import sqlalchemy as sa

    names = (
        "order_id", "buyer_code", "product_id", "venue_id", "sessions", "amount_fen", "status",
        "decided_by", "reason", "satisfaction",
    )  # fmt: skip
    status = None if status is None else resolve(status, status_names(), what="status")
    table = sa.table("orders", *(sa.column(name) for name in (*names, "plan_id")))
    query = sa.select(*(table.c[name] for name in names)).order_by(table.c.order_id)
    if plan is not None:
        query = query.where(table.c.plan_id == plan)
    if status is not None:
        query = query.where(table.c.status == status)
    with transaction() as connection:
        rows = connection.execute(query).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=list(names))
    emit(frame, format, officers=True)


def advance(
    order: Annotated[str, typer.Argument(help="The order's identifier, the same as its line's.")],
    status: Annotated[
        str, typer.Argument(help="ordered, delivered or accepted (已下单、已交付、已验收).")
    ],
    by: Annotated[str, typer.Option("--by", help="The officer who records the step.")],
    satisfaction: Annotated[
        int | None, typer.Option("--satisfaction", help="1 to 5, with accepted (满意度).")
    ] = None,
) -> None:
    """Advance an order by one step; every step is an entry in the audit trail.

    Example: gongxu orders advance PLAN-2026Q4-0123456789ab-0001 accepted --by li --satisfaction 5
    """
    from datetime import UTC, datetime

    from data.store.decisions import advance_order

    status = resolve(status, status_names(), what="status")
    with transaction() as connection:
        advance_order(
            connection, order, status, actor=by, now=datetime.now(UTC), satisfaction=satisfaction
        )
    log.print(f"order {order} is {status}", soft_wrap=True)


def status_names() -> Names:
    """Statuses of orders with their names."""
    from data.schema import ORDER_STATUSES

    return {name: (text(f"console.order_{name}", "zh"),) for name in ORDER_STATUSES}


def stages(
    plan: Annotated[str, typer.Argument(help="The identifier of a stored plan.")],
    done: Annotated[
        str | None, typer.Option("--done", help="The stage to complete; stages have an order.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="With --done: the officer who records it.")] = "",
    note: Annotated[str, typer.Option("--note", help="A remark.")] = "",
    format: FormatOption = Format.TABLE,
) -> None:
    """Show the stages of a plan (七个一); with --done, complete the next one.

    Example: gongxu stages PLAN-2026Q4-0123456789ab --done 需求征集 --by li
    """
    from datetime import UTC, datetime

    import pandas as pd

    from data.store.stages import pass_stage, read_stages

    with transaction() as connection:
        if done is not None:
            pass_stage(connection, plan, done, actor=by, note=note, now=datetime.now(UTC))
        rows = read_stages(connection, plan)
    nothing: dict[str, str] = {}
    frame = pd.DataFrame(
        [
            {
                "stage": name,
                "passed": passed is not None,
                **{key: (passed or nothing).get(key, "") for key in ("at", "actor", "note")},
            }
            for name, passed in rows
        ]
    )
    if format is Format.TABLE:  # people read the district's time; files hold what was recorded
        frame["at"] = pd.to_datetime(frame["at"].replace("", None), utc=True, format="ISO8601")
    emit(frame, format)
