"""*Who with*: how often, how lately and how surely residents came to a series, supplier, venue."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.booking_states import CANCELLED
from recommender.ranking.features.decay import by_position, cross_counts
from recommender.ranking.features.lookup import one_at, sparse_at
from recommender.ranking.query import Query
from recommender.ranking.snapshot import RankingSnapshot

LONG_HALF_LIFE_DAYS, SHORT_HALF_LIFE_DAYS = 365.0, 45.0
FIRST_STAGE = ("own_supplier",)
"""Affinity signals that the first stage reads."""
_DAY = np.timedelta64(1, "D")


class Affinity:
    """Personal counts at every level; see :func:`signals` for what each means."""

    def __init__(self, snapshot: RankingSnapshot) -> None:
        self.snapshot = snapshot
        profiled = snapshot.resident_profiled[snapshot.log_resident]
        kept = (snapshot.log_outcome != CANCELLED) & profiled
        cancelled = (snapshot.log_outcome == CANCELLED) & profiled
        age = ((snapshot.as_of - snapshot.log_time) / _DAY).astype(np.float32)
        self._shape = (len(snapshot.residents), len(snapshot.events))
        self._counts = {}
        for name, half_life in (
            ("long", LONG_HALF_LIFE_DAYS),
            ("short", SHORT_HALF_LIFE_DAYS),
        ):
            weight = np.where(kept, np.exp2(-age / half_life), 0).astype(np.float32)
            for level in ("product", "series", "supplier", "category", "venue"):
                if name == "short" and level not in ("series", "supplier", "category"):
                    continue
                self._counts[level, name] = self._by_level(level, weight)
        self._cancelled = {
            level: self._by_level(level, cancelled.astype(np.float32))
            for level in ("series", "supplier")
        }
        rows, columns = snapshot.log_resident, snapshot.log_event
        self._cancelled_events = cross_counts(
            rows, columns, cancelled.astype(np.float32), self._shape
        )
        self._activity = by_position(
            rows,
            np.where(kept, np.exp2(-age / LONG_HALF_LIFE_DAYS), 0).astype(np.float32),
            self._shape[0],
        )
        last = _filled(self._shape[0], np.nan)
        np.fmin.at(last, rows[kept], age[kept])
        self._idle_days = last
        self._rates(kept, age)
        self._follow_days = self._followed_days()

    def _by_level(self, level: str, weight: NDArray[np.float32]) -> sp.csr_matrix:
        snapshot = self.snapshot
        return cross_counts(
            snapshot.log_resident,
            snapshot.event_level[level][snapshot.log_event],
            weight,
            (len(snapshot.residents), snapshot.level_size[level]),
        )

    def _followed_days(self) -> sp.csr_matrix:
        """1 + days since each resident began to follow each supplier, where that is recorded."""
        snapshot = self.snapshot
        empty = sp.csr_matrix((len(snapshot.residents), snapshot.level_size["supplier"]))
        matrix = sp.csr_matrix(snapshot.follows.get("supplier", empty), dtype=np.float32, copy=True)
        if matrix.nnz and "supplier" in snapshot.follows_since:
            days = (snapshot.as_of - snapshot.follows_since["supplier"]) / _DAY
            matrix.data = np.nan_to_num(1.0 + days).astype(np.float32)
        return matrix

    def _rates(self, kept: NDArray[np.bool_], age: NDArray[np.float32]) -> None:
        """Bookings over sessions offered since the first one, and days since the last."""
        snapshot = self.snapshot
        self._rate: dict[str, sp.csr_matrix] = {}
        self._since: dict[str, sp.csr_matrix] = {}
        known = ((snapshot.as_of - snapshot.event_known) / _DAY).astype(np.float32)
        for level in ("series", "supplier"):
            position = snapshot.event_level[level]
            size = snapshot.level_size[level]
            at = position[snapshot.log_event]
            use = kept & (at >= 0)
            pair = snapshot.log_resident[use].astype(np.int64) * size + at[use]
            unique, where = np.unique(pair, return_inverse=True)
            farthest = _filled(len(unique), -np.inf)
            latest = _filled(len(unique), np.inf)
            np.maximum.at(farthest, where, known[snapshot.log_event[use]])
            np.minimum.at(latest, where, age[use])
            count = np.bincount(where, minlength=len(unique)).astype(np.float32)
            offered = _offered_since(position, known, unique % size, farthest)
            columns = (unique // size, unique % size)
            shape = (len(snapshot.residents), size)
            rate = np.asarray(count / (np.maximum(offered, count) + 1.0), dtype=np.float32)
            self._rate[level] = sp.csr_matrix((rate, columns), shape=shape)
            self._since[level] = sp.csr_matrix((latest + 1.0, columns), shape=shape)

    def counts(self, level: str) -> sp.csr_matrix:
        """Decayed bookings of every resident at a level, shape (residents, level positions)."""
        return self._counts[level, "long"]

    def signals(self, query: Query, *, first_stage: bool = False) -> dict[str, NDArray[np.float32]]:
        """What residents' own bookings say about each event.

        ``own_LEVEL``: log of decayed bookings there; ``own_recent_LEVEL``: the same with a short
        memory; ``share_supplier``: share of one's bookings; ``rate_LEVEL``: bookings per session
        offered since the first; ``idle_LEVEL``: log days since the last; ``cancelled_event``:
        cancelled this very event; ``cancelled_LEVEL``: log cancellations there;
        ``follows``: levels followed; ``follow_days``: log days since the supplier is followed;
        ``activity``, ``idle``: of the resident alone.

        Parameters
        ----------
        query
            Who asks about which events.
        first_stage
            Only what the first stage reads: ``own_supplier`` and ``activity``.

        Returns
        -------
        Signal name → float32, shape (q, m); NaN for nobody in particular.
        """
        rows, events = query.residents, query.events
        level = self.snapshot.event_level
        found: dict[str, NDArray[np.float32]] = {}
        for (name, memory), matrix in self._counts.items():
            key = f"own_{name}" if memory == "long" else f"own_recent_{name}"
            if first_stage and key not in FIRST_STAGE:
                continue
            found[key] = sparse_at(matrix, rows, level[name][events])
        activity = one_at(self._activity, rows, missing=0.0)[:, None]
        found["activity"] = np.broadcast_to(np.log1p(activity), query.shape)
        if first_stage:
            found["own_supplier"] = np.log1p(found["own_supplier"])
            return self._hide(query, found)
        most = np.maximum(activity, np.float32(1e-3))
        for name in ("supplier", "series"):
            share = found[f"own_{name}"] / most
            found[f"share_{name}"] = np.asarray(share, dtype=np.float32)
        for key in list(found):
            if key.startswith("own_"):
                found[key] = np.log1p(found[key])
        for name in ("series", "supplier"):
            columns = level[name][events]
            found[f"rate_{name}"] = sparse_at(self._rate[name], rows, columns)
            since = sparse_at(self._since[name], rows, columns)
            found[f"idle_{name}"] = np.where(since > 0, np.log1p(since), np.float32(np.nan))
            found[f"cancelled_{name}"] = np.log1p(sparse_at(self._cancelled[name], rows, columns))
        found["cancelled_event"] = np.minimum(sparse_at(self._cancelled_events, rows, events), 1.0)
        follows = np.zeros(query.shape, dtype=np.float32)
        for name, matrix in self.snapshot.follows.items():
            follows += sparse_at(matrix, rows, level[name][events])
        found["follows"] = follows
        since = sparse_at(self._follow_days, rows, level["supplier"][events])
        found["follow_days"] = np.where(
            since > 0, np.log(np.maximum(since, 1e-6)), np.float32(np.nan)
        )
        idle = np.log1p(one_at(self._idle_days, rows))[:, None]
        found["idle"] = np.broadcast_to(idle, query.shape)
        return self._hide(query, found)

    @staticmethod
    def _hide(
        query: Query, found: dict[str, NDArray[np.float32]]
    ) -> dict[str, NDArray[np.float32]]:
        nobody = (query.residents < 0)[:, None]
        if not nobody.any():
            return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}
        return {
            name: np.where(nobody, np.float32(np.nan), values).astype(np.float32)
            for name, values in found.items()
        }


def _filled(n: int, value: float) -> NDArray[np.float32]:
    return np.full(n, value, dtype=np.float32)


def _offered_since(
    position: NDArray[np.int32],
    known_days: NDArray[np.float32],
    wanted: NDArray[np.int64],
    first_days: NDArray[np.float32],
) -> NDArray[np.float32]:
    """How many events at a position became known between ``first_days`` ago and now."""
    use = (position >= 0) & (known_days >= 0)
    order = np.lexsort((known_days[use], position[use]))
    at, days = position[use][order].astype(np.float64), known_days[use][order].astype(np.float64)
    span = float(days.max(initial=0.0)) + 2.0
    keys = at * span + days
    start = np.searchsorted(keys, wanted * span, side="left")
    end = np.searchsorted(keys, wanted * span + first_days + 1e-3, side="right")
    return np.asarray(end - start, dtype=np.float32)
