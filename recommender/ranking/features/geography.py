"""How far an event lies, and how much more than expected the neighbours and the age band book."""

from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.geography import great_circle_m
from recommender.ranking.features.decay import by_position, cross_counts
from recommender.ranking.features.lookup import one_at, sparse_at
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

AGES = 6
"""Age bands."""
_HALF_LIFE_DAYS = 90.0
_PRIOR_BOOKINGS = 2.0
PLACES = 3
"""Places that a resident went to last, at most, that an event's distance is measured from."""

Values = dict[str, NDArray[np.float32]]


class Geography:
    """Lift of an event's levels among residents of a street and of an age band, and distances.

    Lift is ``log((observed + 2) / (expected + 2))`` of bookings decayed by a half-life of 90 days,
    with expected = the group's share of all bookings times the level's bookings: negative where
    bookings were expected and none came, 0 where nothing is known.

    Parameters
    ----------
    snapshot
        What is known.
    """

    def __init__(self, snapshot: RankingSnapshot) -> None:
        self.snapshot = snapshot
        age = (snapshot.as_of - snapshot.log_time) / np.timedelta64(1, "D")
        kept = snapshot.log_outcome != CANCELLED
        decayed = np.exp2(-age.astype(np.float32) / np.float32(_HALF_LIFE_DAYS))
        weight = np.where(kept, decayed, 0).astype(np.float32)
        self._observed: dict[tuple[str, str], sp.csr_matrix] = {}
        self._share: dict[str, NDArray[np.float32]] = {}
        self._overall: dict[str, NDArray[np.float32]] = {}
        groups = {
            "street": (snapshot.resident_street, len(snapshot.streets)),
            "age": (snapshot.resident_age, AGES),
        }
        total = float(weight.sum()) + 1e-9
        for group, (of_resident, n_groups) in groups.items():
            rows = of_resident[snapshot.log_resident]
            share = by_position(rows, weight, n_groups) / total
            self._share[group] = share.astype(np.float32)
            for level in ("product", "supplier", "category", "venue"):
                columns = snapshot.event_level[level][snapshot.log_event]
                size = snapshot.level_size[level]
                counts = cross_counts(rows, columns, weight, (n_groups, size))
                self._overall[level] = by_position(columns, weight, size)
                # Relative to nothing observed, so that such pairs need no entry.
                counts.data = np.log1p(counts.data / _PRIOR_BOOKINGS).astype(np.float32)
                self._observed[group, level] = counts

    @cached_property
    def _places(self) -> NDArray[np.float64]:
        """Points of the venues each resident booked last, shape (residents + 1, PLACES, 2).

        NaN fills up; the last row is for nobody, and for whoever may not be profiled.
        """
        snapshot = self.snapshot
        venue = snapshot.event_level["venue"][snapshot.log_event]
        known = np.isfinite(snapshot.event_point[snapshot.log_event]).all(axis=1) & (venue >= 0)
        kept = known & (snapshot.log_outcome != CANCELLED)
        kept &= snapshot.resident_profiled[snapshot.log_resident]
        # The log is in order of time: the last entry of a pair stands first from behind.
        back = np.flatnonzero(kept)[::-1]
        pair = snapshot.log_resident[back].astype(np.int64) * snapshot.level_size["venue"]
        latest = back[np.sort(np.unique(pair + venue[back], return_index=True)[1])]
        latest = latest[np.argsort(snapshot.log_resident[latest], kind="stable")]
        residents = snapshot.log_resident[latest]
        place = np.arange(len(latest)) - np.searchsorted(residents, residents)
        few = place < PLACES
        points = np.full((len(snapshot.residents) + 1, PLACES, 2), np.nan)
        points[residents[few], place[few]] = snapshot.event_point[snapshot.log_event[latest[few]]]
        return points

    def log_km_from_places(self, query: Query) -> NDArray[np.float32]:
        """Distance from the nearest of the places each resident went to last, as log(1 + km).

        Returns
        -------
        Shape (q, m), float32; NaN where neither the places nor the event's point are known.
        """
        there = self.snapshot.event_point[query.events].astype(np.float64)
        found = np.full(query.shape, np.inf)
        for place in range(PLACES):
            point = self._places[query.residents, place]
            metres = great_circle_m(
                point[:, 0][:, None], point[:, 1][:, None], there[..., 0], there[..., 1]
            )
            found = np.fmin(found, metres)
        found[np.isinf(found)] = np.nan
        return np.log1p(found / 1000.0).astype(np.float32)

    def ages_of(self, query: Query) -> NDArray[np.intp]:
        """Age band of each resident of a query, shape (q,); -1 unknown."""
        known = query.residents >= 0
        return np.where(known, self.snapshot.resident_age[query.residents], -1).astype(np.intp)

    def signals(self, query: Query) -> Values:
        """Lifts and log distance.

        Returns
        -------
        Signal name → float32, shape (q, m); ``distance`` is log(1 + km), NaN where not known.
        """
        return {
            **self.by_street(query.streets, query.events),
            **self.by_age(self.ages_of(query), query.events),
            "distance": self.log_km(query.streets, query.events),
        }

    def by_street(self, streets: NDArray[np.intp], events: NDArray[np.intp]) -> Values:
        """Lifts among residents of the street.

        Parameters
        ----------
        streets
            Positions in ``snapshot.streets``, shape (q,); -1 gives 0.
        events
            Positions in ``snapshot.events``, shape (1, m) or (q, m).

        Returns
        -------
        Signal name → float32, shape (q, m).
        """
        return self._lifts("street", streets, events)

    def by_age(self, ages: NDArray[np.intp], events: NDArray[np.intp]) -> Values:
        """Lifts among residents of the age band.

        Parameters
        ----------
        ages
            Age bands, shape (q,); -1 gives 0.
        events
            Positions in ``snapshot.events``, shape (1, m) or (q, m).

        Returns
        -------
        Signal name → float32, shape (q, m).
        """
        return self._lifts("age", ages, events)

    def _lifts(self, group: str, rows: NDArray[np.intp], events: NDArray[np.intp]) -> Values:
        share = one_at(self._share[group], rows, missing=0.0)[:, None]
        found: Values = {}
        for (of, name), observed in self._observed.items():
            if of == group:
                columns = self.snapshot.event_level[name][events]
                expected = share * one_at(self._overall[name], columns, missing=0.0)
                lift = sparse_at(observed, rows, columns) - np.log1p(expected / _PRIOR_BOOKINGS)
                found[f"{group}_{name}"] = lift.astype(np.float32)
        return found

    def log_km(self, streets: NDArray[np.intp], events: NDArray[np.intp]) -> NDArray[np.float32]:
        """Distance from the street's point to the event's, as log(1 + km).

        Parameters
        ----------
        streets
            Positions in ``snapshot.streets``, shape (q,); -1 unknown.
        events
            Positions in ``snapshot.events``, shape (1, m) or (q, m).

        Returns
        -------
        Shape (q, m), float32; NaN where either point is unknown.
        """
        snapshot = self.snapshot
        if len(snapshot.street_point) == 0:
            return np.full((len(streets), events.shape[1]), np.nan, dtype=np.float32)
        home = snapshot.street_point[np.maximum(streets, 0)].astype(np.float64)
        home[streets < 0] = np.nan
        there = snapshot.event_point[events]
        metres = great_circle_m(
            home[:, 0][:, None], home[:, 1][:, None], there[..., 0], there[..., 1]
        )
        return np.log1p(metres / 1000.0).astype(np.float32)
