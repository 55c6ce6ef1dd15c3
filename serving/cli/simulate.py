"""`simulate`: a synthetic district to measure in."""

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
