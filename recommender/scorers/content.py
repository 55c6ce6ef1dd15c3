"""Likeness of a product to what a resident took, by what the products are."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

from recommender.interfaces import Arrays
from recommender.types import Interactions


class ContentScorer:
    """Cosine of a product's features with the weighted mean of the features a resident took.

    Works for products nobody took yet. NaN for a resident without history and for a product
    without features.

    Attributes
    ----------
    features_
        CSR (n_products, d), rows of unit length or empty.
    profiles_
        CSR (n_residents, d), likewise.
    """

    features_: sp.csr_matrix
    profiles_: sp.csr_matrix

    def fit(
        self,
        interactions: Interactions,
        product_features: sp.csr_matrix,
        *,
        rng: np.random.Generator,
    ) -> Self:
        """Average what each resident took."""
        del rng
        self.features_ = normalize(product_features, copy=True)
        self.profiles_ = normalize(interactions.confidence @ self.features_, copy=False)
        return self

    def score(self, query: NDArray[np.intp], candidates: NDArray[np.intp]) -> NDArray[np.float32]:
        """Cosines, in [0, 1] for non-negative features."""
        profiles = sp.csr_matrix(self.profiles_[query])
        features = sp.csr_matrix(self.features_[candidates])
        scores = np.asarray((profiles @ features.T).todense(), dtype=np.float32)
        scores[(profiles.getnnz(axis=1) == 0) | (query < 0)] = np.nan
        scores[:, features.getnnz(axis=1) == 0] = np.nan
        return scores

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Features and profiles, each as the three arrays of a CSR matrix and its shape."""
        return {
            f"{name}_{part}": values
            for name, matrix in (("features", self.features_), ("profiles", self.profiles_))
            for part, values in (
                ("data", matrix.data),
                ("indices", matrix.indices),
                ("indptr", matrix.indptr),
                ("shape", np.array(matrix.shape)),
            )
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""
        scorer = cls()
        scorer.features_, scorer.profiles_ = (
            sp.csr_matrix(
                (
                    arrays[f"{name}_data"],
                    arrays[f"{name}_indices"],
                    arrays[f"{name}_indptr"],
                ),
                shape=tuple(arrays[f"{name}_shape"]),
            )
            for name in ("features", "profiles")
        )
        return scorer
