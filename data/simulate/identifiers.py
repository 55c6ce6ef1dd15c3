"""Numbers to what tables hold: identifiers, looked-up names, times and dates."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.simulate.settings import DAY_S, OFFSET_S
from data.simulate.world import SimulatedWorld

_STR: Any = pd.StringDtype(na_value=np.nan)


def _text(array: Any) -> pd.Series:
    return pd.Series(_STR.__from_arrow__(array))


def ids(prefix: str, numbers: NDArray[Any], width: int) -> pd.Series:
    """Identifiers such as ``R0000042``, as a ``str`` series.

    Parameters
    ----------
    prefix
        What each identifier begins with.
    numbers
        Whole numbers, shape (n,).
    width
        Least number of digits.

    Returns
    -------
    Shape (n,).
    """
    text = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
    joined = pc.binary_join_element_wise(pa.scalar(prefix), text, "")
    return _text(joined)


def taken(names: list[str], index: NDArray[Any]) -> pd.Series:
    """``names[index]`` as a ``str`` series; -1 gives a missing value.

    Parameters
    ----------
    names
        Values to choose from.
    index
        Positions in ``names``, or -1, shape (n,).

    Returns
    -------
    Shape (n,).
    """
    picked = pc.take(pa.array(names, type=pa.string()), pa.array(np.where(index < 0, 0, index)))
    if (index < 0).any():
        picked = pc.if_else(pa.array(index < 0), pa.scalar(None, pa.string()), picked)
    return _text(picked)


def times(seconds: NDArray[np.int64]) -> pd.Series:
    """Seconds since 1970 as UTC times."""
    return pd.Series((seconds * 1_000_000).astype("datetime64[us]")).dt.tz_localize("UTC")


def dates(seconds: NDArray[np.int64]) -> pd.Series:
    """The local dates of moments, as midnights without zone."""
    days = (seconds + OFFSET_S) // DAY_S
    return pd.Series(days.astype("datetime64[D]").astype("datetime64[us]"))


def resident_ids(index: NDArray[Any]) -> pd.Series:
    """Residents' pseudonyms."""
    return ids("R", index, 8)


def event_ids(index: NDArray[Any]) -> pd.Series:
    """Events' identifiers."""
    return ids("E", index, 6)


def product_ids(world: SimulatedWorld, index: NDArray[Any]) -> pd.Series:
    """Products' identifiers: the first catalogue year and a number.

    Parameters
    ----------
    world
        A world whose history has run.
    index
        Positions of products, or -1, shape (n,).

    Returns
    -------
    Shape (n,).
    """
    years = [world.settings.start.year + int(y) for y in world.catalogue.first_year]
    names = [f"P{year}-{number:05d}" for number, year in enumerate(years)]
    return taken(names, index)


def venue_ids(index: NDArray[Any]) -> pd.Series:
    """Venues' identifiers; -1 is online, without a venue."""
    names = [f"V{v:04d}" for v in range(int(index.max(initial=0)) + 1)]
    return taken(names, index)
