"""What signals are learnt with: factors, neighbours, dense content, the learnt half-life."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from recommender.booking_states import CANCELLED
from recommender.interfaces import Arrays
from recommender.ranking.snapshot import RankingSnapshot
from recommender.scorers.als import ALSScorer
from recommender.scorers.ease import EASEScorer
from recommender.scorers.graph_filter import GraphFilterScorer
from recommender.types import IdMap, Interactions

CONTENT_DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyper-parameters of the scorers; chosen by time-ordered validation.

    Attributes
    ----------
    half_life_days
        Of popularity.
    factors, regularization, alpha
        Of ALS.
    ease_regularization
        Of EASE.
    """

    half_life_days: float = 30.0
    factors: int = 32
    regularization: float = 0.1
    alpha: float = 10.0
    ease_regularization: float = 100.0
    iterations: int = 12


@dataclass(frozen=True, slots=True)
class LatentFactors:
    """Everything fitted that signals use; nothing of it belongs to one resident.

    Attributes
    ----------
    products
        Products at fitting time: rows of the factors and neighbours.
    content_axes
        Dense content: shape (feature columns, CONTENT_DIMENSIONS), float32.
    content_to_factors
        Ridge from dense content to latent factors, shape (CONTENT_DIMENSIONS + 1, factors): the
        prior of a product that nobody took yet.
    """

    settings: Settings
    products: IdMap
    als: ALSScorer
    ease: EASEScorer
    graph: GraphFilterScorer
    content_axes: NDArray[np.float32]
    content_to_factors: NDArray[np.float32]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        s = self.settings
        arrays: dict[str, NDArray[Any]] = {
            "products": self.products.to_array(),
            "content_axes": self.content_axes,
            "content_to_factors": self.content_to_factors,
            "settings": np.array(
                [
                    s.half_life_days,
                    s.factors,
                    s.regularization,
                    s.alpha,
                    s.ease_regularization,
                    s.iterations,
                ]
            ),
        }
        for name, scorer in (("als", self.als), ("ease", self.ease), ("graph", self.graph)):
            arrays.update({f"{name}.{key}": value for key, value in scorer.to_arrays().items()})
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""

        def under(name: str) -> dict[str, NDArray[Any]]:
            start = f"{name}."
            return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}

        h, factors, reg, alpha, ease, iterations = arrays["settings"].tolist()
        return cls(
            settings=Settings(h, int(factors), reg, alpha, ease, int(iterations)),
            products=IdMap.from_array(arrays["products"]),
            als=ALSScorer.from_arrays(under("als")),
            ease=EASEScorer.from_arrays(under("ease")),
            graph=GraphFilterScorer.from_arrays(under("graph")),
            content_axes=arrays["content_axes"],
            content_to_factors=arrays["content_to_factors"],
        )


def taken_products(snapshot: RankingSnapshot) -> sp.csr_matrix:
    """Which products residents took: counts, float32; nobody who may not be profiled."""
    keep = (snapshot.log_outcome != CANCELLED) & snapshot.resident_profiled[snapshot.log_resident]
    return sp.csr_matrix(
        (
            np.ones(int(keep.sum()), dtype=np.float32),
            (
                snapshot.log_resident[keep],
                snapshot.event_level["product"][snapshot.log_event[keep]],
            ),
        ),
        shape=(len(snapshot.residents), len(snapshot.products)),
    )


def fit_latent_factors(
    snapshot: RankingSnapshot,
    settings: Settings,
    *,
    rng: np.random.Generator,
    content_axes: NDArray[np.float32] | None = None,
) -> LatentFactors:
    """Fit factors, neighbours and dense content on a snapshot.

    Parameters
    ----------
    snapshot
        Whose bookings and descriptions are learnt from.
    settings
        Hyper-parameters.
    rng
        Starts the factors and the decomposition.
    content_axes
        Shape (feature columns, :data:`CONTENT_DIMENSIONS`), float32; fitted when left out.

    Returns
    -------
    What was fitted, rows by the products of the snapshot.
    """
    taken = taken_products(snapshot)
    data = Interactions(taken, snapshot.residents, snapshot.products, snapshot.as_of.astype(object))
    features = snapshot.product_features
    als = ALSScorer(
        settings.factors, settings.regularization, settings.alpha, settings.iterations
    ).fit(data, rng=rng)
    axes = fit_content_axes(features, rng) if content_axes is None else content_axes
    return LatentFactors(
        settings=settings,
        products=snapshot.products,
        als=als,
        ease=EASEScorer(settings.ease_regularization).fit(data),
        graph=GraphFilterScorer().fit(data),
        content_axes=axes,
        content_to_factors=_fit_content_to_factors(
            dense_content(features, axes), als.product_factors_, taken.getnnz(axis=0)
        ),
    )


def dense_content(features: sp.csr_matrix, axes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features along the strongest directions of a catalogue.

    Parameters
    ----------
    features
        CSR, shape (n, feature columns).
    axes
        Of :func:`fit_content_axes`.

    Returns
    -------
    Rows of unit length, or 0 where nothing is described; shape (n, CONTENT_DIMENSIONS), float32.
    """
    dense = np.asarray(features @ axes, dtype=np.float32)
    return unit_rows(dense)


def unit_rows(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows divided by their length; rows of length 0 stay."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 1e-9, length, 1.0), dtype=np.float32)


def fit_content_axes(features: sp.csr_matrix, rng: np.random.Generator) -> NDArray[np.float32]:
    """The strongest directions of a catalogue's features (latent semantic analysis).

    Parameters
    ----------
    features
        CSR, shape (n, feature columns).
    rng
        Starts the randomised decomposition.

    Returns
    -------
    Shape (feature columns, CONTENT_DIMENSIONS), float32; columns beyond the rank are 0.
    """
    axes = np.zeros((features.shape[1], CONTENT_DIMENSIONS), dtype=np.float32)
    k = min(CONTENT_DIMENSIONS, min(features.shape) - 1)
    if k > 0 and features.nnz:
        _, _, vt = randomized_svd(
            features, n_components=k, n_iter=3, random_state=int(rng.integers(2**31 - 1))
        )
        axes[:, :k] = vt.T
    return axes


def _fit_content_to_factors(
    content: NDArray[np.float32], factors: NDArray[np.float32], taken: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Weighted ridge; products taken more often say more about the map."""
    x = np.column_stack([content, np.ones(len(content), dtype=np.float32)]).astype(np.float64)
    weight = np.minimum(taken, 50).astype(np.float64)
    gram = (x * weight[:, None]).T @ x
    gram[np.diag_indices_from(gram)] += 5.0
    right = (x * weight[:, None]).T @ factors
    return np.asarray(np.linalg.solve(gram, right), dtype=np.float32)
