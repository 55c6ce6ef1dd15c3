"""The composition root: the one place where settings become open things.

Heavy libraries are imported inside the functions, so that a command pays only for what it uses.
Nothing here that answers a request imports MLflow.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from recommender.errors import GongxuError, NotTrainedError

if TYPE_CHECKING:
    from data.store.store import Store
    from serving.settings import Settings
    from training.registry.bundle import Bundle
    from training.registry.registry import Registry
    from training.registry.served import Served

_log = logging.getLogger("gongxu.erasures")


def open_store(settings: Settings) -> Store:
    """The database of the settings; the embedded server is started when it is meant.

    Raises
    ------
    GongxuError
        If it does not answer.
    """
    from data.store.store import Store

    if settings.database_url is not None:
        return Store.connect(settings.database_url)
    from data.store.embedded import embedded_url

    return Store.connect(embedded_url(settings.home))


def apply_erasure_journal(settings: Settings, store: Store) -> None:
    """Erase again whoever a restored backup of the database brought back; logged.

    Parameters
    ----------
    settings, store
        Where the journal is, and the database.

    Raises
    ------
    GongxuError
        If the database's erasures were recorded with another key.
    """
    from data.store.erasures import Erasures
    from serving.outcomes.erasure import reapply_erasures

    again = reapply_erasures(store.engine, Erasures(settings.home), now=datetime.now(tz=UTC))
    if again:
        _log.warning("%d residents of the journal of erasures were erased again", again)


def open_registry(settings: Settings, store: Store | None = None) -> Registry:
    """The model registry, on a store that is already open or on one of its own.

    Parameters
    ----------
    settings
        Where database and bundles are.
    store
        A store that is open; one is opened when left out.

    Returns
    -------
    The registry.

    Raises
    ------
    GongxuError
        If the database does not answer or was never initialised.
    """
    from training.registry.registry import Registry

    store = store or open_store(settings)
    require_tables(store)
    return Registry(store.engine, settings.home)


class ServedModel:
    """The model that answers: its row, its arrays in memory, its parts made ready on demand.

    Attributes
    ----------
    served
        Which version, where, and since when.
    bundle
        Its manifest and read-only arrays, mapped from disk.
    """

    def __init__(self, served: Served, bundle: Bundle) -> None:
        self.served = served
        self.bundle = bundle

    @property
    def version(self) -> str:
        """Name of the version, as `model_version` in every output."""
        return self.served.version


def served_model(settings: Settings, store: Store | None = None) -> ServedModel:
    """Open the model that is served now.

    Parameters
    ----------
    store
        Asked for the row; one is opened, and closed again, when left out.

    Returns
    -------
    The model.

    Raises
    ------
    NotTrainedError
        Before the first model.
    BundleError
        If its files are damaged.
    """
    from training.registry.bundle import load_bundle, read_manifest
    from training.registry.served import read_served

    opened = store or open_store(settings)
    try:
        require_tables(opened)
        served = read_served(opened.engine)
    finally:
        if store is None:
            opened.close()
    if served is None:
        raise NotTrainedError("no model is served yet.", "Run `gongxu retrain` first.")
    folder = served.folder(settings.home)
    parts = [part for part in SERVED_PARTS if part in read_manifest(folder).parts]
    return ServedModel(served, load_bundle(folder, parts=parts))


SERVED_PARTS = ("suggestions", "demand")
"""What serving opens of a bundle; the gate's own part stays on disk."""


def require_tables(store: Store) -> None:
    """Make sure that the database is what this program was written for.

    Raises
    ------
    GongxuError
        If it is empty, older or newer.
    """
    from data.store.upgrading import current_revision, newest_revision

    found, wanted = current_revision(store.engine), newest_revision()
    if found is None:
        raise GongxuError("the database is empty.", "Run `gongxu init` and `gongxu import`.")
    if found != wanted:
        raise GongxuError(
            f"the database's tables are of version {found}, this program's of {wanted}.",
            "Run `gongxu init`, which brings an older database up to date.",
        )
