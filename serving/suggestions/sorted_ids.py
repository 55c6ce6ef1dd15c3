"""Identifier maps on a sorted array, which several processes can share."""

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from recommender.errors import UnknownIdError
from recommender.types import IdMap


class SortedIds(IdMap):
    """An :class:`recommender.types.IdMap` found in by bisection.

    Parameters
    ----------
    ids
        Distinct identifiers in ascending order, shape (n,); may be mapped from a file.
    """

    __slots__ = ("_array",)

    def __init__(self, ids: NDArray[np.str_]) -> None:
        self._array = ids

    def __len__(self) -> int:
        return len(self._array)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) >= 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and list(self.ids) == list(other.ids)

    def __hash__(self) -> int:
        return hash(tuple(self.ids))

    @property
    def ids(self) -> tuple[str, ...]:
        """All identifiers, by position: the array itself, which is read like a tuple."""
        return cast("tuple[str, ...]", self._array)

    def position(self, key: str) -> int:
        """Position of one identifier.

        Raises
        ------
        UnknownIdError
            If the map does not hold it.
        """
        found = self._find(key)
        if found < 0:
            raise UnknownIdError(f"unknown identifier {key!r}.")
        return found

    def positions(self, keys: Iterable[str], *, missing: int | None = None) -> NDArray[np.intp]:
        """Positions of many identifiers.

        Parameters
        ----------
        keys, missing
            See :meth:`recommender.types.IdMap.positions`.

        Returns
        -------
        Shape (len(keys),), dtype intp.
        """
        if missing is None:
            return np.fromiter((self.position(key) for key in keys), dtype=np.intp)
        found = np.fromiter((self._find(key) for key in keys), dtype=np.intp)
        return np.where(found < 0, missing, found)

    def take(self, positions: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """Identifiers at the given positions."""
        found: list[str] = self._array[np.asarray(positions, dtype=np.intp)].tolist()
        return found

    def to_array(self) -> NDArray[np.str_]:
        """All identifiers as a unicode array."""
        return self._array

    def _find(self, key: str) -> int:
        # NumPy pads with zeros, and would widen a copy of the whole array for a longer key.
        if not isinstance(key, str) or key.endswith("\0") or not 0 < len(key) <= self._width:
            return -1
        at = int(np.searchsorted(self._array, key))
        return at if at < len(self._array) and self._array[at] == key else -1

    @property
    def _width(self) -> int:
        return self._array.dtype.itemsize // 4
