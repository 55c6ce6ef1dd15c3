"""`users`: who signs in to the console; tokens of the local issuer."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from serving.cli.output import Format, FormatOption, emit, log

users = typer.Typer(no_args_is_help=True, help="Console users: add, list, disable; test tokens.")

_Areas = Annotated[
    list[str] | None,
    typer.Option("--area", help="An area that the officer covers; may be repeated."),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.add_typer(users, name="users")


@users.command()
def add(
    username: str,
    role: Annotated[str, typer.Option("--role", help="officer, district, counter or operator.")],
    area: _Areas = None,
) -> None:
    """Create a user; the password is prompted for, or read from standard input if that is a pipe.

    Example: gongxu users add officer-1 --role officer --area 310105102
    """
    from serving.auth.roles import parse_role
    from serving.auth.users import add_user
    from serving.composition import open_store
    from serving.settings import Settings

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    add_user(
        open_store(Settings()).engine,
        username,
        password,
        role=parse_role(role),
        areas=area or (),
        now=datetime.now(tz=UTC),
    )
    log.print(f"created {username}")


@users.command("list")
def list_(format: FormatOption = Format.TABLE) -> None:
    """List all users.

    Example: gongxu users list
    """
    import pandas as pd

    from serving.auth.users import list_users
    from serving.composition import open_store
    from serving.settings import Settings
    from serving.store_tables import console_users

    columns = [column.name for column in console_users.c if column.name != "password_hash"]
    rows = pd.DataFrame(list_users(open_store(Settings()).engine), columns=columns)
    rows["areas"] = rows["areas"].map(";".join)
    emit(rows, format)


@users.command()
def disable(username: str) -> None:
    """Disable a user's account and end its sessions, within two seconds on every server.

    Example: gongxu users disable officer-1
    """
    from serving.auth.users import disable_user
    from serving.composition import open_store
    from serving.settings import Settings

    disable_user(open_store(Settings()).engine, username, now=datetime.now(tz=UTC))
    log.print(f"disabled {username}")


@users.command()
def token(
    subject: Annotated[str, typer.Argument(help="A resident's pseudonym, or a name.")],
    role: Annotated[
        str, typer.Option("--role", help="resident, officer, district or operator.")
    ] = "resident",
    area: _Areas = None,
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=1440)] = 60,
) -> None:
    """For development: print a token from the local issuer (GONGXU_LOCAL_ISSUER must be set).

    Example: GONGXU_LOCAL_ISSUER=http://127.0.0.1:8000 gongxu users token R00001149
    """
    from recommender.errors import UsageError
    from serving.api.settings import ServiceSettings
    from serving.auth.local_issuer import issue_token
    from serving.auth.roles import parse_role
    from serving.settings import Settings

    options = ServiceSettings()
    if not options.local_issuer:
        raise UsageError(
            "there is no local issuer.", "Set GONGXU_LOCAL_ISSUER to the server's address."
        )
    signed = issue_token(
        Settings().home,
        subject,
        role=parse_role(role),
        areas=area or (),
        issuer=options.local_issuer,
        audience=options.oidc_audience,
        now=datetime.now(tz=UTC),
        lasts=timedelta(minutes=minutes),
    )
    sys.stdout.write(signed + "\n")
