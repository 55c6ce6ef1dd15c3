"""The model's first stage for a fixed set of candidates, for everybody at the price of a product.

Where candidates are many, :class:`recommender.ranking.model.suggestion_model.BoundModel` lets a
linear first stage
choose who meets the full ranker, and the ranker was fitted on exactly such choices. Here is the
same first stage with all that does not depend on the resident summed up beforehand::

    first(i, e) = street(i, e) + age(i, e) + x_i · y_e + neighbours(i, e) + own_supplier(i, e)

*street* holds what is the same for everybody and what goes by where they ask from, *x · y* are
factors and words, *neighbours* are EASE, graph filter and who else comes. How many it
has to choose is measured: few enough to be quick, and so many that what the full ranker puts first
among all that the model's first stage would have chosen is among them.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ranking.features.lookup import product_at
from recommender.ranking.features.registry import FIRST_STAGE_NAMES, columns
from recommender.ranking.model.suggestion_model import BoundModel, short_list
from recommender.ranking.query import make_query

Floats = NDArray[np.float32]

FIRST = 10
"""Places of the full ranker's list that must not be lost."""
KEPT_SHARE = 0.9
"""How many of them are kept, on the whole."""
CHECKED = 200
"""Residents that this is measured on."""
_DENSE_SHARE, _DENSE_CELLS = 0.05, 50_000_000
"""A table with so many entries is multiplied faster as a dense one, if that is not too large."""
_CACHED = 20_000
"""Pairs whose signals stay in a processor's cache: more at once take half as long again."""


class FirstStage:
    """The first stage of a bound model.

    Parameters
    ----------
    bound
        The full model.
    candidates
        Positions in ``snapshot.events``, shape (m,).
    at
        Moment of every question.
    rng
        Draws the residents that ``width_`` is measured on.

    Attributes
    ----------
    width_
        How many candidates have to meet the full ranker.
    """

    def __init__(
        self,
        bound: BoundModel,
        candidates: NDArray[np.intp],
        at: np.datetime64,
        *,
        rng: np.random.Generator,
    ) -> None:
        self._bound, self._candidates, self._at = bound, candidates, at
        self._prepare()
        snapshot = bound.snapshot
        checked = rng.permutation(np.flatnonzero(snapshot.resident_profiled))[:CHECKED]
        self.width_ = self._needed(np.sort(checked))

    def _prepare(self) -> None:
        bound, candidates = self._bound, self._candidates
        first, ready, m = bound.model.first, bound.ready, len(candidates)
        slope = dict(zip(FIRST_STAGE_NAMES, first.weights / first.scale, strict=True))
        mean = dict(zip(FIRST_STAGE_NAMES, first.mean, strict=True))
        # Nobody has no signal of a person's own, and what is missing counts as average: as nothing.
        streets = np.append(np.arange(len(bound.snapshot.streets)), -1)
        nobody = make_query(
            bound.snapshot, np.full(len(streets), -1), candidates, self._at, streets
        )
        signals = bound.signals(nobody, first_stage=True)
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
        codes = bound.snapshot.event_level["supplier"][candidates]
        used = np.flatnonzero(codes >= 0)
        ones = np.ones(len(used), dtype=np.float32)
        where = sp.csr_matrix((ones, (codes[used], used)), shape=(counts.shape[1], m))
        self._near.append((counts, where))
        # Whoever has a profile has booked 0 times or more with every supplier: never unknown.
        self._profile_level = np.float32(-slope["own_supplier"] * mean["own_supplier"])

    def _needed(self, residents: NDArray[np.intp]) -> int:
        """How far down the first stage's order the full ranker's first ten are found."""
        short = short_list(len(self._candidates))
        if len(residents) == 0:
            return short
        streets = self._bound.snapshot.resident_street[residents].astype(np.intp)
        order = np.argsort(-self.score(residents, streets), axis=1, kind="stable")[:, :short]
        full = self.full(residents, streets, order)
        depth = np.argsort(-full, axis=1, kind="stable")[:, :FIRST] + 1
        return int(np.quantile(depth, KEPT_SHARE))

    def score(self, residents: NDArray[np.intp], streets: NDArray[np.intp]) -> Floats:
        """The first stage's scores of all candidates.

        Parameters
        ----------
        residents
            Positions, shape (q,); -1 for nobody in particular.
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
        mine = self._profile_level + self.age_[self._bound.snapshot.resident_age[rows]]
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

    def full(
        self, residents: NDArray[np.intp], streets: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> Floats:
        """The full ranker's totals of chosen candidates, ``columns`` of shape (q, c)."""
        rows = max(1, _CACHED // max(columns.shape[1], 1))
        latent_factors = [
            slice(start, start + rows) for start in range(0, max(len(residents), 1), rows)
        ]
        found = [
            self._bound.rank(
                residents[part], self._candidates[columns[part]], self._at, streets[part]
            )
            for part in latent_factors
        ]
        return np.concatenate(found) if len(found) != 1 else found[0]


def _fast(table: sp.csr_matrix) -> "sp.csr_matrix | Floats":
    cells = table.shape[0] * table.shape[1]
    if _DENSE_SHARE * cells < table.nnz and cells <= _DENSE_CELLS:
        return np.asarray(table.todense(), dtype=np.float32)
    return table
