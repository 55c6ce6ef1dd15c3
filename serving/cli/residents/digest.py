"""`digest`: the weekly letters of those who follow something."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import log


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(digest)


def digest(
    date: Annotated[str, typer.Option("--date", help="First day of the week, such as 2026-10-05.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the letters, one file per resident.")
    ],
    n: Annotated[
        int, typer.Option("-n", min=1, max=20, help="Maximum number of events in a letter.")
    ] = 5,
    smtp: Annotated[
        str | None, typer.Option("--smtp", help="Also send: smtp://host:port or smtps://….")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="Recipient address, with {resident} for the pseudonym.")
    ] = "",
    sender: Annotated[str, typer.Option("--from", help="Sender address.")] = "",
) -> None:
    """Write, and send, a weekly digest to residents who follow something.

    Nobody else receives one, and no digest is sent twice.

    Example: gongxu digest --date 2026-10-05 --out letters/
    """
    from datetime import UTC, datetime
    from datetime import date as day_of

    import sqlalchemy as sa

    from data.district_time import district_zone
    from recommender.errors import UsageError
    from serving.composition import open_store, require_tables
    from serving.settings import Settings
    from serving.suggestions.digest import save_letters, send_letters, write_letters
    from serving.suggestions.serving_snapshot import build, load_model

    try:
        day = day_of.fromisoformat(date)
    except ValueError:
        raise UsageError(f"{date!r} is no date.", "Write it like 2026-10-05.") from None
    if smtp is not None and not (to and sender):
        raise UsageError("--smtp needs --to and --from.")
    settings = Settings()
    store = open_store(settings)
    try:
        require_tables(store)
        with store.engine.connect() as connection:
            query = sa.text("SELECT DISTINCT resident_id FROM follows ORDER BY resident_id")
            followers = list(connection.execute(query).scalars())
        begins = datetime(day.year, day.month, day.day, tzinfo=district_zone())
        # On past data the week decides; else it is what is known now.
        at = min(datetime.now(tz=UTC), begins)
        snapshot = build(store, load_model(settings, store), settings.home, at=at)
    finally:
        store.close()
    known = snapshot.suggester.list_tables.snapshot.residents
    letters = write_letters(snapshot.suggester, [r for r in followers if r in known], day, n=n)
    saved = save_letters(letters, out)
    log.print(f"wrote {len(saved):,} letters to {out}", soft_wrap=True)
    if smtp is not None:
        sent = send_letters(saved, smtp, sender=sender, address=to)
        log.print(f"sent {sent:,} letters")
