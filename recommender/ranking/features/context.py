"""*Place*, *time*, *momentum*, *quality*: what needs no personal profile, or little of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import ATTENDED, CANCELLED, NO_SHOW
from recommender.ranking.features.decay import by_position, cross_counts
from recommender.ranking.features.lookup import dense_at, one_at, sparse_at
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

_DAY = np.timedelta64(1, "D")
_HOURS = 8
AGES = 6
"""Age bands."""
_EARTH_M = 6_371_000.0
TREND_HALF_LIVES_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 180.0)
"""Half-lives of popularity beside the learnt one; the ranker weighs them."""

Values = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Signals of the events that can be booked, at one moment.

    Names, and values by event (n, d); by street and event; by age band and event. The last street
    and the last age are for whoever has none.
    """

    at: np.datetime64
    common: tuple[str, ...]
    common_values: NDArray[np.float32]
    street: tuple[str, ...]
    street_values: NDArray[np.float32]
    age: tuple[str, ...]
    age_values: NDArray[np.float32]


def _unstacked(names: tuple[str, ...], values: NDArray[np.float32]) -> Values:
    return {name: values[..., i] for i, name in enumerate(names)}


class Context:
    """Counts over everybody, by event, product, street and age band."""

    def __init__(self, snapshot: RankingSnapshot, half_life_days: float) -> None:
        self.snapshot = snapshot
        self._shelf: _Shelf | None = None
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
        self._event["seats"] = np.log1p(seats).astype(np.float32)
        self._event["ticket"] = np.log1p(snapshot.event_ticket_fen).astype(np.float32)
        self._past_sizes(so_far)
        self._queues()
        self._near(kept, age)
        self._hours(kept)
        self._quality()

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
            shrunk = (total + 2.0 * prior) / (count + 2.0)
            mean = np.where(position >= 0, shrunk[np.maximum(position, 0)], mean).astype(np.float32)
            if level in ("supplier", "series"):
                self._event[f"size_{level}"] = np.log1p(mean)
        self._event["expected_remaining"] = np.log1p(mean) - self._event["event_bookings"]

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

    def _near(self, kept: NDArray[np.bool_], age: NDArray[np.float32]) -> None:
        """Lift of an event's levels among residents of the street and of the age band."""
        snapshot = self.snapshot
        weight = np.where(kept, np.exp2(-age / np.float32(90.0)), 0).astype(np.float32)
        self._lift: dict[tuple[str, str], sp.csr_matrix] = {}
        groups = {
            "street": (snapshot.resident_street, len(snapshot.streets)),
            "age": (snapshot.resident_age, AGES),
        }
        total = float(weight.sum()) + 1e-9
        for group, (of_resident, n_groups) in groups.items():
            rows = of_resident[snapshot.log_resident]
            in_group = by_position(rows, weight, n_groups)
            for level in ("product", "supplier", "category", "venue"):
                columns = snapshot.event_level[level][snapshot.log_event]
                size = snapshot.level_size[level]
                counts = cross_counts(rows, columns, weight, (n_groups, size))
                overall = by_position(columns, weight, size)
                coo = counts.tocoo()
                expected = in_group[coo.row] * overall[coo.col] / total
                # log of (observed + 2) / (expected + 2): 0 where nothing is known.
                coo.data = np.log((coo.data + 2.0) / (expected + 2.0)).astype(np.float32)
                self._lift[group, level] = sp.csr_matrix(coo)

    def _hours(self, kept: NDArray[np.bool_]) -> None:
        """Residents' shares over eight cells of weekday or weekend and time of day."""
        snapshot = self.snapshot
        local = snapshot.event_starts + np.timedelta64(8, "h")
        days = local.astype("datetime64[D]")
        weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        hour = ((local - days) / np.timedelta64(1, "h")).astype(np.int64)
        self._cell = ((weekday >= 5) * 4 + np.clip((hour - 6) // 4, 0, 3)).astype(np.int32)
        self._event["weekday"] = weekday.astype(np.float32)
        self._event["hour"] = hour.astype(np.float32)
        use = kept & snapshot.resident_profiled[snapshot.log_resident]
        counts = cross_counts(
            snapshot.log_resident,
            self._cell[snapshot.log_event],
            use.astype(np.float32),
            (len(snapshot.residents), _HOURS),
        ).toarray()
        overall = (counts.sum(axis=0) + 1.0) / (counts.sum() + _HOURS)
        share = (counts + 4.0 * overall) / (counts.sum(axis=1, keepdims=True) + 4.0)
        self._hour_lift = np.log(share / overall).astype(np.float32)

    def _quality(self) -> None:
        snapshot = self.snapshot
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
            rate = (good + 20.0 * prior) / (good + bad + 20.0)
            show = np.where(position >= 0, rate[np.maximum(position, 0)], show).astype(np.float32)
            if level != "category":
                starred = position[event]
                total = by_position(starred, stars, size)
                count = by_position(starred, np.ones_like(stars), size)
                self._event[f"stars_{level}"] = one_at(
                    (total + 5.0 * mean) / (count + 5.0), position, missing=mean
                )
        self.show_rate = show
        self._event["show_rate"] = show
        price = snapshot.product_price_fen[snapshot.event_level["product"]]
        self._event["price"] = np.log1p(price).astype(np.float32)

    def hours(self, candidates: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Residents' lift of every cell of the week, shape (n, cells), and candidates' cells."""
        return self._hour_lift, self._cell[candidates]

    def signals(self, query: Query, *, first_stage: bool = False) -> Values:
        """All of shape (q, m), or (1, m) where they are the same for everybody.

        With ``first_stage`` none that are of one resident alone.
        """
        if query.events.shape[0] > 1 or len(query.residents) == 1:
            column = self._column[query.events]
            if (column >= 0).all():
                return self._looked_up(query, column, first_stage=first_stage)
        rows = {"street": query.streets, "age": self._ages(query)}
        found = self._common(query.events, query.at) | self._near_at(rows, query.events)
        found["distance"] = self._log_km(query)
        return found if first_stage else found | self._habit(query)

    def by_age(self, events: NDArray[np.intp]) -> Values:
        """Signals that go by age band, shape (bands + 1, m); the last row is for who has none."""
        return self._near_at({"age": np.append(np.arange(AGES), -1)}, events[None, :])

    def _common(self, events: NDArray[np.intp], at: np.datetime64) -> Values:
        snapshot, level = self.snapshot, self.snapshot.event_level
        found: Values = {name: one_at(values, events) for name, values in self._event.items()}
        for (name, which), values in self._level.items():
            key = which if which == "popularity" else f"{name}_{which}"
            found[key] = np.log1p(one_at(values, level[name][events], missing=0.0))
        # Rising or falling: what is late of a decayed count, against more of it.
        for days, longer in ((3, 14), (14, 180)):
            late, all_ = found[f"product_recent_{days}d"], found[f"product_recent_{longer}d"]
            found[f"rise_{days}d"] = late - all_
        lead = (snapshot.event_closes[events] - at) / _DAY
        found["lead"] = np.log1p(np.clip(lead, 0, 3650)).astype(np.float32)
        age = (at - snapshot.event_known[events]) / _DAY
        found["age"] = np.log1p(np.clip(age, 0, 3650)).astype(np.float32)
        return found

    def _ages(self, query: Query) -> NDArray[np.intp]:
        known = query.residents >= 0
        return np.where(known, self.snapshot.resident_age[query.residents], -1).astype(np.intp)

    def _near_at(self, rows: dict[str, NDArray[np.intp]], events: NDArray[np.intp]) -> Values:
        level = self.snapshot.event_level
        return {
            f"{group}_{name}": sparse_at(matrix, rows[group], level[name][events])
            for (group, name), matrix in self._lift.items()
            if group in rows
        }

    def _habit(self, query: Query) -> Values:
        return {"hours": dense_at(self._hour_lift, query.residents, self._cell[query.events])}

    def _log_km(self, query: Query) -> NDArray[np.float32]:
        return np.asarray(np.log1p(self.distance_m(query) / 1000.0))

    @cached_property
    def _column(self) -> NDArray[np.int32]:
        """Where each event stands among those that can be booked now, -1 for all others."""
        column = np.full(len(self.snapshot.events), -1, dtype=np.int32)
        open_now = self.snapshot.bookable(self.snapshot.as_of)
        column[open_now] = np.arange(len(open_now))
        return column

    def _looked_up(self, query: Query, column: NDArray[np.int32], *, first_stage: bool) -> Values:
        """The same from tables made once a moment: short lists then cost three look-ups."""
        if self._shelf is None or self._shelf.at != query.at:
            self._shelf = self._make_shelf(query.at)
        shelf = self._shelf
        found = _unstacked(shelf.common, shelf.common_values[column])
        found |= _unstacked(shelf.street, shelf.street_values[query.streets[:, None], column])
        found |= _unstacked(shelf.age, shelf.age_values[self._ages(query)[:, None], column])
        return found if first_stage else found | self._habit(query)

    def _make_shelf(self, at: np.datetime64) -> "_Shelf":
        events = np.flatnonzero(self._column >= 0)[None, :]
        common = self._common(events, at)
        streets = np.append(np.arange(len(self.snapshot.streets)), -1)
        nobody = Query(np.full(len(streets), -1), streets, events, at)
        near = self._near_at({"street": streets}, events)
        near["distance"] = self._log_km(nobody)
        ages = self.by_age(events[0])
        return _Shelf(
            at,
            tuple(common),
            np.stack([values[0] for values in common.values()], axis=-1, dtype=np.float32),
            tuple(near),
            np.stack(list(near.values()), axis=-1, dtype=np.float32),
            tuple(ages),
            np.stack(list(ages.values()), axis=-1, dtype=np.float32),
        )

    def distance_m(self, query: Query) -> NDArray[np.float32]:
        """Metres between the street's point and the event's; NaN where either is unknown."""
        snapshot = self.snapshot
        if len(snapshot.street_point) == 0:
            return np.full(query.shape, np.nan, dtype=np.float32)
        home = np.where(
            (query.streets < 0)[:, None],
            np.float32(np.nan),
            snapshot.street_point[np.maximum(query.streets, 0)],
        )[:, None, :]
        there = snapshot.event_point[query.events]
        a, b = np.radians(home.astype(np.float64)), np.radians(there.astype(np.float64))
        x = (b[..., 1] - a[..., 1]) * np.cos((a[..., 0] + b[..., 0]) / 2)
        y = b[..., 0] - a[..., 0]
        return np.asarray(np.hypot(x, y) * _EARTH_M, dtype=np.float32)
