"""From the database to a snapshot that lists are made from, and when a new one is due."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import sqlalchemy as sa

from data.dataset import Dataset
from data.schema import TABLES
from data.store.erasures import Erasures
from serving.settings import Settings
from serving.store_tables import live_changes, mutes
from serving.suggestions.kept_prices import load_prices
from serving.suggestions.list_tables import ListTables
from serving.suggestions.suggester import Suggester

if TYPE_CHECKING:
    from data.store.store import Store
    from recommender.demand.model import DemandModel
    from recommender.ranking.model.suggestion_model import SuggestionModel
    from serving.composition import ServedModel

_log = logging.getLogger("gongxu.snapshots")
_SINGLE_ROWS = ("areas", "events")
AGED = timedelta(minutes=10)
"""Age at which a snapshot is replaced although nothing was written."""


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
class ServingSnapshot:
    """The tables at one moment, bound to a model.

    Attributes
    ----------
    suggester
        Makes the lists.
    version
        Version of the model.
    entry
        The last logged change that is surely in it.
    written
        :func:`rows_written` before the tables were read.
    cost_s
        Seconds that building took.
    tables
        Tables of which single rows are read: areas and events.
    parents
        Code of each area's parent, by area code.
    gone
        Digests of erased residents.
    """

    suggester: Suggester
    version: str
    entry: int
    written: int
    cost_s: float
    tables: dict[str, pd.DataFrame]
    parents: dict[str, str]
    gone: set[str]


def load_model(settings: Settings, store: "Store") -> Loaded:
    """Open the model that is served.

    Parameters
    ----------
    settings, store
        Where bundles are, and the database that names the served one.

    Returns
    -------
    The model.

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
            # Lists do not need the demand model: a damaged one must not stop them.
            _log.warning("demand cannot be opened", extra={"fields": {"error": str(error)}})
    return Loaded(served, open_suggestions(parts), demand)


def build(store: "Store", loaded: Loaded, home: Path, *, at: datetime) -> ServingSnapshot:
    """Build a snapshot of the tables as they are known at a moment.

    Parameters
    ----------
    store
        The database.
    loaded
        The served model.
    home
        ``GONGXU_HOME``, where the last batch run left its seat prices and the key of erasures is.
    at
        The moment.

    Returns
    -------
    The snapshot, with everything computed that lists need.
    """
    from data.snapshot import as_of

    started = time.monotonic()
    # Read before the tables: what is written meanwhile counts as written afterwards.
    entry, written = last_entry(store.engine), rows_written(store.engine)
    tables = as_of(store.load(), at)
    with store.engine.connect() as connection:
        muted = pd.DataFrame(
            connection.execute(sa.select(mutes)).mappings().all(), columns=list(mutes.c.keys())
        )
        gone = set(Erasures(home).read(connection))
    list_tables = ListTables(tables, at, muted=muted)
    prices = load_prices(home, list_tables, loaded.version)
    suggester = Suggester(
        loaded.suggestions, list_tables, model_version=loaded.version, prices=prices
    )
    kept = {name: tables[name] for name in _SINGLE_ROWS}
    parents = _parents(tables)
    del tables
    suggester.prepare()
    cost = time.monotonic() - started
    return ServingSnapshot(suggester, loaded.version, entry, written, cost, kept, parents, gone)


class BuildSchedule:
    """Decides when a new snapshot is due.

    Parameters
    ----------
    refresh_s
        Seconds between two snapshots of one model, at least.
    """

    def __init__(self, refresh_s: float) -> None:
        self._refresh_s = refresh_s
        self._built = float("-inf")
        self._cost_s = 0.0
        self._version = ""
        self._at: datetime | None = None
        self._written = -1
        self._bulk = 0

    def note(
        self, version: str, at: datetime, written: int, cost_s: float, *, bulk: int = 0
    ) -> None:
        """Note that a snapshot was built.

        Parameters
        ----------
        version, at
            Its model and moment.
        written, cost_s
            :func:`rows_written` before, and the seconds it took.
        bulk
            :func:`last_bulk_change` before.
        """
        self._bulk = bulk
        self._version, self._at = version, at
        self._written, self._cost_s = written, cost_s
        self._built = time.monotonic()

    def is_due(self, version: str, written: int, now: datetime, *, bulk: int = 0) -> bool:
        """Whether a snapshot should be built.

        Parameters
        ----------
        version
            The model that is served.
        written
            See :func:`rows_written`.
        now
            The clock; one that was set back makes the last snapshot one of the future.
        bulk
            See :func:`last_bulk_change`.

        Returns
        -------
        True for another model, and for rows written or ten minutes gone after a pause that keeps
        building to a tenth of the time; after a change in bulk, to half of it.
        """
        if self._at is None or version != self._version:
            return True
        pause = max(self._refresh_s, 10 * self._cost_s) if bulk == self._bulk else self._cost_s
        if time.monotonic() - self._built <= pause:
            return False
        return abs(now - self._at) > AGED or written != self._written


def last_entry(engine: sa.Engine) -> int:
    """Number of the last logged change."""
    with engine.connect() as connection:
        found = connection.execute(sa.select(sa.func.max(live_changes.c.entry)))
        return int(found.scalar_one() or 0)


def last_bulk_change(engine: sa.Engine) -> int:
    """Number of the last logged change of so many rows that workers cannot apply it: an import."""
    with engine.connect() as connection:
        query = sa.select(sa.func.max(live_changes.c.entry))
        return int(
            connection.execute(query.where(live_changes.c.kind.like("%*"))).scalar_one() or 0
        )


def rows_written(engine: sa.Engine) -> int:
    """Rows ever written to the contract's tables, by any program."""
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
