"""A filter on the normalised graph of residents and products, over the whole catalogue."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from recommender.interfaces import Arrays
from recommender.types import Interactions


class GraphFilterScorer:
    """GF-CF (Shen et al. 2021): R~'R~ plus a low-pass of the top singular vectors.

    With R~ = D_u^-1/2 R D_p^-1/2 and V its top right singular vectors, a history r scores
    r (R~'R~ + alpha D_p^-1/2 V V' D_p^1/2), the diagonal left out. The two parts are kept apart:
    R~'R~ is as sparse as products that share a resident are few, the low-pass is a product of
    two thin matrices, and nothing of the size of the catalogue squared is ever made.

    Parameters
    ----------
    vectors
        Number of singular vectors in the low-pass.
    alpha
        Weight of the low-pass.

    Attributes
    ----------
    sparse_
        CSR (n_products, n_products), float32: R~'R~ off the diagonal, and on it what takes the
        low-pass's own diagonal away.
    left_, right_
        Shape (n_products, k), float32; ``left_ @ right_.T`` is the low-pass.
    part_
        Which products somebody took, boolean, shape (n_products,); of the others nothing can be
        said.
    """

    sparse_: sp.csr_matrix
    left_: NDArray[np.float32]
    right_: NDArray[np.float32]
    part_: NDArray[np.bool_]

    def __init__(self, vectors: int = 64, alpha: float = 0.3) -> None:
        self.vectors = vectors
        self.alpha = alpha

    def fit(self, interactions: Interactions) -> Self:
        """Learn both parts from who took what; confidences count as 1."""
        taken = sp.csr_matrix(interactions.confidence, copy=True)
        taken.data = np.ones_like(taken.data)
        by_resident = np.maximum(taken.getnnz(axis=1), 1)
        by_product = taken.getnnz(axis=0)
        self.part_ = np.asarray(by_product > 0)
        root = np.sqrt(np.maximum(by_product, 1).astype(np.float64))
        normal = sp.diags_array(by_resident**-0.5) @ taken @ sp.diags_array(1 / root)
        normal = sp.csr_matrix(normal, dtype=np.float32)
        n = taken.shape[1]
        k = max(min(self.vectors, min(normal.shape) - 1), 0)
        vectors = np.zeros((n, k))
        if k > 0 and normal.nnz:
            # A fixed seed: the same data gives the same vectors.
            _, _, vt = randomized_svd(normal, n_components=k, n_iter=4, random_state=0)
            vectors = vt.T.astype(np.float64)
        self.left_ = (self.alpha * vectors / root[:, None]).astype(np.float32)
        self.right_ = (vectors * root[:, None]).astype(np.float32)
        both = sp.csr_matrix(normal.T @ normal, dtype=np.float32)
        own = np.einsum("pk,pk->p", self.left_, self.right_)
        sparse = sp.csr_matrix(both - sp.diags_array(both.diagonal() + own), dtype=np.float32)
        sparse.eliminate_zeros()
        self.sparse_ = sparse
        return self

    def score(self, histories: sp.csr_matrix) -> NDArray[np.float32]:
        """Scores of the whole catalogue.

        Parameters
        ----------
        histories
            Zeros and ones, shape (q, n_products).

        Returns
        -------
        Shape (q, n_products), float32.
        """
        near = np.asarray((histories @ self.sparse_).todense(), dtype=np.float32)
        return near + np.asarray(histories @ self.left_, dtype=np.float32) @ self.right_.T

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt; no history of a resident."""
        return {
            "data": self.sparse_.data,
            "indices": self.sparse_.indices,
            "indptr": self.sparse_.indptr,
            "left": self.left_,
            "right": self.right_,
            "part": self.part_,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""
        scorer = cls()
        scorer.part_ = arrays["part"]
        scorer.left_, scorer.right_ = arrays["left"], arrays["right"]
        n = len(scorer.part_)
        scorer.sparse_ = sp.csr_matrix(
            (arrays["data"], arrays["indices"], arrays["indptr"]), shape=(n, n)
        )
        return scorer
