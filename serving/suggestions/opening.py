"""Suggesters from the database or from a folder of contract tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from recommender.errors import InputRejectedError, UsageError
from recommender.ranking.lists.boosts import Boosts
from serving.suggestions.kept_prices import load_prices
from serving.suggestions.list_tables import ListTables
from serving.suggestions.suggester import Suggester

if TYPE_CHECKING:
    from data.dataset import Dataset
    from recommender.ranking.model.suggestion_model import SuggestionModel
    from serving.settings import Settings

PART = "suggestions"
"""The bundle's part that holds the suggestion model."""


def read_boosts(path: Path) -> Boosts:
    """Policy weights from a JSON file.

    Raises
    ------
    UsageError
        If the file is missing or does not hold weights.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Give a JSON file.") from None
    if not isinstance(document, dict):
        raise UsageError(
            f"{path} holds no weights.", 'Write {"district": {"category:reading": 0.3}}.'
        )
    return Boosts.parse(document)


def read_lists(path: Path) -> pd.DataFrame:
    """What ``suggest --all`` wrote.

    Raises
    ------
    UsageError
        If the file is missing, or holds no lists of residents.
    """
    wanted = ["resident_id", "rank", "event_id"]
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path, columns=wanted)
        return pd.read_csv(path, usecols=wanted, dtype={"resident_id": "str", "event_id": "str"})
    except (OSError, ValueError) as error:
        told = str(error).splitlines()[0]
        raise UsageError(
            f"{path} holds no lists: {told}.", "Make it by `gongxu suggest --all --out FILE`."
        ) from None


def open_suggester(
    data: Path | None,
    at: datetime | None,
    *,
    model: Path | None = None,
    boosts: Boosts | None = None,
    seed: int = 0,
) -> Suggester:
    """The suggester of a folder, or of the database when there is none.

    Parameters
    ----------
    data
        Folder of contract tables; the database when ``None``.
    at
        Moment of asking; now when left out (see :func:`suggester_from_folder` for folders).
    model, seed
        Of a folder only, see :func:`suggester_from_folder`.
    boosts
        Policy weights; none when left out.

    Returns
    -------
    The suggester.
    """
    from serving.cli.output import progress
    from serving.settings import Settings

    now = datetime.now(UTC)
    if data is None:
        return suggester_from_store(Settings(), at or now, boosts=boosts)
    with progress() as bar:
        task = bar.add_task("reading", total=None)
        return suggester_from_folder(
            data,
            at,
            now=now,
            model=model,
            boosts=boosts,
            seed=seed,
            told=lambda step: bar.update(task, description=step),
        )


def open_live(data: Path | None, at: datetime | None) -> ListTables:
    """The tables at a moment; no model is needed.

    Parameters
    ----------
    data
        Folder of contract tables; the database when ``None``.
    at
        The moment; now when left out.

    Returns
    -------
    The tables as they were known then.
    """
    from data.snapshot import as_of
    from serving.composition import open_store, require_tables
    from serving.settings import Settings

    now = datetime.now(UTC)
    if data is not None:
        tables, moment = _folder_at(data, at, now)
        return ListTables(tables, moment)
    store = open_store(Settings())
    try:
        require_tables(store)
        tables = as_of(store.load(), at or now)
    finally:
        store.close()
    return ListTables(tables, at or now)


def suggester_from_store(
    settings: Settings, at: datetime, *, boosts: Boosts | None = None
) -> Suggester:
    """The served model on the database, as it was known at a moment.

    Parameters
    ----------
    settings
        Where database and models are.
    at
        The moment.
    boosts
        Policy weights; none when left out.

    Returns
    -------
    The suggester, with the seat prices of the last batch run where they still hold.

    Raises
    ------
    NotTrainedError
        Before the first model.
    GongxuError
        If the database does not answer or is empty.
    """
    from data.snapshot import as_of
    from serving.composition import open_store, served_model
    from training.registry.loading import open_suggestions

    store = open_store(settings)
    try:
        served = served_model(settings, store)
        tables = as_of(store.load(), at)
    finally:
        store.close()
    model = open_suggestions(served.bundle.parts)
    list_tables = ListTables(tables, at, boosts=boosts)
    prices = load_prices(settings.home, list_tables, served.version)
    return Suggester(model, list_tables, model_version=served.version, prices=prices)


def suggester_from_folder(
    folder: Path,
    at: datetime | None,
    *,
    now: datetime,
    model: Path | None = None,
    boosts: Boosts | None = None,
    seed: int = 0,
    told: Callable[[str], None] | None = None,
) -> Suggester:
    """A model on a folder of contract tables; the database is not touched.

    Parameters
    ----------
    folder
        With the tables as CSV or Parquet.
    at
        Moment of asking. When left out: ``now``, or the last booking where no event lies ahead
        of ``now``, as in a set that was closed.
    now
        The clock.
    model
        A bundle's folder; fitted on what was known at ``at`` when left out.
    boosts
        Policy weights; none when left out.
    seed
        Of that fit.
    told
        Hears the name of each step.

    Returns
    -------
    The suggester, without seat prices.

    Raises
    ------
    InputRejectedError
        If the folder holds nothing to suggest from.
    """
    tables, at = _folder_at(folder, at, now)
    fitted, version = _fitted(tables, at, model, seed, told)
    return Suggester(fitted, ListTables(tables, at, boosts=boosts), model_version=version)


def _folder_at(folder: Path, at: datetime | None, now: datetime) -> tuple[Dataset, datetime]:
    from data.files.reading import read_dataset
    from data.snapshot import as_of

    dataset, _ = read_dataset(folder, now=now)
    if dataset["events"].empty:
        raise InputRejectedError(f"{folder} holds no events.", "Give contract tables.")
    if at is None:
        last = dataset["bookings"]["booked_at"].max()
        over = dataset["events"]["starts_at"].max() <= pd.Timestamp(now)
        at = last.to_pydatetime() if over and pd.notna(last) else now
    return as_of(dataset, at), at


def _fitted(
    tables: Dataset,
    at: datetime,
    model: Path | None,
    seed: int,
    told: Callable[[str], None] | None,
) -> tuple[SuggestionModel, str]:
    import numpy as np

    if model is not None:
        from training.registry.bundle import load_bundle
        from training.registry.loading import open_suggestions

        bundle = load_bundle(model, parts=[PART])
        return open_suggestions(bundle.parts), model.name
    from training.suggestions.fit import fit_suggestions

    rng = np.random.default_rng(seed)
    return fit_suggestions(tables, as_of=at, rng=rng, progress=told), f"unsaved-{seed}"
