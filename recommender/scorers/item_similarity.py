"""What scorers share that predict by a product-to-product matrix: kept sparse, saved as arrays."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.interfaces import Arrays
from recommender.types import Interactions

KEPT = 200
"""Entries kept a column: the strongest; the rest moves no list."""


class NeighbourScorer:
    """Scores ``x @ weights_`` for what a resident took, ``x``.

    Subclasses learn ``weights_``. Only the most taken products take part, so that a large
    catalogue costs no more than ``products_max`` squared. NaN for residents without history and
    for products that take no part.

    Attributes
    ----------
    weights_
        CSR (n_products, n_products), float32, at most ``KEPT`` entries a column.
    part_
        Which products take part, boolean.
    """

    weights_: sp.csr_matrix
    part_: NDArray[np.bool_]
    taken_: sp.csr_matrix
    products_max: int

    def fit(
        self,
        interactions: Interactions,
        product_features: sp.csr_matrix,
        *,
        rng: np.random.Generator,
    ) -> Self:
        """Learn the matrix from who took what; weights of single bookings do not count."""
        del product_features, rng
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
        self.taken_ = taken
        return self

    def _learn(self, taken: sp.csr_matrix) -> NDArray[np.float32]:
        raise NotImplementedError

    def answer(self, taken: sp.csr_matrix) -> sp.csr_matrix:
        """Scores of all products for given rows of 0/1 history; absent entries are 0."""
        return sp.csr_matrix(taken @ self.weights_)

    def score(self, query: NDArray[np.intp], candidates: NDArray[np.intp]) -> NDArray[np.float32]:
        """Scores; see the class."""
        history = sp.csr_matrix(self.taken_[query])
        scores = np.asarray(self.answer(history)[:, candidates].todense(), dtype=np.float32)
        scores[(history.getnnz(axis=1) == 0) | (query < 0)] = np.nan
        scores[:, ~self.part_[candidates]] = np.nan
        return scores

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt, nobody's history."""
        return {
            "data": self.weights_.data,
            "indices": self.weights_.indices,
            "indptr": self.weights_.indptr,
            "part": self.part_,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """A scorer that can :meth:`answer`."""
        scorer = cls()
        scorer.part_ = arrays["part"]
        n = len(scorer.part_)
        scorer.weights_ = sp.csr_matrix(
            (arrays["data"], arrays["indices"], arrays["indptr"]), shape=(n, n)
        )
        scorer.taken_ = sp.csr_matrix(np.zeros((0, n), dtype=np.float32))
        return scorer
