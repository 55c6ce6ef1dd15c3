"""`keys`: API keys of other systems."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, emit, log

keys = typer.Typer(no_args_is_help=True, help="API keys: add, list, revoke.")


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.add_typer(keys, name="keys")


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="What the key is for, such as `district-app`.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="ingest or suggestions; may be repeated.")
    ] = None,
    role: Annotated[
        str, typer.Option("--role", help="service, officer, district or operator.")
    ] = "service",
    area: Annotated[
        list[str] | None,
        typer.Option("--area", help="An area that an officer's key covers; may be repeated."),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Days until the key expires.")
    ] = None,
) -> None:
    """Create a key; its secret is printed once and only its digest is stored.

    Example: gongxu keys add district-app --scope ingest --scope suggestions
    """
    import sys

    from serving.auth.keys import add_key
    from serving.auth.roles import parse_role
    from serving.composition import open_store
    from serving.settings import Settings

    now = datetime.now(tz=UTC)
    made = add_key(
        open_store(Settings()).engine,
        name,
        role=parse_role(role),
        scopes=scope or (),
        areas=area or (),
        now=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    log.print(f"created {made.key_id}; the secret is shown only once:")
    sys.stdout.write(made.secret + "\n")


@keys.command("list")
def list_(format: FormatOption = Format.TABLE) -> None:
    """List all keys, without their secrets.

    Example: gongxu keys list
    """
    import pandas as pd

    from serving.auth.keys import list_keys
    from serving.composition import open_store
    from serving.settings import Settings
    from serving.store_tables import api_keys

    columns = [column.name for column in api_keys.c if column.name != "digest"]
    rows = pd.DataFrame(list_keys(open_store(Settings()).engine), columns=columns)
    for words in ("scopes", "areas"):
        rows[words] = rows[words].map(";".join)
    emit(rows, format)


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """Revoke a key, within two seconds on every server.

    Example: gongxu keys revoke key-1a2b3c4d
    """
    from serving.auth.keys import revoke_key
    from serving.composition import open_store
    from serving.settings import Settings

    revoke_key(open_store(Settings()).engine, key_id, now=datetime.now(tz=UTC))
    log.print(f"revoked {key_id}")
