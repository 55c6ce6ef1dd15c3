"""Identifier maps on arrays: shared by processes, and without an object for every name."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

from recommender.errors import UnknownIdError
from recommender.types import IdMap


class Names(Sequence[str]):
    """Identifiers as a sequence; each is made when it is asked for.

    Parameters
    ----------
    names
        UTF-8, dtype ``S``, by position.
    """

    def __init__(self, names: NDArray[np.bytes_]) -> None:
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            return tuple(name.decode() for name in self._names[at].tolist())
        name: bytes = self._names[at]
        return name.decode()

    def __iter__(self) -> Iterator[str]:
        return (name.decode() for name in self._names)


class MappedIds(IdMap):
    """An :class:`recommender.types.IdMap` on two arrays, found in by bisection.

    Parameters
    ----------
    names
        UTF-8, dtype ``S``, by position.
    order
        Positions in the order of the names.
    """

    __slots__ = ("_names", "_order", "_sorted")

    def __init__(self, names: NDArray[np.bytes_], order: NDArray[np.int32]) -> None:
        self._names = names
        self._order = order
        # Tables are mostly sorted by their keys: then no second copy of the names is needed.
        in_order = bool((order[1:] > order[:-1]).all())
        self._sorted = names if in_order else names[order]

    @classmethod
    def arrays_of(cls, ids: IdMap) -> tuple[NDArray[np.bytes_], NDArray[np.int32]]:
        """What the constructor takes, of any map."""
        if isinstance(ids, MappedIds):
            return ids._names, ids._order
        names = np.array([name.encode() for name in ids.ids], dtype=np.bytes_)
        return names, np.argsort(names, kind="stable").astype(np.int32)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) >= 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and list(self.ids) == list(other.ids)

    def __hash__(self) -> int:
        return hash(tuple(self.ids))

    @property
    def ids(self) -> Sequence[str]:  # type: ignore[override]
        """All identifiers, by position."""
        return Names(self._names)

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
        """Positions of many identifiers; see :meth:`recommender.types.IdMap.positions`."""
        if missing is None:
            return np.fromiter((self.position(key) for key in keys), dtype=np.intp)
        found = np.fromiter((self._find(key) for key in keys), dtype=np.intp)
        return np.where(found < 0, missing, found)

    def take(self, positions: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """Identifiers at the given positions."""
        return [name.decode() for name in self._names[np.asarray(positions, dtype=np.intp)]]

    def to_array(self) -> NDArray[np.str_]:
        """All identifiers as a unicode array, for a bundle."""
        return np.array(list(self.ids), dtype=np.str_)

    @classmethod
    def from_array(cls, ids: NDArray[np.str_]) -> Self:
        """The inverse of :meth:`to_array`."""
        return cls(*cls.arrays_of(IdMap(ids.tolist())))

    def _find(self, key: str) -> int:
        wanted = key.encode()
        # Trailing zeros do not count in such arrays: they must not in the question either.
        # A name longer than all would make numpy widen a copy of the whole array.
        if not wanted or wanted.endswith(b"\0") or len(wanted) > self._sorted.dtype.itemsize:
            return -1
        at = int(np.searchsorted(self._sorted, np.bytes_(wanted)))
        if at < len(self._sorted) and self._sorted[at] == wanted:
            return int(self._order[at])
        return -1
