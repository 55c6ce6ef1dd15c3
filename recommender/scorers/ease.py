"""A linear auto-encoder without self-similarity."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.scorers.item_similarity import NeighbourScorer


class EASEScorer(NeighbourScorer):
    """Minimises |X - XB|^2 + reg |B|^2 with a zero diagonal (Steck 2019).

    With P = (X'X + reg I)^-1 the solution is B_ij = -P_ij / P_jj off the diagonal.

    Parameters
    ----------
    regularization
        Weight of |B|^2, > 0; larger for shorter histories.
    products_max
        Most products included; the inverse takes time with the cube of it.
    """

    def __init__(self, regularization: float = 100.0, products_max: int = 3000) -> None:
        self.regularization = regularization
        self.products_max = products_max

    def _learn(self, taken: sp.csr_matrix) -> NDArray[np.float32]:
        gram = np.asarray((taken.T @ taken).todense(), dtype=np.float64)
        gram[np.diag_indices_from(gram)] += self.regularization
        inverse = np.linalg.inv(gram)
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return weights.astype(np.float32)
