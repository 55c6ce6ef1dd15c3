"""Preference deviation: what kind of thing a resident usually takes, beside what a candidate is."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.features.decay import by_position
from recommender.ranking.features.lookup import one_at
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

PRIOR = 2.0
"""Bookings that everybody's mean is worth."""
TRAITS = 5.0
"""The same for the traits of what they took."""
_DAY = np.timedelta64(1, "D")


class PreferenceDeviation:
    """How well known, how new and how dear the things are that each resident takes.

    Each signal is the candidate's value minus the resident's own mean, in logs: 0 is the usual,
    positive is better known, older or dearer than usual. Residents' means are shrunk to that of
    all bookings.
    """

    def __init__(self, snapshot: RankingSnapshot) -> None:
        booked = snapshot.log_outcome != CANCELLED
        kept = booked & snapshot.resident_profiled[snapshot.log_resident]
        residents, events = snapshot.log_resident[kept], snapshot.log_event[kept]
        product = snapshot.event_level["product"]
        first = _first_known(snapshot)
        taken = by_position(
            product[snapshot.log_event],
            booked.astype(np.float32),
            len(snapshot.products),
        )
        known = np.log1p(one_at(taken, product, missing=np.nan))
        born = first[product]
        then = (snapshot.log_time[kept] - born[events]) / _DAY
        now = (snapshot.as_of - born) / _DAY
        fee = np.log1p(snapshot.event_ticket_fen / 100.0).astype(np.float32)
        n = len(snapshot.residents)
        self._sides = {
            "deviation_popularity": (_own(residents, known[events], n), known),
            "deviation_age": (_own(residents, _log_days(then), n), _log_days(now)),
            "deviation_price": (_own(residents, fee[events], n), fee),
        }
        self._product = product
        self._traits = snapshot.product_traits
        self._base, self._lift = _trait_lifts(
            residents, product[events], snapshot.product_traits, n
        )

    def _by_trait(self, query: Query) -> NDArray[np.float32]:
        """Mean log lift, over a candidate's traits, of the resident's rate of taking them."""
        rows = query.residents
        unique, where = np.unique(self._product[query.events], return_inverse=True)
        traits = sp.csr_matrix(self._traits[unique])
        lift = sp.csr_matrix(self._lift[np.maximum(rows, 0)] @ traits.T).toarray()
        count = traits.getnnz(axis=1).astype(np.float32)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = lift / count + one_at(self._base, rows)[:, None]
        where = np.broadcast_to(where.reshape(query.events.shape), query.shape)
        return np.take_along_axis(mean, where, axis=1).astype(np.float32)

    def signals(self, query: Query) -> dict[str, NDArray[np.float32]]:
        """All of shape (q, m); NaN for who has no history and for what has no such value."""
        found = {
            name: one_at(theirs, query.events) - one_at(own, query.residents)[:, None]
            for name, (own, theirs) in self._sides.items()
        }
        return found | {"deviation_traits": self._by_trait(query)}


def _first_known(snapshot: RankingSnapshot) -> NDArray[np.datetime64]:
    """When the first event of each product became known."""
    first = np.full(len(snapshot.products) + 1, snapshot.as_of)
    np.minimum.at(first, snapshot.event_level["product"], snapshot.event_known)
    return first


def _own(residents: NDArray[np.int32], values: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Each resident's shrunken mean, shape (n,); NaN without history."""
    told = np.isfinite(values)
    residents, values = residents[told], values[told]
    count = by_position(residents, np.ones_like(values), n)
    prior = float(values.mean()) if len(values) else 0.0
    mean = (by_position(residents, values, n) + PRIOR * prior) / (count + PRIOR)
    return np.where(count > 0, mean, np.float32(np.nan)).astype(np.float32)


def _trait_lifts(
    residents: NDArray[np.int32], products: NDArray[np.int32], traits: sp.csr_matrix, n: int
) -> tuple[NDArray[np.float32], sp.csr_matrix]:
    """Log of (rate of a trait among a resident's bookings) / (rate among all), shrunk to 0.

    With n_r bookings, n_rf of them with trait f, whose share of all bookings is p_f, the rate is
    (n_rf + K p_f) / (n_r + K). Its log lift is ``base_r`` where n_rf = 0; the matrix holds what
    n_rf > 0 adds to that.
    """
    counts = np.ones(len(residents), dtype=np.float32)
    taken = sp.csr_matrix((counts, (residents, products)), shape=(n, traits.shape[0]))
    base = np.log(TRAITS / (np.asarray(taken.sum(axis=1)).ravel() + TRAITS))
    found = sp.coo_matrix(taken @ traits)
    share = np.asarray(found.sum(axis=0)).ravel() / max(len(residents), 1)
    found.data = np.log1p(found.data / (TRAITS * share[found.col])).astype(np.float32)
    base[taken.getnnz(axis=1) == 0] = np.nan
    return base.astype(np.float32), sp.csr_matrix(found)


def _log_days(days: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.log1p(np.clip(days, 0, 36_500)).astype(np.float32)
