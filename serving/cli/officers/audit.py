"""`audit`, `decide`: what was decided, by whom, and that nobody changed the record."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from recommender.errors import InputRejectedError, UsageError
from serving.cli.output import Format, FormatOption, emit, log
from serving.cli.transaction import transaction
from serving.messages.catalogue import text


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
    line: Annotated[
        str | None, typer.Argument(help="The line's identifier, as in the plan.")
    ] = None,
    decision: Annotated[
        str | None, typer.Argument(help="accept, change or reject (采纳、调整、不采纳).")
    ] = None,
    filled: Annotated[
        Path | None,
        typer.Option("--from", help="A filled-in workbook of a plan, instead of one line."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="The officer who decides; --from: else whom it names.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    no_conflict: Annotated[
        bool, typer.Option("--no-conflict", help="Declare that there is no conflict of interest.")
    ] = False,
    sessions: Annotated[
        int | None, typer.Option("--sessions", help="With change: the new number of sessions.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --from: judge only, record nothing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="With --from: record nothing if a line is refused.")
    ] = False,
    format: FormatOption = Format.TABLE,
) -> None:
    """Decide on one line of a kept plan, or on all lines of a filled-in workbook.

    An accepted or changed line becomes an order; every decision is an entry in the audit trail.

    Example: gongxu decide --from plan.xlsx --by 李红
    """
    if filled is not None:
        if line is not None:
            raise UsageError("--from takes no line.", "Give one of them.")
        _decide_from(filled, by, dry_run=dry_run, strict=strict, format=format)
        return
    if line is None or decision is None:
        raise UsageError("which line, and how?", "Give LINE DECISION, or --from plan.xlsx.")
    from datetime import UTC, datetime

    from data.store.decisions import DECISIONS, Decision
    from data.store.decisions import decide as record
    from serving.names import resolve

    words = {name: (text(f"workbook.decision_{name}", "zh"),) for name in DECISIONS}
    decision = resolve(decision, words, what="decision")
    made = Decision(line, decision, by, reason, no_conflict, sessions)
    with transaction() as connection:
        order = record(connection, made, now=datetime.now(UTC))
    log.print(f"order {order} is {'rejected' if decision == 'reject' else 'approved'}")


def _decide_from(filled: Path, by: str, *, dry_run: bool, strict: bool, format: Format) -> None:
    """Read a workbook back; exit status 3 if nothing could be taken, or anything not and strict."""
    from datetime import UTC, datetime

    import pandas as pd

    from serving.planning.decisions.deciding import REFUSED, decide_workbook, tally
    from serving.planning.decisions.filled_workbook import read_workbook

    try:
        content = filled.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {filled}: {error.strerror}.") from None
    book = read_workbook(content)
    with transaction() as connection:
        judge = partial(
            decide_workbook, connection, book, officer=by or book.officer, now=datetime.now(UTC)
        )
        verdicts = judge(dry_run=dry_run or strict)
        bad = any(each.outcome == REFUSED for each in verdicts)
        if strict and not dry_run and not bad:
            verdicts = judge()
    counts = tally(verdicts)
    rows = [
        {
            "cell": each.cell,
            "line_id": each.line_id,
            "title": each.title,
            "outcome": each.outcome,
            "reason": text(f"decide.{each.code}", "zh", **each.values),
        }
        for each in verdicts
    ]
    frame = pd.DataFrame(rows, columns=["cell", "line_id", "title", "outcome", "reason"])
    if format is Format.TABLE:
        frame["line_id"] = frame["line_id"].str.rpartition("-")[2]
        frame["outcome"] = [text(f"decide.{each}", "zh") for each in frame["outcome"]]
        heads = ("cell", "line", "product", "outcome", "why")
        frame.columns = pd.Index([text(f"decide.head_{name}", "zh") for name in heads])
    emit(frame, format, title=f"{book.plan_id}")
    kept = dry_run or (strict and bad)
    told = text("decide.summary_dry" if kept else "decide.summary", "zh", **counts,
                open=book.open_lines)  # fmt: skip
    log.print(told, soft_wrap=True)
    if bad and (strict or not counts["taken"] + counts["unchanged"]):
        raise InputRejectedError(
            f"{counts['refused']} lines were refused.", "Mend their cells and read it again."
        )
