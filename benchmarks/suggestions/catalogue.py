"""A large catalogue with a long tail: the graph filter beside its uncut formula.

Products have Zipf popularity within topics, residents mostly stay within two topics. A fifth of
what each resident took is held out; both score the rest of the catalogue from what remains. The
reference multiplies the normalised matrices of the formula block by block, with the same vectors
and nothing left out. The fit runs in a process of its own, so that its peak memory is its own.
"""

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from benchmarks.report import Bar
from recommender.interfaces import Arrays
from recommender.scorers.graph_filter import GraphFilterScorer
from recommender.types import IdMap, Interactions

PRODUCTS, RESIDENTS, TOPICS = 40_000, 30_000, 400
HEAD = 3_000
"""Products that an earlier cut would have kept."""
_BLOCK = 250


def long_tail(seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Histories and what is held out of them, each of shape (residents, products)."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, TOPICS, PRODUCTS)
    weight = (1 + np.arange(PRODUCTS)) ** -0.7
    rng.shuffle(weight)
    members = [np.flatnonzero(topic == one) for one in range(TOPICS)]
    chances = [np.cumsum(weight[own]) / weight[own].sum() for own in members]
    everywhere = np.cumsum(weight) / weight.sum()
    parts: tuple[list[Any], list[Any]] = ([], [])
    for resident in range(RESIDENTS):
        length = int(np.clip(rng.lognormal(3.0, 0.8), 5, 400))
        own = rng.choice(TOPICS, 2, replace=False)
        taken = [np.searchsorted(everywhere, rng.random(length // 4 + 1))]
        for one in own:
            drawn = np.searchsorted(chances[one], rng.random(length * 3 // 8 + 1))
            taken.append(members[one][drawn])
        products = rng.permutation(np.unique(np.concatenate(taken)))
        cut = len(products) - max(1, len(products) // 5)
        for part, chosen in zip(parts, (products[:cut], products[cut:]), strict=True):
            part.append(np.column_stack([np.full(len(chosen), resident), chosen]))
    matrices = []
    for part in parts:
        rows, columns = np.concatenate(part).T
        ones = np.ones(len(rows), dtype=np.float32)
        matrices.append(sp.csr_matrix((ones, (rows, columns)), shape=(RESIDENTS, PRODUCTS)))
    return matrices[0], matrices[1]


def fit(seed: int) -> tuple[Arrays, float, float]:
    """The fitted arrays, seconds, and peak memory of this process in GB."""
    histories, _ = long_tail(seed)
    data = Interactions(
        histories,
        IdMap(f"r{i}" for i in range(RESIDENTS)),
        IdMap(f"p{i}" for i in range(PRODUCTS)),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    began = time.perf_counter()
    scorer = GraphFilterScorer().fit(data)
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return scorer.to_arrays(), seconds, memory


def uncut(histories: sp.csr_matrix, rows: NDArray[np.intp], scorer: GraphFilterScorer) -> Any:
    """The formula's scores of some residents, dense, without any product-to-product matrix."""
    by_resident = np.maximum(histories.getnnz(axis=1), 1) ** -0.5
    by_product = np.maximum(histories.getnnz(axis=0), 1) ** 0.5
    normal = sp.csr_matrix(sp.diags_array(by_resident) @ histories @ sp.diags_array(1 / by_product))
    own = histories[rows]
    vectors = scorer.right_ / by_product[:, None]
    near = np.asarray(((own @ normal.T) @ normal).todense())
    smooth = (own @ sp.diags_array(1 / by_product)) @ vectors @ (vectors * by_product[:, None]).T
    return near + scorer.alpha * np.asarray(smooth)


def recall(scores: NDArray[Any], own: sp.csr_matrix, held: sp.csr_matrix) -> NDArray[np.float64]:
    """Recall@20 of each row, products already taken left out."""
    scores = np.where(own.toarray() > 0, -np.inf, scores)
    best = np.argpartition(-scores, 20, axis=1)[:, :20]
    hits = np.take_along_axis(held.toarray() > 0, best, axis=1).sum(axis=1)
    return np.asarray(hits / held.getnnz(axis=1))


def measure(seed: int, asked: int = 2_000) -> tuple[list[Bar], dict[str, Any]]:
    """Bars and details of one generated catalogue.

    Parameters
    ----------
    seed
        Of the generated catalogue.
    asked
        Residents that recall is measured on.

    Returns
    -------
    The bars of point 8.4, and the figures behind them.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        arrays, seconds, memory = pool.submit(fit, seed).result()
    scorer = GraphFilterScorer.from_arrays(arrays)
    histories, held = long_tail(seed)
    rng = np.random.default_rng(seed)
    residents = np.sort(rng.choice(RESIDENTS, asked, replace=False))
    head = np.zeros(PRODUCTS, dtype=bool)
    head[np.argsort(-histories.getnnz(axis=0), kind="stable")[:HEAD]] = True
    found: dict[str, list[NDArray[np.float64]]] = {"served": [], "uncut": [], "head only": []}
    for start in range(0, asked, _BLOCK):
        rows = residents[start : start + _BLOCK]
        own, wanted = histories[rows], held[rows]
        mine = scorer.score(own)
        found["served"].append(recall(mine, own, wanted))
        found["uncut"].append(recall(uncut(histories, rows, scorer), own, wanted))
        found["head only"].append(recall(np.where(head, mine, -np.inf), own, wanted))
    means = {name: float(np.concatenate(parts).mean()) for name, parts in found.items()}
    details = {
        "recall@20": means,
        "fit_s": round(seconds, 1),
        "fit_memory_gb": round(memory, 2),
        "entries": int(scorer.sparse_.nnz),
        "bookings": int(histories.nnz),
    }
    print(f"graph filter over {PRODUCTS:,} products: {details}")
    return [
        Bar("8.4", "recall_ratio_uncut", means["served"] / means["uncut"]),
        Bar("8.4", "fit_memory_gb", memory),
        Bar("8.4", "fit_seconds", seconds),
    ], details
