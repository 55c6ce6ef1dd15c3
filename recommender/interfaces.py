"""The protocols that rooms meet at."""

from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable

from numpy.typing import NDArray

from recommender.types import DemandEstimate, IdMap

Arrays = Mapping[str, NDArray[Any]]
"""Named arrays as they lie in a bundle: numeric, boolean, datetime64 or unicode, never objects."""


@runtime_checkable
class Persistable(Protocol):
    """Something fitted that a bundle can keep as arrays, without pickling."""

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt, as named arrays; scalars as 0-d arrays."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Build the fitted object again; scores equal those before saving."""
        ...


class DemandEstimator(Protocol):
    """Expected attendances for every street and product in a period."""

    def estimate(self, streets: IdMap, products: IdMap, period: str) -> DemandEstimate:
        """Estimate every cell of the grid.

        Parameters
        ----------
        streets, products
            Identifiers of the rows and columns of the grid.
        period
            A period in the grammar of :mod:`recommender.demand.periods`.

        Returns
        -------
        Expected attendances with an interval and their evidence, each of shape (n_streets,
        n_products).

        Raises
        ------
        UnknownIdError
            For a street or product that the fitted data does not hold.
        """
        ...
