"""`serve`: the HTTP service."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64)] = 1,
) -> None:
    """Serve the API until the process is stopped; requests in progress are completed.

    Example: gongxu serve --port 8000 --workers 2
    """
    from serving.api.server import run
    from serving.settings import Settings

    run(Settings(), host=host, port=port, workers=workers)
