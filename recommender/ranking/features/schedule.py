"""When an event is: lead time, weekday and hour, habits of the resident, what comes before it."""

import numpy as np
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.features.decay import cross_counts
from recommender.ranking.features.lookup import dense_at, one_at
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

_DAY = np.timedelta64(1, "D")
_LONGEST_DAYS = 3650
_CELLS = 8
"""Weekday or weekend, by four hours of the day from 6 o'clock."""
_PRIOR_BOOKINGS = 4.0

Values = dict[str, NDArray[np.float32]]


class Schedule:
    """Times of events, and of the events that each resident booked.

    Parameters
    ----------
    snapshot
        What is known.
    """

    def __init__(self, snapshot: RankingSnapshot) -> None:
        self.snapshot = snapshot
        self._event: Values = {}
        local = snapshot.event_local_starts
        days = local.astype("datetime64[D]")
        weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        hour = ((local - days) / np.timedelta64(1, "h")).astype(np.int64)
        self._cell = ((weekday >= 5) * 4 + np.clip((hour - 6) // 4, 0, 3)).astype(np.int32)
        self._event["weekday"] = weekday.astype(np.float32)
        self._event["hour"] = hour.astype(np.float32)
        self._cell_lift = self._habits()
        self._queues()

    def _habits(self) -> NDArray[np.float32]:
        """Log of a resident's share of each cell over everybody's, shape (n_residents, cells)."""
        snapshot = self.snapshot
        kept = snapshot.log_outcome != CANCELLED
        use = kept & snapshot.resident_profiled[snapshot.log_resident]
        counts = cross_counts(
            snapshot.log_resident,
            self._cell[snapshot.log_event],
            use.astype(np.float32),
            (len(snapshot.residents), _CELLS),
        ).toarray()
        overall = (counts.sum(axis=0) + 1.0) / (counts.sum() + _CELLS)
        share = (counts + _PRIOR_BOOKINGS * overall) / (
            counts.sum(axis=1, keepdims=True) + _PRIOR_BOOKINGS
        )
        return np.asarray(np.log(share / overall), dtype=np.float32)

    def _queues(self) -> None:
        """How many open events of the same series or supplier come before an event."""
        snapshot = self.snapshot
        open_now = snapshot.bookable(snapshot.as_of)
        for level in ("series", "supplier"):
            position = snapshot.event_level[level][open_now]
            order = np.lexsort((snapshot.event_starts[open_now], position))
            at = position[order]
            first = np.searchsorted(at, at, side="left")
            queue = np.full(len(snapshot.events), np.nan, dtype=np.float32)
            queue[open_now[order]] = np.arange(len(at)) - first
            self._event[f"queue_{level}"] = queue

    def signals(self, events: NDArray[np.integer], at: np.datetime64) -> Values:
        """Signals of events, the same for everybody.

        Parameters
        ----------
        events
            Positions in ``snapshot.events``, any shape.
        at
            Moment of asking, UTC.

        Returns
        -------
        Signal name → float32 of that shape; ``lead`` and ``age`` are log(1 + days).
        """
        snapshot = self.snapshot
        found: Values = {name: one_at(values, events) for name, values in self._event.items()}
        for name, passed in (
            ("lead", snapshot.event_closes[events] - at),
            ("age", at - snapshot.event_known[events]),
        ):
            days = np.clip(passed / _DAY, 0, _LONGEST_DAYS)
            found[name] = np.log1p(days).astype(np.float32)
        return found

    def habits(self, query: Query) -> NDArray[np.float32]:
        """How much more often than others each resident books at the event's time.

        Returns
        -------
        Log ratio of shares, shape (q, m), float32; NaN for nobody in particular.
        """
        return dense_at(self._cell_lift, query.residents, self._cell[query.events])
