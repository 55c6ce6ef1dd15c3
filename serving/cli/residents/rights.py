"""`forget`, `export-resident`: the resident's rights."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import log

_Resident = Annotated[str, typer.Argument(help="The resident's pseudonym.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(forget)
    app.command("export-resident")(export_resident)


def forget(resident: _Resident) -> None:
    """Erase a resident from every table; the next retraining learns without their data.

    Example: gongxu forget R00001149
    """
    from data.store.erasures import Erasures
    from serving.composition import open_store, require_tables
    from serving.outcomes.changes import ChangeCounter
    from serving.outcomes.erasure import erase_resident
    from serving.settings import Settings

    settings = Settings()
    store = open_store(settings)
    require_tables(store)
    erasures = Erasures(settings.home)
    with store.engine.begin() as connection:
        gone = erase_resident(connection, resident, erasures=erasures, now=datetime.now(tz=UTC))
    ChangeCounter(settings.home).increment()
    log.print("erased" if gone else "already erased")


def export_resident(
    resident: _Resident,
    out: Annotated[Path | None, typer.Option("--out", help="Write to this JSON file.")] = None,
) -> None:
    """Export all data held about a resident, as JSON by table.

    Example: gongxu export-resident R00001149 --out resident.json
    """
    import orjson

    from serving.composition import open_store, require_tables
    from serving.outcomes.rights import export_resident as held_of
    from serving.settings import Settings

    store = open_store(Settings())
    require_tables(store)
    with store.engine.connect() as connection:
        held = orjson.dumps(held_of(connection, resident), option=orjson.OPT_INDENT_2) + b"\n"
    if out is None:
        sys.stdout.buffer.write(held)
    else:
        out.write_bytes(held)
        log.print(f"wrote {out}")
