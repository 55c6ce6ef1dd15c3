"""`retrain`, `models`: fitting, the registry and what is served."""

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
