"""`evaluate`: every scorer side by side on later time."""

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
