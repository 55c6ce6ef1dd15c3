"""From the database to the memory that answers."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import sqlalchemy as sa

from data.dataset import Dataset
from data.schema import TABLES
from serving.api.online.state import OnlineState
from serving.settings import Settings
from serving.store_tables import erasures, live_changes, mutes
from serving.suggestions.live import Live
from serving.suggestions.seat_pricing import load_prices
from serving.suggestions.suggester import Suggester

if TYPE_CHECKING:
    from data.store.store import Store
    from recommender.demand.model import DemandModel
    from recommender.ranking.model.suggestion_model import SuggestionModel
    from serving.composition import ServedModel

_log = logging.getLogger("gongxu.snapshots")
_SINGLE_ROWS = ("areas", "events")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A served model, opened."""

    served: "ServedModel"
    suggestions: "SuggestionModel"
    demand: "DemandModel | None"

    @property
    def version(self) -> str:
        """The version's name."""
        return self.served.version


@dataclass(frozen=True, slots=True)
class Edition:
    """What one building made.

    Attributes
    ----------
    suggester
        Makes the lists.
    version
        The model's.
    entry
        The last change that it surely holds.
    written
        What :func:`rows_written` said before.
    cost_s
        How long it took.
    tables, parents, gone
        See :class:`serving.api.online.state.OnlineState`.
    """

    suggester: Suggester
    version: str
    entry: int
    written: int
    cost_s: float
    tables: dict[str, pd.DataFrame]
    parents: dict[str, str]
    gone: set[str]

    def state(self) -> OnlineState:
        """A memory with nothing laid over it yet."""
        return OnlineState(
            self.suggester, self.version, self.entry, self.tables, self.parents, gone=set(self.gone)
        )


def load_model(settings: Settings, store: "Store") -> Loaded:
    """Open the model that is served.

    Raises
    ------
    NotTrainedError
        Before the first model.
    BundleError
        If it is damaged, or this program cannot use it.
    """
    from serving.composition import served_model
    from training.registry.bundle import BundleError
    from training.registry.loading import DEMAND, open_demand, open_suggestions

    served = served_model(settings, store)
    parts = served.bundle.parts
    demand = None
    if DEMAND in parts:
        try:
            demand = open_demand(parts)
        except BundleError as error:
            # Lists need no demand: a part that an older program wrote must not stop them.
            _log.warning("demand cannot be opened", extra={"fields": {"error": str(error)}})
    return Loaded(served, open_suggestions(parts), demand)


def build(store: "Store", loaded: Loaded, home: Path, *, at: datetime) -> Edition:
    """Arrays of the tables as they are known at a moment, and the model bound to them.

    Parameters
    ----------
    store
        The database.
    loaded
        The served model.
    home
        Where seats' prices lie, if a batch run left any.
    at
        The moment.
    """
    from data.snapshot import as_of

    started = time.monotonic()
    # Asked before the tables are read: what is written meanwhile counts as written afterwards.
    entry, written = last_entry(store.engine), rows_written(store.engine)
    tables = as_of(store.load(), at)
    with store.engine.connect() as connection:
        muted = pd.DataFrame(
            connection.execute(sa.select(mutes)).mappings().all(), columns=list(mutes.c.keys())
        )
        gone = set(connection.execute(sa.select(erasures.c.digest)).scalars())
    live = Live(tables, at, muted=muted)
    prices = load_prices(home, live, loaded.version)
    suggester = Suggester(loaded.suggestions, live, model_version=loaded.version, prices=prices)
    kept = {name: tables[name] for name in _SINGLE_ROWS}
    parents = _parents(tables)
    del tables
    suggester.prepare()
    cost = time.monotonic() - started
    return Edition(suggester, loaded.version, entry, written, cost, kept, parents, gone)


def last_entry(engine: sa.Engine) -> int:
    """The number of the last change."""
    with engine.connect() as connection:
        found = connection.execute(sa.select(sa.func.max(live_changes.c.entry)))
        return int(found.scalar_one() or 0)


def rows_written(engine: sa.Engine) -> int:
    """A number that grows with everything written to the contract's tables, by whomever."""
    with engine.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) "
                "FROM pg_stat_user_tables WHERE relname = ANY(:names)"
            ),
            {"names": list(TABLES)},
        )
        return int(found.scalar_one())


def _parents(tables: Dataset) -> dict[str, str]:
    areas = tables["areas"]
    return {
        code: parent
        for code, parent in zip(areas["area_code"], areas["parent_code"], strict=True)
        if isinstance(parent, str)
    }
