"""`convert`: public data sets as contract tables."""

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
