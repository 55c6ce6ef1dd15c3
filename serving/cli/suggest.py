"""`suggest`: a resident's list."""

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
