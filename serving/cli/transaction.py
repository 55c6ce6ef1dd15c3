"""One transaction of a command on the installed database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # so that the command starts without it
    import sqlalchemy as sa


@contextmanager
def transaction() -> Iterator["sa.Connection"]:
    """An open transaction; it is kept when the block ends well.

    Raises
    ------
    GongxuError
        If the database is not set up.
    """
    from serving.composition import open_store, require_tables
    from serving.settings import Settings

    store = open_store(Settings())
    try:
        require_tables(store)
        with store.engine.begin() as connection:
            yield connection
    finally:
        store.close()
