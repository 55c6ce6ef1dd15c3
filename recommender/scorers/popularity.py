"""What many take: the scorer that every other one has to beat."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.interfaces import Arrays
from recommender.types import Interactions


class PopularityScorer:
    """Sum of confidences by product, the same for everybody.

    Recency comes from the interactions: give them decayed weights. Never NaN: a product nobody
    took scores 0, so that this scorer can end every fallback chain.

    Attributes
    ----------
    popularity_
        Shape (n_products,), float32, >= 0.
    """

    popularity_: NDArray[np.float32]

    def fit(
        self,
        interactions: Interactions,
        product_features: sp.csr_matrix,
        *,
        rng: np.random.Generator,
    ) -> Self:
        """Count."""
        del product_features, rng
        total = np.asarray(interactions.confidence.sum(axis=0)).ravel()
        self.popularity_ = total.astype(np.float32)
        return self

    def score(self, query: NDArray[np.intp], candidates: NDArray[np.intp]) -> NDArray[np.float32]:
        """The candidates' popularity, once a resident."""
        return np.repeat(self.popularity_[candidates][None, :], len(query), axis=0)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        return {"popularity": self.popularity_}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""
        scorer = cls()
        scorer.popularity_ = arrays["popularity"]
        return scorer
