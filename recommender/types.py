"""The central value objects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.errors import UnknownIdError


class IdMap:
    """External identifiers to ``0..n-1`` and back, frozen.

    Parameters
    ----------
    ids
        Distinct identifiers; their order gives the positions.

    Raises
    ------
    ValueError
        If an identifier stands twice.
    """

    __slots__ = ("_ids", "_positions")

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids: tuple[str, ...] = tuple(ids)
        self._positions = {key: position for position, key in enumerate(self._ids)}
        if len(self._positions) != len(self._ids):
            raise ValueError("identifiers must be distinct")

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, key: object) -> bool:
        return key in self._positions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(self._ids)

    @property
    def ids(self) -> tuple[str, ...]:
        """All identifiers, by position."""
        return self._ids

    def position(self, key: str) -> int:
        """Position of one identifier.

        Raises
        ------
        UnknownIdError
            If the map does not hold it.
        """
        try:
            return self._positions[key]
        except KeyError:
            raise UnknownIdError(f"unknown identifier {key!r}.") from None

    def positions(self, keys: Iterable[str], *, missing: int | None = None) -> NDArray[np.intp]:
        """Positions of many identifiers.

        Parameters
        ----------
        keys
            Identifiers, in any order, repeats allowed.
        missing
            What an unknown identifier becomes (usually -1); ``None`` raises instead.

        Returns
        -------
        Positions, shape (len(keys),), dtype intp.

        Raises
        ------
        UnknownIdError
            If ``missing`` is ``None`` and an identifier is unknown.
        """
        if missing is None:
            return np.fromiter((self.position(key) for key in keys), dtype=np.intp)
        get = self._positions.get
        return np.fromiter((get(key, missing) for key in keys), dtype=np.intp)

    def take(self, positions: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """Identifiers at the given positions."""
        return [self._ids[int(position)] for position in positions]

    def to_array(self) -> NDArray[np.str_]:
        """All identifiers as a unicode array, for a bundle."""
        return np.array(self._ids, dtype=np.str_)

    @classmethod
    def from_array(cls, ids: NDArray[np.str_]) -> Self:
        """The inverse of :meth:`to_array`."""
        return cls(ids.tolist())


@dataclass(frozen=True, slots=True)
class Interactions:
    """Who took what, weighted.

    Attributes
    ----------
    confidence
        CSR matrix, shape (n_residents, n_products), float32, entries > 0.
    residents, products
        The rows' and columns' identifiers.
    as_of
        The moment the matrix speaks for; nothing later is in it.
    """

    confidence: sp.csr_matrix
    residents: IdMap
    products: IdMap
    as_of: datetime

    def __post_init__(self) -> None:
        if self.confidence.shape != (len(self.residents), len(self.products)):
            raise ValueError(
                f"confidence has shape {self.confidence.shape}, "
                f"the maps say {(len(self.residents), len(self.products))}"
            )


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is suggested, or is not; made only from what moved the score.

    Attributes
    ----------
    code
        A stable name, such as ``attended_supplier`` or ``walking_distance``;
        ``serving.messages.reasons`` has the sentence for each.
    values
        What the sentence names, by placeholder: titles, names, minutes, kilometres.
    weight
        The share of the score that this reason explains, in [0, 1].
    """

    code: str
    values: Mapping[str, str | float] = field(default_factory=dict)
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line of a resident's list (contract, section 2, ``suggest``).

    Attributes
    ----------
    distance_m
        Metres from the resident's area to the venue; ``None`` when either has no point.
    score
        Without unit; only its order within one list means something.
    slot
        ``ranked``, ``explore`` or ``promoted``.
    propensity
        Probability in (0, 1] that this event stood in this slot.
    """

    rank: int
    event_id: str
    product_id: str
    title: str
    starts_at: datetime
    venue_id: str | None
    distance_m: float | None
    score: float
    slot: str
    propensity: float
    reasons: tuple[Reason, ...]
    suggestion_id: str
    model_version: str


@dataclass(frozen=True, slots=True)
class DemandEstimate:
    """Street x product demand for one period; every array has one entry a cell.

    Attributes
    ----------
    streets, products
        The cell grid; arrays below have shape (n_streets, n_products).
    period
        Such as ``2027Q1``.
    expected, low, high
        Attendances at one session if capacity were unlimited, float64, with an 80 % interval.
    evidence_bookings
        Bookings by residents of the street that the figure rests on, int64.
    evidence_surveys
        Survey votes from the street for the product itself, int64; its category's count apart.
    supply
        Seats already planned in the street for the period, float64.
    gap
        Attendances of the sessions that are planned for the period (of one session where none
        is), if capacity were unlimited, minus ``supply``, float64; negative where there are more
        seats than people who would come.
    suppressed
        True where fewer than ten residents stand behind the figure and it must not be shown.
    alone
        ``expected`` if the session were the only one of its period instead of one more beside a
        usual period's; ``None`` where it is not known.
    """

    streets: IdMap
    products: IdMap
    period: str
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    evidence_bookings: NDArray[np.int64]
    evidence_surveys: NDArray[np.int64]
    supply: NDArray[np.float64]
    gap: NDArray[np.float64]
    suppressed: NDArray[np.bool_]
    alone: NDArray[np.float64] | None = None
