"""The first stage: linear scores of a fixed set of candidates, for anybody at a small price.

Where candidates are many, a linear model of cheap signals (``FIRST_STAGE_NAMES``) chooses which of
them meet the full ranker. Learning, evaluation and serving all choose by this class. What does not
depend on the resident is summed up beforehand::

    first(i, e) = street(i, e) + age(i, e) + x_i · y_e + neighbours(i, e) + own_supplier(i, e)

*street* holds what is the same for everybody and what goes by where they ask from, *x · y* are
factors and words, *neighbours* are EASE, graph filter and who else comes.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ranking.features.lookup import product_at
from recommender.ranking.features.registry import FIRST_STAGE_NAMES, Signals, columns
from recommender.ranking.model.ranker import LinearRanker
from recommender.ranking.query import make_query

Floats = NDArray[np.float32]

WIDE = 600
"""Above so many candidates the first stage chooses who meets the full ranker."""
SHORT, SHORT_SHARE = 100, 1 / 30
"""How many it chooses at most: so many, or this share of many thousands."""
_DENSE_SHARE, _DENSE_CELLS = 0.05, 50_000_000
"""A table with so many entries is multiplied faster as a dense one, if that is not too large."""


def short_list(candidates: int) -> int:
    """How many of so many candidates may meet the full ranker."""
    return min(candidates, max(SHORT, int(candidates * SHORT_SHARE)))


def best_columns(value: NDArray[np.floating[Any]], n: int) -> NDArray[np.intp]:
    """Columns of the largest values of each row.

    Parameters
    ----------
    value
        Shape (q, m).
    n
        How many.

    Returns
    -------
    Shape (q, min(n, m)), in ascending order, so that equal values keep theirs.
    """
    width = value.shape[1]
    if n >= width:
        return np.broadcast_to(np.arange(width), value.shape)
    return np.sort(np.argpartition(value, width - n, axis=1)[:, width - n :], axis=1)


class FirstStage:
    """The first stage for a fixed set of candidates at a moment.

    Parameters
    ----------
    linear
        Weighs ``FIRST_STAGE_NAMES``.
    signals
        The signals of a snapshot.
    candidates
        Positions in ``snapshot.events``, shape (m,).
    at
        Moment of every question.
    """

    def __init__(
        self,
        linear: LinearRanker,
        signals: Signals,
        candidates: NDArray[np.intp],
        at: np.datetime64,
    ) -> None:
        self._linear, self._signals = linear, signals
        self._candidates, self._at = candidates, at
        self._prepare()

    def _prepare(self) -> None:
        first, ready, candidates = self._linear, self._signals, self._candidates
        snapshot, m = ready.snapshot, len(candidates)
        slope = dict(zip(FIRST_STAGE_NAMES, first.weights / first.scale, strict=True))
        mean = dict(zip(FIRST_STAGE_NAMES, first.mean, strict=True))
        # Nobody has no signal of a person's own, and what is missing counts as average: as nothing.
        streets = np.append(np.arange(len(snapshot.streets)), -1)
        nobody = make_query(snapshot, np.full(len(streets), -1), candidates, self._at, streets)
        signals = ready.compute(nobody, first_stage=True)
        self.street_: Floats = first.predict(columns(signals, FIRST_STAGE_NAMES)).reshape(
            nobody.shape
        )
        by_age = ready.context.by_age(candidates)
        of_age = sum(slope[name] * (values - values[-1:]) for name, values in by_age.items())
        self.age_: Floats = np.asarray(of_age, dtype=np.float32)
        left, right, spoken = [], [], {}
        for name, (own, theirs) in ready.collaborative.sides(candidates).items():
            left.append(own)
            right.append(theirs * np.float32(slope[name]))
            about = theirs.any(axis=1)
            spoken[name] = (-slope[name] * mean[name] * about).astype(np.float32)
        self._left, self._right = left, [np.ascontiguousarray(one.T) for one in right]
        self._level = [spoken[name] for name in ("als", "content")]
        self._near_level = np.zeros(m, dtype=np.float32)
        tables = ready.collaborative.neighbours(candidates)
        joined: dict[int, tuple[sp.csr_matrix, sp.csr_matrix]] = {}
        for name, (past, table, speaks) in tables.items():
            scaled = table @ sp.diags_array((slope[name] * speaks).astype(np.float32))
            before = joined.get(id(past))  # what shares its first table costs one product, not two
            joined[id(past)] = (
                past,
                sp.csr_matrix(scaled if before is None else before[1] + scaled),
            )
            self._near_level += (-slope[name] * mean[name] * speaks).astype(np.float32)
        self._near: list[tuple[sp.csr_matrix, sp.csr_matrix | Floats]] = [
            (past, _fast(table)) for past, table in joined.values()
        ]
        self._taken = tables["ease"][0]
        graph_left, graph_right = ready.collaborative.low_pass_sides(candidates)
        self._low_pass = (
            graph_left,
            np.ascontiguousarray(graph_right.T * np.float32(slope["graph"])),
        )
        counts = ready.affinity.counts("supplier").copy()
        counts.data = (slope["own_supplier"] * np.log1p(counts.data)).astype(np.float32)
        codes = snapshot.event_level["supplier"][candidates]
        used = np.flatnonzero(codes >= 0)
        ones = np.ones(len(used), dtype=np.float32)
        where = sp.csr_matrix((ones, (codes[used], used)), shape=(counts.shape[1], m))
        self._near.append((counts, where))
        # Whoever has a profile has booked 0 times or more with every supplier: never unknown.
        self._profile_level = np.float32(-slope["own_supplier"] * mean["own_supplier"])

    def score(self, residents: NDArray[np.intp], streets: NDArray[np.intp]) -> Floats:
        """Scores of all candidates.

        Parameters
        ----------
        residents
            Positions, shape (q,); -1 for nobody in particular and whoever may not be profiled.
        streets
            Positions of the streets they ask from; -1 unknown.

        Returns
        -------
        Shape (q, m), float32.
        """
        total = self.street_[streets]
        who = np.flatnonzero(residents >= 0)
        if len(who) == 0:
            return total
        rows = residents[who]
        mine = self._profile_level + self.age_[self._signals.snapshot.resident_age[rows]]
        for left, right, level in zip(self._left, self._right, self._level, strict=True):
            own = left[rows]
            mine += own @ right
            mine += np.asarray(own.any(axis=1))[:, None] * level
        history = self._taken.indptr
        mine += (history[rows + 1] > history[rows])[:, None] * self._near_level
        low_pass, theirs = self._low_pass
        mine += np.asarray(sp.csr_matrix(self._taken[rows]) @ low_pass) @ theirs
        shared = np.arange(total.shape[1])[None, :]
        for past, table in self._near:
            if isinstance(table, np.ndarray):
                mine += np.asarray(sp.csr_matrix(past[rows]) @ table)
            elif len(rows) == 1:
                mine += product_at(past, table, rows, shared)
            else:
                mine += np.asarray((sp.csr_matrix(past[rows]) @ table).todense())
        total[who] += mine
        return total


def _fast(table: sp.csr_matrix) -> "sp.csr_matrix | Floats":
    cells = table.shape[0] * table.shape[1]
    if _DENSE_SHARE * cells < table.nnz and cells <= _DENSE_CELLS:
        return np.asarray(table.todense(), dtype=np.float32)
    return table
