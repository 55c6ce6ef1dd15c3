"""The protocols that rooms meet at."""

from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.types import DemandEstimate, IdMap, Interactions

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


class Scorer(Protocol):
    """Scores products for residents. NaN means "cannot score"; a fallback chain fills NaNs."""

    def fit(
        self,
        interactions: Interactions,
        product_features: sp.csr_matrix,
        *,
        rng: np.random.Generator,
    ) -> Self:
        """Learn from ``interactions``; ``product_features`` has one row a product, float32."""
        ...

    def score(self, query: NDArray[np.intp], candidates: NDArray[np.intp]) -> NDArray[np.float32]:
        """Score candidates for residents.

        Parameters
        ----------
        query
            Resident positions, shape (q,); -1 for an unknown resident.
        candidates
            Product positions, shape (c,).

        Returns
        -------
        Scores, shape (q, c), float32, NaN where the scorer has nothing to say.
        """
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
