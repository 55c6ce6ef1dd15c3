"""How varied a list is, and how much of it is new to the resident.

The points follow what the French culture pass gives a booking beside that person's earlier ones
(new category 25, kind of venue 20, sub-category 10, venue 5), with the levels that every event
here has: category, supplier, series, venue.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.snapshot import RankingSnapshot

POINTS = {"category": 25, "supplier": 20, "series": 10, "venue": 5}
"""Points of a place that is new to the resident at each level."""


class BookedBefore:
    """What residents have booked at each level, cancelled bookings apart.

    Parameters
    ----------
    snapshot
        As known when lists are asked for.
    """

    def __init__(self, snapshot: RankingSnapshot) -> None:
        self.snapshot = snapshot
        held = snapshot.log_outcome != CANCELLED
        self.residents_ = np.unique(snapshot.log_resident[held])
        self.pairs_ = {
            level: np.unique(self._pairs(level, snapshot.log_resident[held], codes))
            for level in POINTS
            for codes in [snapshot.event_level[level][snapshot.log_event[held]]]
        }

    def _pairs(
        self, level: str, residents: NDArray[np.integer], codes: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        size = self.snapshot.level_size[level] + 1
        return residents.astype(np.int64) * size + codes

    def diversification(
        self, residents: NDArray[np.intp], events: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Mean points of the places of each list, 0 (all as before) to 60 (all new).

        Parameters
        ----------
        residents
            Whose lists, shape (q,).
        events
            Positions of the events listed, shape (q, n), -1 where there is none.

        Returns
        -------
        Shape (q,); NaN for an empty list, and for whoever has booked nothing: all is new to them.
        """
        there = events >= 0
        points = np.zeros(events.shape)
        for level, worth in POINTS.items():
            codes = self.snapshot.event_level[level][np.maximum(events, 0)]
            before = np.isin(self._pairs(level, residents[:, None], codes), self.pairs_[level])
            points += worth * (~before & (codes >= 0))
        total = np.where(there, points, 0.0).sum(axis=1)
        judged = there.any(axis=1) & np.isin(residents, self.residents_)
        return np.where(judged, total / np.maximum(there.sum(axis=1), 1), np.nan)

    def categories(self, events: NDArray[np.intp]) -> NDArray[np.float64]:
        """How many categories each list holds.

        Parameters
        ----------
        events
            Positions of the events listed, shape (q, n), -1 where there is none.

        Returns
        -------
        Shape (q,); events of no known category are not counted.
        """
        codes = self.snapshot.event_level["category"][np.maximum(events, 0)]
        ordered = np.sort(np.where(events >= 0, codes, -1), axis=1)
        first = np.ones(ordered.shape, dtype=bool)
        first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        return np.asarray((first & (ordered >= 0)).sum(axis=1), dtype=np.float64)
