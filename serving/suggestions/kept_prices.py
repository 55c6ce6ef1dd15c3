"""Seat prices of the last batch run, kept for the single lists that follow it."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.suggestions.list_tables import ListTables

FRESH = np.timedelta64(48, "h")
"""Prices older than this say nothing about today's seats."""


def save_prices(
    home: Path, tables: ListTables, prices: NDArray[np.float64], model_version: str
) -> Path:
    """Keep the batch run's prices for the single lists that follow it.

    Parameters
    ----------
    home
        ``GONGXU_HOME``.
    tables
        Name the moment and the candidates.
    prices
        Score units, shape (n_candidates,).
    model_version
        Whose scores the prices belong to.

    Returns
    -------
    The file.
    """
    path = _path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with half.open("wb") as handle:
        np.savez(
            handle,
            at=tables.inputs.at,
            model_version=np.array(model_version),
            event_id=np.array(tables.text.event_id, dtype=np.str_),
            price=prices,
        )
    half.replace(path)
    return path


def load_prices(home: Path, tables: ListTables, model_version: str) -> NDArray[np.float64] | None:
    """The last batch run's prices of the candidates; 0 for events it did not know.

    Parameters
    ----------
    home
        ``GONGXU_HOME``.
    tables
        Name the moment and the candidates.
    model_version
        The model that lists are made by.

    Returns
    -------
    Score units, shape (n_candidates,). ``None`` when there was no run, it was of another model
    (whose scores have another scale), or it is not of the last :data:`FRESH`.
    """
    try:
        with np.load(_path(home), allow_pickle=False) as kept:
            age = tables.inputs.at - np.datetime64(kept["at"].item(), "us")
            version = str(kept["model_version"])
            known = dict(zip(kept["event_id"].tolist(), kept["price"].tolist(), strict=True))
    except (OSError, ValueError, KeyError):
        return None
    if version != model_version or not np.timedelta64(0, "us") <= age <= FRESH:
        return None
    return np.array([known.get(event, 0.0) for event in tables.text.event_id], dtype=np.float64)


def _path(home: Path) -> Path:
    return home / "lists" / "prices.npz"
