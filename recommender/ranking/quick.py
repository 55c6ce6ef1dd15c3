"""Who meets the full ranker where candidates are many: a first stage learnt from its answers.

The full ranker weighs some seventy signals by trees; for 700,000 residents times a thousand events
that is hours of work. What differs between two residents of one street is mostly linear, so it is
learnt from the full ranker's own answers (distillation, Hinton et al. 2015)::

    quick(i, e) = nobody(street_i, e) + offset(age_i, e) + x_i · y_e + own(i, e)

where *nobody* is the full ranker's answer to nobody in particular, exact; *x · y* are factors,
words, hours and categories; *own* are bookings at the product, series, supplier and venue.

This first stage only chooses. How many it has to choose so that the full ranker's first ten are
among them is measured on residents that it did not learn from, and the full ranker orders those.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ranking.model import BoundModel

Floats = NDArray[np.float32]

DENSE = ("als", "words", "hours", "own_category")
OWN = ("product", "series", "supplier", "venue")
RIDGE = 10.0
SHRINK = 10.0
"""Pairs that a mean residual of nothing is worth."""
AGES = 7
"""The contract's age bands, and unknown."""
FIRST = 10
"""Places of the full ranker's list that the first stage must not lose."""
KEPT_SHARE = 0.97
"""How many of them it keeps, on the whole."""
CHECKED = 150
"""Residents that this is measured on."""
WIDEST = 120
"""So many meet the full ranker at the most."""
_PART = 500
_CACHED = 20_000
"""Pairs whose signals stay in a processor's cache: more at once take half as long again."""


