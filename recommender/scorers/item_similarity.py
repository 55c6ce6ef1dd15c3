"""The common part of scorers with a product-to-product matrix: sparse, saved as arrays."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.interfaces import Arrays
from recommender.types import Interactions

KEPT = 200
"""Entries kept per column: those of largest absolute value."""


class NeighbourScorer:
    """Scores ``x @ weights_`` for a history ``x`` of zeros and ones.

    Subclasses learn ``weights_``. Only the products with the most residents are included, so that
    a large catalogue costs no more memory than ``products_max`` squared. The other products have
    empty rows and columns: nothing can be said about them.

    Attributes
    ----------
    weights_
        CSR (n_products, n_products), float32, at most ``KEPT`` entries a column.
    part_
        Which products are included, boolean, shape (n_products,).
    """

    weights_: sp.csr_matrix
    part_: NDArray[np.bool_]
    products_max: int

    def fit(self, interactions: Interactions) -> Self:
        """Learn the matrix from who took what; confidences count as 1."""
        taken = sp.csr_matrix(interactions.confidence, copy=True)
        taken.data = np.ones_like(taken.data)
        count = taken.getnnz(axis=0)
        order = np.lexsort((np.arange(len(count)), -count))
        chosen = np.sort(order[: self.products_max][count[order[: self.products_max]] > 0])
        n = taken.shape[1]
        self.part_ = np.zeros(n, dtype=bool)
        self.part_[chosen] = True
        rows: list[NDArray[np.intp]] = [np.zeros(0, dtype=np.intp)]
        columns: list[NDArray[np.intp]] = [np.zeros(0, dtype=np.intp)]
        values: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)]
        if len(chosen):
            dense = self._learn(sp.csr_matrix(taken[:, chosen]))
            kept = min(KEPT, len(chosen))
            best = np.argpartition(-np.abs(dense), kept - 1, axis=0)[:kept]
            rows.append(chosen[best.ravel()])
            columns.append(np.tile(chosen, kept))
            values.append(np.take_along_axis(dense, best, axis=0).ravel())
        self.weights_ = sp.csr_matrix(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(n, n),
            dtype=np.float32,
        )
        self.weights_.eliminate_zeros()
        return self

    def _learn(self, taken: sp.csr_matrix) -> NDArray[np.float32]:
        raise NotImplementedError

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt; no history of a resident."""
        return {
            "data": self.weights_.data,
            "indices": self.weights_.indices,
            "indptr": self.weights_.indptr,
            "part": self.part_,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""
        scorer = cls()
        scorer.part_ = arrays["part"]
        n = len(scorer.part_)
        scorer.weights_ = sp.csr_matrix(
            (arrays["data"], arrays["indices"], arrays["indptr"]), shape=(n, n)
        )
        return scorer
