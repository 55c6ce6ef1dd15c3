"""How much an event and what it belongs to are booked, lately and so far."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.features.decay import by_position
from recommender.ranking.features.lookup import one_at
from recommender.ranking.snapshot import RankingSnapshot

TREND_HALF_LIVES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 180.0)
"""Half-lives of popularity beside the learnt one; the ranker weighs them."""

NEWCOMERS_HALF_LIFE_DAYS = 90.0
_DAY = np.timedelta64(1, "D")
_PRIOR_EVENTS = 2.0
"""Past events that the wider level's mean size counts as."""

_PRIOR_BOOKINGS = 10.0
"""Bookings that the wider level's share of newcomers counts as."""

Values = dict[str, NDArray[np.float32]]


class Popularity:
    """Decayed and total bookings by event and by the levels that it belongs to.

    Parameters
    ----------
    snapshot
        What is known.
    half_life_days
        Half-life of the signal ``popularity``, days.
    """

    def __init__(self, snapshot: RankingSnapshot, half_life_days: float) -> None:
        self.snapshot = snapshot
        level = snapshot.event_level
        kept = snapshot.log_outcome != CANCELLED
        age = ((snapshot.as_of - snapshot.log_time) / _DAY).astype(np.float32)
        self._event: Values = {}
        self._level: dict[tuple[str, str], NDArray[np.float32]] = {}
        n = len(snapshot.events)
        trends = [(f"recent_{days:g}d", days) for days in TREND_HALF_LIVES_DAYS]
        for name, days in [*trends, ("popularity", half_life_days)]:
            weight = np.where(kept, np.exp2(-age / np.float32(days)), 0).astype(np.float32)
            by_event = by_position(snapshot.log_event, weight, n)
            self._level["product", name] = by_position(
                level["product"], by_event, len(snapshot.products)
            )
            if name in ("recent_7d", "recent_180d"):
                for wider in ("series", "supplier", "category", "venue"):
                    size = snapshot.level_size[wider]
                    self._level[wider, name] = by_position(level[wider], by_event, size)
            if name == "recent_1d":
                self._event["event_recent_1d"] = np.log1p(by_event)
        so_far = by_position(snapshot.log_event, kept.astype(np.float32), n)
        cancelled = by_position(snapshot.log_event, (~kept).astype(np.float32), n)
        self._event["event_bookings"] = np.log1p(so_far)
        self._event["event_cancelled"] = cancelled / (so_far + cancelled + 1.0)
        seats = np.where(snapshot.event_seats > 0, snapshot.event_seats, np.nan)
        self._event["event_fill"] = (so_far / seats).astype(np.float32)
        self._past_sizes(so_far)
        self._newcomers(kept)
        self._followers()

    def _past_sizes(self, so_far: NDArray[np.float32]) -> None:
        """Mean bookings of finished events by level, shrunk to the next wider one."""
        snapshot = self.snapshot
        visible = (snapshot.event_known <= snapshot.as_of).astype(np.float32)
        over = visible * (snapshot.event_closes <= snapshot.as_of)
        base = float((so_far * over).sum() / max(over.sum(), 1.0))
        mean = np.full(len(snapshot.events), base, dtype=np.float32)
        for level in ("category", "supplier", "series", "product"):
            position, size = snapshot.event_level[level], snapshot.level_size[level]
            total = by_position(position, so_far * over, size)
            count = by_position(position, over, size)
            prior = by_position(position, mean * visible, size) / np.maximum(
                by_position(position, visible, size), 1.0
            )
            shrunk = (total + _PRIOR_EVENTS * prior) / (count + _PRIOR_EVENTS)
            mean = np.where(position >= 0, shrunk[np.maximum(position, 0)], mean).astype(np.float32)
            if level in ("supplier", "series"):
                self._event[f"size_{level}"] = np.log1p(mean)
        self._event["expected_remaining"] = np.log1p(mean) - self._event["event_bookings"]

    def _newcomers(self, kept: NDArray[np.bool_]) -> None:
        """Whom newcomers come to: bookings that were somebody's first.

        ``newcomers_LEVEL``: log lift of their share at the supplier, then at the series, each
        shrunk to the wider one: open doors or a closed circle. ``event_newcomers``: log of 1 + how
        many the event has; ``newcomers_recent``: the same of the supplier, decayed.
        """
        snapshot = self.snapshot
        residents, events = snapshot.log_resident[kept], snapshot.log_event[kept]
        first = np.zeros(len(residents), dtype=np.float32)
        first[np.unique(residents, return_index=True)[1]] = 1.0  # the log is in order of time
        base = max(float(first.mean()) if len(first) else 1.0, 1e-6)
        share = np.full(len(snapshot.events), base, dtype=np.float32)
        for level in ("supplier", "series"):
            position, size = snapshot.event_level[level], snapshot.level_size[level]
            new = by_position(position[events], first, size)
            every = by_position(position[events], np.ones_like(first), size)
            prior = np.full(size, base, dtype=np.float32)
            prior[position[position >= 0]] = share[position >= 0]
            found = (new + _PRIOR_BOOKINGS * prior) / (every + _PRIOR_BOOKINGS)
            share = np.where(position >= 0, found[np.maximum(position, 0)], share)
            self._event[f"newcomers_{level}"] = np.log(share / base).astype(np.float32)
        self._event["event_newcomers"] = np.log1p(by_position(events, first, len(snapshot.events)))
        age = ((snapshot.as_of - snapshot.log_time[kept]) / _DAY).astype(np.float32)
        late = first * np.exp2(-age / np.float32(NEWCOMERS_HALF_LIFE_DAYS))
        supplier = snapshot.event_level["supplier"]
        recent = by_position(supplier[events], late, snapshot.level_size["supplier"])
        self._event["newcomers_recent"] = np.log1p(one_at(recent, supplier, missing=0.0))

    def _followers(self) -> None:
        """Log of 1 + residents who follow the supplier."""
        snapshot = self.snapshot
        size = snapshot.level_size["supplier"]
        follows = snapshot.follows.get("supplier")
        count = np.zeros(size) if follows is None else np.asarray(follows.sum(axis=0)).ravel()
        of_event = one_at(count.astype(np.float32), snapshot.event_level["supplier"], missing=0.0)
        self._event["followers_supplier"] = np.log1p(of_event)

    def signals(self, events: NDArray[np.integer]) -> Values:
        """Signals of events, the same for everybody.

        Parameters
        ----------
        events
            Positions in ``snapshot.events``, any shape.

        Returns
        -------
        Signal name → float32 of that shape; counts as ``log(1 + count)``.
        """
        found: Values = {name: one_at(values, events) for name, values in self._event.items()}
        for (name, which), values in self._level.items():
            key = which if which == "popularity" else f"{name}_{which}"
            of_event = self.snapshot.event_level[name][events]
            found[key] = cast(NDArray[np.float32], np.log1p(one_at(values, of_event, missing=0.0)))
        # Rising or falling: what is late of a decayed count, against more of it.
        for days, longer in ((3, 14), (14, 180)):
            late, all_ = found[f"product_recent_{days}d"], found[f"product_recent_{longer}d"]
            found[f"rise_{days}d"] = late - all_
        return found
