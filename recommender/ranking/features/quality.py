"""Ratings, show rates, prices and sizes of events."""

import numpy as np
from numpy.typing import NDArray

from recommender.booking_states import ATTENDED, NO_SHOW
from recommender.ranking.features.decay import by_position
from recommender.ranking.features.lookup import one_at
from recommender.ranking.snapshot import RankingSnapshot

_PRIOR_BOOKINGS = 20.0
_PRIOR_RATINGS = 5.0

Values = dict[str, NDArray[np.float32]]


class Quality:
    """Means of ratings and attendance, each level shrunk to the next wider one.

    Parameters
    ----------
    snapshot
        What is known.

    Attributes
    ----------
    show_rate
        Expected share of bookings that are attended, shape (n_events,), in (0, 1).
    """

    def __init__(self, snapshot: RankingSnapshot) -> None:
        self._event: Values = {}
        event = snapshot.ratings[:, 1].astype(np.int64)
        stars = snapshot.ratings[:, 2].astype(np.float32)
        mean = float(stars.mean()) if len(stars) else 3.0
        came = (snapshot.log_outcome == ATTENDED).astype(np.float32)
        missed = (snapshot.log_outcome == NO_SHOW).astype(np.float32)
        base = float((came.sum() + 4.0) / (came.sum() + missed.sum() + 5.0))
        show = np.full(len(snapshot.events), base, dtype=np.float32)
        visible = (snapshot.event_known <= snapshot.as_of).astype(np.float32)
        for level in ("category", "supplier", "product"):
            position, size = snapshot.event_level[level], snapshot.level_size[level]
            at = position[snapshot.log_event]
            good, bad = by_position(at, came, size), by_position(at, missed, size)
            prior = by_position(position, show * visible, size) / np.maximum(
                by_position(position, visible, size), 1.0
            )
            rate = (good + _PRIOR_BOOKINGS * prior) / (good + bad + _PRIOR_BOOKINGS)
            show = np.where(position >= 0, rate[np.maximum(position, 0)], show).astype(np.float32)
            if level != "category":
                starred = position[event]
                total = by_position(starred, stars, size)
                count = by_position(starred, np.ones_like(stars), size)
                self._event[f"stars_{level}"] = one_at(
                    (total + _PRIOR_RATINGS * mean) / (count + _PRIOR_RATINGS),
                    position,
                    missing=mean,
                )
        self.show_rate = show
        self._event["show_rate"] = show
        price = snapshot.product_price_fen[snapshot.event_level["product"]]
        self._event["price"] = np.log1p(price).astype(np.float32)
        self._event["ticket"] = np.log1p(snapshot.event_ticket_fen).astype(np.float32)
        seats = np.where(snapshot.event_seats > 0, snapshot.event_seats, np.nan)
        self._event["seats"] = np.log1p(seats).astype(np.float32)

    def signals(self, events: NDArray[np.integer]) -> Values:
        """Signals of events, the same for everybody.

        Parameters
        ----------
        events
            Positions in ``snapshot.events``, any shape.

        Returns
        -------
        Signal name → float32 of that shape; prices and seats as ``log(1 + x)``.
        """
        return {name: one_at(values, events) for name, values in self._event.items()}
