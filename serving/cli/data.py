"""`init`, `import`: the database and what goes in."""

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
