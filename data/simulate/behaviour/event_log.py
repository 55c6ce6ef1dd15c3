"""What the platform writes down: growing columns, the closed journal, and lots that stay drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BOOKED, WAITLISTED, CANCELLED, ATTENDED, NO_SHOW = range(5)


@dataclass(slots=True)
class Journal:
    """All bookings and the kept impressions, as columns."""

    bookings: dict[str, NDArray[np.int64]]
    impressions: dict[str, NDArray[np.generic]]
    wanted: NDArray[np.int64]
    """Seats asked for at each event, turned away ones included."""
    exposure: NDArray[np.float64]
    """Shape (streets, events): notices examined by a street's residents, with event effects."""


def chance(key: NDArray[np.uint64], seed: int) -> NDArray[np.float32]:
    """A lot in [0, 1) that is the same for the same key (splitmix64).

    Parameters
    ----------
    key
        What is drawn for, shape (n,).
    seed
        Seed of the whole stream.

    Returns
    -------
    Uniform values, shape (n,).
    """
    mixed = key + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    found: NDArray[np.float32] = (mixed >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    return found


class Columns:
    """Integer columns that grow by doubling and allow writing to old rows."""

    def __init__(self, *names: str) -> None:
        self._data = {name: np.zeros(4_096, dtype=np.int64) for name in names}
        self.size = 0

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        return self._data[name][: self.size]

    def append(self, **chunk: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add rows; returns their positions."""
        count = len(next(iter(chunk.values())))
        end = self.size + count
        for name, values in chunk.items():
            if end > len(self._data[name]):
                grown = np.zeros(max(end, 2 * len(self._data[name])), dtype=np.int64)
                grown[: self.size] = self._data[name][: self.size]
                self._data[name] = grown
            self._data[name][self.size : end] = values
        rows = np.arange(self.size, end)
        self.size = end
        return rows

    def freeze(self) -> dict[str, NDArray[np.int64]]:
        """The columns, cut to size."""
        return {name: values[: self.size] for name, values in self._data.items()}
