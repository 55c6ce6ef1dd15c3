"""`audit`, `decide`: what was decided, by whom, and that nobody changed the record."""

from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, emit, log


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    group = typer.Typer(
        name="audit", help="The audit trail: append-only and sealed.", no_args_is_help=True
    )
    group.command()(verify)
    group.command("list")(list_entries)
    app.add_typer(group)
    app.command()(decide)


def verify(
    head: Annotated[
        str | None, typer.Option("--head", help="A digest noted earlier, which must still occur.")
    ] = None,
) -> None:
    """Verify every seal of the trail; exit status 1 if an entry was changed or removed.

    Example: gongxu audit verify
    """
    from data.store.audit import verify_audit
    from recommender.errors import GongxuError
    from serving.composition import open_store, require_tables
    from serving.settings import Settings

    store = open_store(Settings())
    try:
        require_tables(store)
        with store.engine.connect() as connection:
            verdict = verify_audit(connection, head=head)
    finally:
        store.close()
    if verdict.broken is not None:
        number, reason = verdict.broken
        raise GongxuError(
            f"the audit trail is broken at entry {number}: {reason}.",
            f"The {verdict.entries} entries before it are whole.",
        )
    log.print(f"{verdict.entries:,} entries are intact; the last digest is {verdict.head}")


def list_entries(
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only of this plan, line or order.")
    ] = None,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="Number of entries.")] = 20,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show the latest entries.

    Example: gongxu audit list -n 5
    """
    import pandas as pd

    from data.store.audit import read_audit
    from serving.composition import open_store, require_tables
    from serving.settings import Settings

    store = open_store(Settings())
    try:
        require_tables(store)
        with store.engine.connect() as connection:
            entries = read_audit(connection, subject=subject, last=last)
    finally:
        store.close()
    names = ["entry", "at", "actor", "action", "subject", "payload", "digest"]
    rows = [[getattr(entry, name) for name in names] for entry in entries]
    frame = pd.DataFrame(rows, columns=names)
    if format is Format.TABLE:  # a plan's entry holds all its rules; json and csv show them
        frame["payload"] = [_short(str(payload)) for payload in frame["payload"]]
        frame["at"] = pd.to_datetime(frame["at"], utc=True, format="ISO8601")
    emit(frame, format, shown=names[:6])


def _short(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def decide(
    line: Annotated[str, typer.Argument(help="The line's identifier, as in the plan.")],
    decision: Annotated[str, typer.Argument(help="accept, change or reject.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    by: Annotated[str, typer.Option("--by", help="The officer who decides.")],
    no_conflict: Annotated[
        bool, typer.Option("--no-conflict", help="Declare that there is no conflict of interest.")
    ] = False,
    sessions: Annotated[
        int | None, typer.Option("--sessions", help="With change: the new number of sessions.")
    ] = None,
) -> None:
    """Decide on one line of a stored plan; an accepted or changed line becomes an order.

    Example: gongxu decide PLAN-2026Q4-0123456789ab-0001 accept --reason 合适 --by li --no-conflict
    """
    from datetime import UTC, datetime

    from data.store.decisions import Decision
    from data.store.decisions import decide as record
    from serving.composition import open_store, require_tables
    from serving.settings import Settings

    made = Decision(line, decision, by, reason, no_conflict, sessions)
    store = open_store(Settings())
    try:
        require_tables(store)
        with store.engine.begin() as connection:
            order = record(connection, made, now=datetime.now(UTC))
    finally:
        store.close()
    log.print(f"order {order} is {'rejected' if decision == 'reject' else 'approved'}")