class QuickScores:
    """A bound model distilled for a fixed set of candidates.

    Parameters
    ----------
    bound
        The full model.
    candidates
        Positions in ``world.events``, shape (m,).
    at
        Moment of every question.
    rng
        Draws the pairs to learn from.
    residents, each
        How many profiled residents are asked about how many candidates.

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
        residents: int = 2000,
        each: int = 96,
    ) -> None:
        self._bound, self._candidates, self._at = bound, candidates, at
        world = bound.world
        streets = np.append(np.arange(len(world.streets)), -1)
        self.nobody_: Floats = self._whole(np.full(len(streets), -1), streets)
        self._age = np.where(world.resident_age >= 0, world.resident_age, AGES - 1)
        self._prepare()
        drawn = rng.permutation(np.flatnonzero(world.resident_profiled))
        asked, checked = drawn[CHECKED:][:residents], drawn[:CHECKED]
        each = min(each, len(candidates))
        street = world.resident_street[asked].astype(np.intp)
        best = np.argsort(-self.nobody_[street], axis=1)[:, : each // 2]
        other = rng.integers(0, len(candidates), (len(asked), each - best.shape[1]))
        columns = np.concatenate([best, other], axis=1)
        self.weights_ = np.zeros(len(DENSE) + 2 * len(OWN), dtype=np.float32)
        self.offset_ = np.zeros((AGES, len(candidates)), dtype=np.float32)
        if len(asked):
            truth = bound.rank(asked, candidates[columns], at, street)
            self._learn(asked, columns, truth - self.nobody_[street[:, None], columns])
        self._assemble()
        self.width_ = self._needed(checked)

    def _whole(self, residents: NDArray[np.intp], streets: NDArray[np.intp]) -> Floats:
        """The full ranker on all candidates, by parts that fit into memory."""
        parts = np.array_split(self._candidates, max(1, -(-len(self._candidates) // _PART)))
        found = [self._bound.rank(residents, part, self._at, streets) for part in parts]
        return np.concatenate(found, axis=1)

    def _prepare(self) -> None:
        """Both sides of every linear term."""
        signals, candidates = self._bound.ready, self._candidates
        level = {name: codes[candidates] for name, codes in self._bound.world.event_level.items()}
        hours, cell = signals.circumstance.hours(candidates)
        category = np.log1p(signals.loyalty.counts("category").toarray())
        self._sides: dict[str, tuple[Floats, Floats]] = {
            **signals.taste.sides(candidates),
            "hours": (hours, _one_hot(cell, hours.shape[1])),
            "own_category": (category, _one_hot(level["category"], category.shape[1])),
        }
        self._own = {}
        for name in OWN:
            counts, codes = signals.loyalty.counts(name), level[name]
            used = np.flatnonzero(codes >= 0)
            where = sp.csr_matrix(
                (np.ones(len(used), dtype=np.float32), (codes[used], used)),
                shape=(counts.shape[1], len(candidates)),
            )
            self._own[name] = (counts, where)

    def _learn(self, asked: NDArray[np.intp], columns: NDArray[np.intp], rest: Floats) -> None:
        """Ridge regression of what the full ranker adds for a person, then means by age band."""
        terms = [
            np.einsum("qf,qcf->qc", left[asked], right[columns])
            for left, right in (self._sides[name] for name in DENSE)
        ]
        for name in OWN:
            counts, where = self._own[name]
            own = np.take_along_axis((counts[asked] @ where).toarray(), columns, axis=1)
            terms += [np.log1p(own), (own > 0).astype(np.float32)]
        x = np.stack([term.ravel() for term in terms], axis=1).astype(np.float64)
        y = rest.ravel().astype(np.float64)
        # Level differences between residents do not order a list: learn within each list.
        size = rest.shape[1]
        lists = np.repeat(np.arange(len(asked)), size)
        x -= (np.add.reduceat(x, np.arange(0, len(x), size)) / size)[lists]
        y = y - y.reshape(-1, size).mean(axis=1)[lists]
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += RIDGE
        weights = np.linalg.solve(gram, x.T @ y)
        self.weights_ = weights.astype(np.float32)
        left_over = y - x @ weights
        m = self.nobody_.shape[1]
        everywhere = _shrunk_means(columns.ravel(), left_over, m, 0.0)
        cell = (self._age[asked][:, None] * m + columns).ravel()
        left_over -= everywhere[columns.ravel()]
        by_age = _shrunk_means(cell, left_over, AGES * m, 0.0).reshape(AGES, m)
        self.offset_ = (everywhere + by_age).astype(np.float32)

    def _assemble(self) -> None:
        dense, own = self.weights_[: len(DENSE)], self.weights_[len(DENSE) :].reshape(-1, 2)
        self.left_ = np.concatenate([self._sides[name][0] for name in DENSE], axis=1)
        right = [self._sides[name][1] * weight for name, weight in zip(DENSE, dense, strict=True)]
        self.right_ = np.ascontiguousarray(np.concatenate(right, axis=1, dtype=np.float32).T)
        total: Any = 0
        for name, (slope, step) in zip(OWN, own.tolist(), strict=True):
            counts, where = self._own[name]
            moved = counts.copy()
            moved.data = (slope * np.log1p(counts.data) + step).astype(np.float32)
            total = total + moved @ where
        self.own_ = sp.csr_matrix(total, dtype=np.float32)
        del self._sides, self._own

    def _needed(self, residents: NDArray[np.intp]) -> int:
        """How far down the first stage's order the full ranker's first ten are found."""
        if len(residents) == 0:
            return FIRST
        streets = self._bound.world.resident_street[residents].astype(np.intp)
        full, quick = self._whole(residents, streets), self.score(residents, streets)
        first = np.argsort(-full, axis=1, kind="stable")[:, :FIRST]
        place = np.argsort(np.argsort(-quick, axis=1, kind="stable"), axis=1)
        depth = np.take_along_axis(place, first, axis=1) + 1
        return min(int(np.quantile(depth, KEPT_SHARE)), WIDEST)

    def score(self, residents: NDArray[np.intp], streets: NDArray[np.intp]) -> Floats:
        """The first stage's scores of all candidates.

        Parameters
        ----------
        residents
            Positions, shape (q,); -1 for nobody in particular.
        streets
            Where they ask from, shape (q,); -1 unknown.

        Returns
        -------
        Shape (q, m), float32.
        """
        total = self.nobody_[streets]
        if len(residents) == 1:
            row = int(residents[0])
            if row >= 0:
                total[0] += self.left_[row] @ self.right_ + self.offset_[self._age[row]]
                own = slice(int(self.own_.indptr[row]), int(self.own_.indptr[row + 1]))
                total[0, self.own_.indices[own]] += self.own_.data[own]
            return total
        personal = np.flatnonzero(residents >= 0)
        rows = residents[personal]
        total[personal] += self.left_[rows] @ self.right_ + self.offset_[self._age[rows]]
        own_rows = self.own_[rows].tocoo()
        total[personal[own_rows.row], own_rows.col] += own_rows.data
        return total

    def full(
        self, residents: NDArray[np.intp], streets: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> Floats:
        """The full ranker's totals of chosen candidates, ``columns`` of shape (q, c)."""
        rows = max(1, _CACHED // max(columns.shape[1], 1))
        parts = [slice(start, start + rows) for start in range(0, max(len(residents), 1), rows)]
        found = [
            self._bound.rank(
                residents[part], self._candidates[columns[part]], self._at, streets[part]
            )
            for part in parts
        ]
        return np.concatenate(found) if len(found) != 1 else found[0]


def _shrunk_means(
    cells: NDArray[np.integer[Any]], values: NDArray[np.float64], size: int, prior: float
) -> NDArray[np.float64]:
    count = np.bincount(cells, minlength=size)
    total = np.bincount(cells, weights=values, minlength=size)
    return (total + SHRINK * prior) / (count + SHRINK)


def _one_hot(codes: NDArray[np.int32], size: int) -> Floats:
    table = np.zeros((len(codes), size), dtype=np.float32)
    known = np.flatnonzero(codes >= 0)
    table[known, codes[known]] = 1.0
    return table
