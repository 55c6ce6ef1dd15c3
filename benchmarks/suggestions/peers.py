"""What anybody could take off the shelf.

`implicit` with events as items and its own settings, and how often one went to a supplier before.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender
from implicit.utils import ParameterWarning
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from training.evaluation.answers import Scored
from training.evaluation.walk_forward import Peer

SEED = 1


def peers(dataset: Dataset) -> dict[str, Peer]:
    """The peers by name, none fitted; of the whole data they know who offers which event."""
    products = dataset["products"].set_index("product_id")["supplier_id"]
    supplier = dataset["events"].set_index("event_id")["product_id"].map(products)
    return {
        "implicit ALS": _by_factors(
            lambda: AlternatingLeastSquares(random_state=SEED, num_threads=1)
        ),
        "implicit BPR": _by_factors(
            lambda: BayesianPersonalizedRanking(random_state=SEED, num_threads=1)
        ),
        "item-kNN": _by_neighbours,
        "own supplier": _by_supplier(supplier),
    }


def _by_factors(new: Callable[[], Any]) -> Peer:
    def fit(before: Dataset) -> Scored:
        people, items, taken = _matrix(before)
        model = new()
        _fit(model, taken)
        # Those whom it does not know get nothing: 0 for every event.
        u = np.vstack([model.user_factors, np.zeros_like(model.user_factors[:1])])
        v = np.vstack([model.item_factors, np.zeros_like(model.item_factors[:1])])
        return lambda residents, events: (
            u[people.get_indexer(residents)] @ v[items.get_indexer(events)].T
        )

    return fit


def _by_neighbours(before: Dataset) -> Scored:
    people, items, taken = _matrix(before)
    model = CosineRecommender(K=100, num_threads=1)
    _fit(model, taken)
    alike = sp.csr_matrix(model.similarity)

    def score(residents: pd.Index, events: pd.Index) -> NDArray[np.float32]:
        rows, columns = people.get_indexer(residents), items.get_indexer(events)
        found = np.zeros((len(rows), len(columns)), dtype=np.float32)
        known = np.ix_(rows >= 0, columns >= 0)
        near = taken[rows[rows >= 0]] @ alike[:, columns[columns >= 0]]
        found[known] = near.toarray()
        return found

    return score


def _by_supplier(supplier: pd.Series) -> Peer:
    """How many bookings a resident has with an event's supplier."""

    def fit(before: Dataset) -> Scored:
        people, items, taken = _matrix(before)
        names = pd.Index(supplier.dropna().unique())
        columns = names.get_indexer(items.map(supplier))
        some = np.flatnonzero(columns >= 0)
        belongs = sp.csr_matrix(
            (np.ones(len(some), dtype=np.float32), (some, columns[some])),
            shape=(len(items), len(names) + 1),
        )
        nobody = sp.csr_matrix((1, len(names) + 1), dtype=np.float32)
        counts = sp.vstack([taken @ belongs, nobody]).tocsr()
        return lambda residents, events: counts[people.get_indexer(residents)].toarray()[
            :, names.get_indexer(events.map(supplier))
        ]

    return fit


def _fit(model: Any, taken: sp.csr_matrix) -> None:
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # of a conversion that it does itself
        model.fit(taken, show_progress=False)


def _matrix(before: Dataset) -> tuple[pd.Index, pd.Index, sp.csr_matrix]:
    """Who booked what and did not cancel: 1 each."""
    bookings = before["bookings"]
    bookings = bookings[bookings["status"] != "cancelled"]
    rows, people = pd.factorize(bookings["resident_id"])
    columns, items = pd.factorize(bookings["event_id"])
    taken = sp.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(people), len(items))
    )
    taken.data[:] = 1.0
    return pd.Index(people), pd.Index(items), taken
