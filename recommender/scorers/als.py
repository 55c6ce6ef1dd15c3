"""Implicit-feedback matrix factorisation by alternating least squares."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.interfaces import Arrays
from recommender.types import Interactions


class ALSScorer:
    """Minimises sum c (p - u'v)^2 + reg (|u|^2 + |v|^2), p = 1 where c > 0.

    Hu, Koren & Volinsky (2008), solved by ``implicit``. A product without interactions has
    factors 0. Residents' factors are not kept: :meth:`fold_in` computes them from a history.

    Parameters
    ----------
    factors, regularization, alpha, iterations
        As in ``implicit``; ``alpha`` multiplies the confidences.
    threads
        Threads of the solver; 0 takes all cores.

    Attributes
    ----------
    product_factors_
        Shape (n_products, factors), float32; rows of products without interactions are 0.
    """

    product_factors_: NDArray[np.float32]

    def __init__(
        self,
        factors: int = 64,
        regularization: float = 0.05,
        alpha: float = 10.0,
        iterations: int = 15,
        threads: int = 0,
    ) -> None:
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.iterations = iterations
        self.threads = threads

    def fit(self, interactions: Interactions, *, rng: np.random.Generator) -> Self:
        """Learn the factors; the same generator state gives the same factors.

        Parameters
        ----------
        interactions
            Confidences > 0 by resident and product.
        rng
            Draws the seed of the first factors.

        Returns
        -------
        This scorer, fitted.
        """
        confidence = self._scaled(interactions.confidence)
        # Nested BLAS threads inside the solver's own cost more than they bring.
        with threadpool_limits(limits=1, user_api="blas"):
            model = self._solver()
            model.random_state = int(rng.integers(2**31 - 1))
            model.fit(confidence, show_progress=False)
        self.product_factors_ = np.array(model.item_factors, dtype=np.float32)
        self.product_factors_[confidence.getnnz(axis=0) == 0] = 0.0
        return self

    def fold_in(self, confidence: sp.csr_matrix) -> NDArray[np.float32]:
        """Factors of residents from their histories, the factors of products unchanged.

        Parameters
        ----------
        confidence
            CSR, shape (q, n_products), float32; columns as fitted.

        Returns
        -------
        Shape (q, factors), float32; 0 for an empty row.
        """
        scaled = self._scaled(confidence)
        with threadpool_limits(limits=1, user_api="blas"):
            model = self._solver()
            # implicit's loops refuse read-only memory, which is what a served bundle is mapped as.
            model.item_factors = np.require(self.product_factors_, requirements="W")
            found = model.recalculate_user(np.arange(scaled.shape[0]), scaled)
        found = np.asarray(found, dtype=np.float32).reshape(scaled.shape[0], self.factors)
        found[scaled.getnnz(axis=1) == 0] = 0.0
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt; nothing about single residents, who are folded in."""
        return {
            "product_factors": self.product_factors_,
            "settings": np.array(
                [self.factors, self.regularization, self.alpha, self.iterations], dtype=np.float64
            ),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """A scorer that can :meth:`fold_in`."""
        factors, regularization, alpha, iterations = arrays["settings"].tolist()
        scorer = cls(int(factors), regularization, alpha, int(iterations))
        scorer.product_factors_ = arrays["product_factors"]
        return scorer

    def _solver(self) -> AlternatingLeastSquares:
        return AlternatingLeastSquares(
            factors=self.factors,
            regularization=self.regularization,
            alpha=1.0,
            iterations=self.iterations,
            num_threads=self.threads or (1 if self._small else 0),
        )

    _small = False

    def _scaled(self, confidence: sp.csr_matrix) -> sp.csr_matrix:
        scaled = sp.csr_matrix(confidence, dtype=np.float32, copy=True)
        scaled.data *= self.alpha
        # Little work is done before a second thread has started.
        self._small = scaled.nnz < 300_000
        return scaled
