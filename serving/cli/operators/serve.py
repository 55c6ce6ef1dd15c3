"""`serve`: the HTTP service."""

import json
import os
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64)] = 1,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="The district of `gongxu demo`, with users whose passwords are printed.",
        ),
    ] = False,
) -> None:
    """Serve API, console and residents' pages until the process is stopped.

    Requests in progress are completed.

    Example: gongxu serve --port 8000 --workers 2
    """
    from serving.api.server import run
    from serving.api.settings import ServiceSettings
    from serving.cli.operators.demo_users import require_loopback
    from serving.settings import Settings

    if demo or ServiceSettings().demo_residents:  # anybody may sign in as one of them
        require_loopback(host)
    if demo:
        _prepare_demo(host, port)
    run(Settings(), host=host, port=port, workers=workers)


def _prepare_demo(host: str, port: int) -> None:
    """Open the demonstration's own home, at its own time, and print how to sign in."""
    from datetime import UTC, datetime

    from serving.cli.operators.demo import MORNING, demo_home
    from serving.cli.operators.demo_users import make_users, ready_residents
    from serving.cli.output import log
    from serving.composition import open_store, require_tables
    from serving.settings import Settings

    demo_home()
    os.environ.setdefault("GONGXU_DEMO_CLOCK", MORNING)
    store = open_store(Settings())
    try:
        require_tables(store)
        users = make_users(store.engine, now=datetime.now(tz=UTC))
        residents = ready_residents(store.engine)
    finally:
        store.close()
    os.environ["GONGXU_DEMO_RESIDENTS"] = json.dumps(residents)
    log.print(f"Residents: http://{host}:{port}/ (sign in as one of {', '.join(residents)})")
    log.print(f"Console:   http://{host}:{port}/console")
    for user in users:
        log.print(f"  {user.role:<9} {user.name}  password {user.password}")
