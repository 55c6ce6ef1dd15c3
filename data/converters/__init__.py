"""Known public data sets as contract tables; docs/converters.md holds every rule."""

from collections.abc import Callable
from pathlib import Path

from data.converters.conversion import Conversion
from data.converters.lending_library import convert_lending_library
from data.converters.meetup import convert_meetup
from data.converters.movietweetings import convert_movietweetings
from data.converters.pabulib import convert_pabulib
from recommender.errors import UsageError

CONVERTERS: dict[str, Callable[[Path], Conversion]] = {
    "lending-library": convert_lending_library,
    "meetup": convert_meetup,
    "movietweetings": convert_movietweetings,
    "pabulib": convert_pabulib,
}
"""Converters by the name of their source."""


def convert(source: str, path: Path) -> Conversion:
    """Contract tables from a known source.

    Parameters
    ----------
    source
        ``lending-library``, ``meetup``, ``movietweetings`` or ``pabulib``.
    path
        The folder with the source's files, or a ``.pb`` file of Pabulib.

    Returns
    -------
    The contract tables and the account of every input row.

    Raises
    ------
    UsageError
        If the source or the path is unknown, or a file is missing.
    InputRejectedError
        If nothing in it can be mapped.
    """
    if source not in CONVERTERS:
        raise UsageError(f"unknown source {source!r}.", f"Known: {', '.join(CONVERTERS)}.")
    if not path.exists():
        raise UsageError(f"{path} does not exist.", "Give the folder that holds the data set.")
    return CONVERTERS[source](path)


__all__ = ["CONVERTERS", "Conversion", "convert"]
