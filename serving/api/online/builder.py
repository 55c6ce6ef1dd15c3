"""``python -m serving.api.online.builder FOLDER AT``: build an edition and put it on the shelf.

In a process of its own, so that the arithmetic takes nothing from the processes that answer, and
what it leaves behind in state is gone with it.
"""

import logging
import logging.config
import os
import sys
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from recommender.errors import GongxuError
from serving.api.http.logs import LOGGING
from serving.api.online.building import build, load_model
from serving.api.online.shelf import Shelf
from serving.composition import open_store
from serving.settings import Settings

_log = logging.getLogger("gongxu.snapshots")


def main(folder: Path, at: datetime) -> int:
    """Build as the environment's settings say, and put it on the shelf; returns the exit code."""
    logging.config.dictConfig(LOGGING)
    settings = Settings()
    try:
        store = open_store(settings)
        try:
            loaded = load_model(settings, store)
            edition = build(store, loaded, settings.home, at=at)
        finally:
            store.close()
        Shelf(folder).put(edition, loaded)
    except (GongxuError, sa.exc.SQLAlchemyError, OSError) as error:
        told = {"error": type(error).__name__, "what": str(error)[:300]}
        _log.warning("not built", extra={"fields": told})
        return 1
    seconds = round(edition.cost_s, 2)
    _log.info("built", extra={"fields": {"model": edition.version, "seconds": seconds}})
    return 0


if __name__ == "__main__":
    os.nice(5)  # who answers goes first
    sys.exit(main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
