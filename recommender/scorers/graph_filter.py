"""A filter on the normalised graph of residents and products."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from recommender.scorers.item_similarity import NeighbourScorer


class GraphFilterScorer(NeighbourScorer):
    """GF-CF (Shen et al. 2021): R~'R~ plus a low-pass of the top singular vectors.

    With R~ = D_u^-1/2 R D_p^-1/2 and V its top right singular vectors, a history r scores
    r (R~'R~ + alpha D_p^-1/2 V V' D_p^1/2). The diagonal is kept at 0.

    Parameters
    ----------
    vectors
        Number of singular vectors in the low-pass.
    alpha
        Weight of the low-pass.
    products_max
        Most products included.
    """

    def __init__(self, vectors: int = 64, alpha: float = 0.3, products_max: int = 3000) -> None:
        self.vectors = vectors
        self.alpha = alpha
        self.products_max = products_max

    def _learn(self, taken: sp.csr_matrix) -> NDArray[np.float32]:
        by_resident = np.maximum(taken.getnnz(axis=1), 1)
        by_product = np.maximum(taken.getnnz(axis=0), 1).astype(np.float64)
        normal = sp.diags_array(by_resident**-0.5) @ taken @ sp.diags_array(by_product**-0.5)
        normal = sp.csr_matrix(normal, dtype=np.float64)
        weights = np.asarray((normal.T @ normal).todense())
        k = min(self.vectors, min(normal.shape) - 1)
        if k > 0:
            # A fixed seed: the same data gives the same vectors.
            _, _, vt = randomized_svd(normal, n_components=k, n_iter=4, random_state=0)
            root = by_product**0.5
            weights += self.alpha * (vt.T / root[:, None]) @ (vt * root)
        np.fill_diagonal(weights, 0.0)
        return weights.astype(np.float32)
